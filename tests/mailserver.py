"""A real SMTP server on loopback, which keeps what it takes and can be told to refuse."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.controller import Controller

from tests.servers import free_port


@dataclass
class Mailbox:
    """`url` is what a hub's `mail_url` wants."""

    url: str = ""
    taken: list[EmailMessage] = field(default_factory=list)
    refusing: bool = False
    unknown: bool = False

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if self.unknown:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refusing:
            return "451 the disk is full"
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.taken.append(cast(EmailMessage, message))
        return "250 taken"


@contextmanager
def mailserver() -> Iterator[Mailbox]:
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        box.url = f"smtp://127.0.0.1:{controller.port}"
        yield box
    finally:
        controller.stop()
