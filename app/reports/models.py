"""One report per class and release, and who looked at it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, by_value
from app.reports.states import Fitting, StepTaken


class ClassReport(Base):
    """`figures` is `worker.protocol.update.ClassFigures`. Written once: a second one changes nothing."""

    __tablename__ = "class_report"
    __table_args__ = (UniqueConstraint("class_id", "release_id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    class_id: Mapped[str] = mapped_column(ForeignKey("school_class.id"), index=True)
    release_id: Mapped[str] = mapped_column(ForeignKey("release.id"), index=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"))
    figures: Mapped[dict[str, Any]] = mapped_column(JSON)
    minimum_cell: Mapped[int]
    as_of: Mapped[datetime]


class ReportView(Base):
    """Instructors see who viewed their class's report."""

    __tablename__ = "report_view"

    id: Mapped[str] = mapped_column(primary_key=True)
    report_id: Mapped[str] = mapped_column(ForeignKey("class_report.id"), index=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


class ReportFeedback(Base):
    """What one instructor says of one report; said again, the later word stands."""

    __tablename__ = "report_feedback"
    __table_args__ = (UniqueConstraint("report_id", "person_id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    report_id: Mapped[str] = mapped_column(ForeignKey("class_report.id"), index=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    fits: Mapped[Fitting] = mapped_column(by_value(Fitting))
    step: Mapped[StepTaken] = mapped_column(by_value(StepTaken))
    at: Mapped[datetime]
