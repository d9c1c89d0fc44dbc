"""Mails: built by headers, a file in development, SMTP without ever sending a password in the clear."""

import smtplib
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy

import pytest

from app import mail
from app.effects import Mail
from app.settings import Settings

SENT = Mail("kim@heath.example", "Grüße", "Ein Link:\n\nhttp://hub.test/x\n")


def test_a_file_in_development(settings: Settings) -> None:
    mail.send(settings, SENT)
    (path,) = (settings.home / "mail").glob("*.eml")
    assert path.stat().st_mode & 0o077 == 0
    found = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert found["To"] == "kim@heath.example"
    assert found["From"] == "Collegium hub <operator@hub.example>"
    assert found["Subject"] == "Grüße"
    assert found.get_content().splitlines() == SENT.body.splitlines()


def test_a_line_break_makes_no_header(settings: Settings) -> None:
    sneaky = Mail("kim@heath.example", "Hello\r\nBcc: all@heath.example", "x")
    message = mail.compose(settings, sneaky)
    assert message["Bcc"] is None
    assert message["Subject"] == "Hello Bcc: all@heath.example"
    with pytest.raises(Exception, match=r"(?i)invalid|CR or LF|expected"):
        mail.compose(settings, Mail("kim@heath.example\r\nBcc: a@b.example", "x", "y"))


class _Smtp(socketserver.StreamRequestHandler):
    """Enough of SMTP to take one mail, and no TLS."""

    taken: list[bytes] = []

    def handle(self) -> None:
        self.wfile.write(b"220 test\r\n")
        while line := self.rfile.readline():
            word = line.split()[0].upper()
            if word == b"EHLO":
                self.wfile.write(b"250-test\r\n250 AUTH PLAIN LOGIN\r\n")
            elif word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = []
                while (line := self.rfile.readline()) != b".\r\n":
                    lines.append(line)
                self.taken.append(b"".join(lines))
                self.wfile.write(b"250 taken\r\n")
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 ok\r\n")


@contextmanager
def smtp() -> Iterator[str]:
    _Smtp.taken = []
    with socketserver.TCPServer(("127.0.0.1", 0), _Smtp) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_by_smtp(settings: Settings) -> None:
    with smtp() as address:
        mail.send(settings.model_copy(update={"mail_url": f"smtp://{address}"}), SENT)
    (taken,) = _Smtp.taken
    assert message_from_bytes(taken, policy=policy.default)["To"] == SENT.to
    assert not (settings.home / "mail").exists()


def test_no_password_without_tls(settings: Settings) -> None:
    with smtp() as address:
        secret = settings.model_copy(update={"mail_url": f"smtp://hub:secret@{address}"})
        with pytest.raises(smtplib.SMTPException, match="no TLS"):
            mail.send(secret, SENT)
    assert _Smtp.taken == []
