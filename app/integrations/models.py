"""Rows for programs: answers kept under an Idempotency-Key."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


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
