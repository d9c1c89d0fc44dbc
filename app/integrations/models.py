"""Rows for programs: webhooks, what they are told and how that went, answers kept under an Idempotency-Key."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import JSON, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, by_value
from app.integrations.states import DeliveryState, WebhookState
from app.outbound import Trouble


class Webhook(Base):
    """Where an institution wants to be told, and of what."""

    __tablename__ = "webhook"

    id: Mapped[str] = mapped_column(primary_key=True)
    institution_id: Mapped[str] = mapped_column(ForeignKey("institution.id"), index=True)
    url: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(Text)
    """Sealed; `whsec_…` was shown once."""
    old_secret: Mapped[str | None] = mapped_column(Text)
    """Sealed; signs beside the new one until `old_until`."""
    old_until: Mapped[datetime | None]
    events: Mapped[list[Any]] = mapped_column(JSON)
    """Values of `app.integrations.events.HookEvent`."""
    state: Mapped[WebhookState] = mapped_column(by_value(WebhookState))
    revision: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    created: Mapped[datetime]
    failing_since: Mapped[datetime | None]
    """When the first of the failures in a row was; None while the last try went well."""
    held_until: Mapped[datetime | None]
    """A worker asks its server now, or it rests after a failure: one message at a time, so that a slow server takes
    one worker at most, and no more than a sixth of its time."""
    changed: Mapped[datetime]

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""


class Delivery(Base):
    """One message to one webhook: the outbox. Its id is the `webhook-id`, also when it is sent again."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (Index("ix_webhook_delivery_due", "state", "next_try"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhook.id"), index=True)
    event: Mapped[str]
    payload: Mapped[str] = mapped_column(Text)
    """The very text that is signed and sent."""
    state: Mapped[DeliveryState] = mapped_column(by_value(DeliveryState))
    tries: Mapped[int] = mapped_column(default=0)
    """Since it was made, or since a person last sent it again."""
    created: Mapped[datetime]
    next_try: Mapped[datetime | None]
    ended: Mapped[datetime | None]


class DeliveryTry(Base):
    """One try. What the other side answered is kept as a number only."""

    __tablename__ = "webhook_try"

    id: Mapped[str] = mapped_column(primary_key=True)
    delivery_id: Mapped[str] = mapped_column(ForeignKey("webhook_delivery.id"), index=True)
    at: Mapped[datetime]
    status: Mapped[int | None]
    ms: Mapped[int]
    trouble: Mapped[Trouble | None] = mapped_column(by_value(Trouble))


class KeptAnswer(Base):
    """What a creation answered under its Idempotency-Key. Sealed: an answer may hold a secret that is shown once."""

    __tablename__ = "kept_answer"
    __table_args__ = (UniqueConstraint("token_id", "key_hash"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    token_id: Mapped[str] = mapped_column(ForeignKey("api_token.id"))
    key_hash: Mapped[str]
    digest: Mapped[str]
    """SHA-256 of method, path and body."""
    answer: Mapped[str] = mapped_column(Text, default="")
    """Sealed JSON of status, headers, body."""
    created: Mapped[datetime] = mapped_column(index=True)
