"""Rows of what each person was told, and how they want to be told."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, by_value
from app.notices.states import NoticeKind


class Notice(Base):
    """One thing one person is told once. `subject` names the thing, so the same is never told twice."""

    __tablename__ = "notice"
    __table_args__ = (UniqueConstraint("person_id", "kind", "subject"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    institution_id: Mapped[str] = mapped_column(ForeignKey("institution.id"))
    kind: Mapped[NoticeKind] = mapped_column(by_value(NoticeKind))
    subject: Mapped[str]
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Names and numbers for its sentence, and `path`: where to act."""
    created: Mapped[datetime]
    mailed: Mapped[datetime | None]
    read: Mapped[datetime | None]
    settled: Mapped[datetime | None]
    """It no longer holds: neither shown nor mailed."""


class NoticeChoice(Base):
    """One person's: which kinds come by mail, and when the last digest went out."""

    __tablename__ = "notice_choice"

    id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    muted: Mapped[list[Any]] = mapped_column(JSON, default=list)
    """Kinds that come no longer by mail."""
    last_digest: Mapped[datetime | None]
