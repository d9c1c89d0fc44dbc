"""One row per act. A chain names people by id only: names live elsewhere, so they can be erased."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

HUB_CHAIN = "hub"


class Chain(Base):
    """The head of one chain; locked by UPDATE while an event is added, so numbers have no gap."""

    __tablename__ = "audit_chain"

    id: Mapped[str] = mapped_column(primary_key=True)
    """An institution's id, or `hub`."""
    length: Mapped[int] = mapped_column(default=0)
    head: Mapped[str] = mapped_column(default="")
    checkpoints: Mapped[int] = mapped_column(default=0)
    """How many are stored, and the last one's `mark`: each export's signature covers both."""
    checkpoint: Mapped[str] = mapped_column(default="")


class StoredCheckpoint(Base):
    """Where a chain ended at that moment, under the hub's signature (`app.audit.checkpoint.Stored`)."""

    __tablename__ = "audit_checkpoint"

    chain_id: Mapped[str] = mapped_column(ForeignKey("audit_chain.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    """Of this chain: 1, 2, …"""
    at: Mapped[datetime]
    number: Mapped[int]
    head: Mapped[str]
    payload: Mapped[str] = mapped_column(Text)
    signature: Mapped[str]


class Event(Base):
    __tablename__ = "audit_event"
    __table_args__ = (
        UniqueConstraint("chain_id", "number"),
        Index("ix_audit_event_of_kind", "chain_id", "kind", "number"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    chain_id: Mapped[str] = mapped_column(ForeignKey("audit_chain.id"))
    number: Mapped[int]
    at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[str]
    """`person_…`, `token_…`, `site_…`, `hub`."""
    kind: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)
    body: Mapped[dict[str, Any]]
    previous: Mapped[str]
    digest: Mapped[str]
