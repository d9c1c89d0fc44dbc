"""A release names module digests; rolling back makes an older one current again."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class Release(Base):
    __tablename__ = "release"
    __table_args__ = (UniqueConstraint("federation_id", "number"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    federation_id: Mapped[str] = mapped_column(ForeignKey("federation.id"), index=True)
    number: Mapped[int]
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"), unique=True)
    modules: Mapped[dict[str, Any]] = mapped_column(JSON)
    current: Mapped[bool] = mapped_column(default=True)
    created: Mapped[datetime]
