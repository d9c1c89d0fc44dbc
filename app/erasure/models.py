"""One row for a site and day on which it told that someone withdrew. Whom, and how many, only the site knows."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class ErasureRequest(Base):
    """Open for as long as the shared model cannot forget. Its steward works through the list at the site."""

    __tablename__ = "erasure_request"
    __table_args__ = (UniqueConstraint("site_id", "day"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    institution_id: Mapped[str] = mapped_column(ForeignKey("institution.id"), index=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"))
    day: Mapped[date]
    """By UTC, as found at the site."""
    opened: Mapped[datetime]
