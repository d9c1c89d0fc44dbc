"""Sending one mail: by SMTP where `mail_url` says so, else as a file in `home`/mail (development, demo, tests).

Built by the standard library's header API, which refuses a line break in a header.
"""

import os
import smtplib
import tempfile
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from pathlib import Path
from urllib.parse import unquote, urlsplit

from app.clock import now
from app.effects import Mail
from app.ids import new_id
from app.settings import Settings

TIMEOUT_S = 10


def send(settings: Settings, mail: Mail) -> None:
    """Raises OSError or smtplib.SMTPException when the mail server does not take it."""
    message = compose(settings, mail)
    if settings.mail_url:
        _by_smtp(settings.mail_url, message)
    else:
        _to_folder(settings.home / "mail", message)


def compose(settings: Settings, mail: Mail) -> EmailMessage:
    """Plain text, from the hub's contact address."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(settings.hub_name, addr_spec=settings.contact)
    message["To"] = Address(addr_spec=mail.to)
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = format_datetime(now())
    message["Message-ID"] = make_msgid(domain=urlsplit(settings.public_url).hostname)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body)
    return message


def _by_smtp(url: str, message: EmailMessage) -> None:
    """`smtp://user:password@host:port` with STARTTLS where the server offers it; `smtps://` is TLS from the start.

    A password is never sent without TLS.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "localhost", parts.port
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT_S)
    else:
        server = smtplib.SMTP(host, port or 25, timeout=TIMEOUT_S)
    with server:
        secure = parts.scheme == "smtps"
        server.ehlo()
        if not secure and server.has_extn("starttls"):
            server.starttls()
            server.ehlo()
            secure = True
        if parts.username:
            if not secure:
                raise smtplib.SMTPException("the mail server offers no TLS: no password is sent")
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)


def _to_folder(folder: Path, message: EmailMessage) -> None:
    """One `.eml` a mail, in the order of sending, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=".mail-")  # mode 0600: links are secrets
    with os.fdopen(handle, "wb") as file:
        file.write(message.as_bytes())
    Path(name).rename(folder / f"{new_id('mail')}.eml")
