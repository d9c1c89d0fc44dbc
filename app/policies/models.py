"""Policy versions. `document` is `worker.protocol.policy.PolicyDocument`; approved ones never change."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, by_value
from app.policies.states import FloorRefusal, FloorState, PolicyState


class PolicyVersion(Base):
    __tablename__ = "policy_version"
    __table_args__ = (UniqueConstraint("institution_id", "number"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    institution_id: Mapped[str] = mapped_column(ForeignKey("institution.id"), index=True)
    number: Mapped[int]
    state: Mapped[PolicyState] = mapped_column(by_value(PolicyState))
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    digest: Mapped[str]
    revision: Mapped[int] = mapped_column(default=1)
    """Goes up with every save of a draft; a save names the one it started from."""
    drafted_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    decided_for: Mapped[str | None] = mapped_column(ForeignKey("institution.id"))
    """The district whose privacy officer decided; None: one of the institution's own people."""
    one_person: Mapped[bool] = mapped_column(default=False)
    """Approved by its drafter because there was no second person; federations see it."""
    note: Mapped[str] = mapped_column(Text, default="")
    created: Mapped[datetime]
    changed: Mapped[datetime]
    decided: Mapped[datetime | None]


class PolicyFloor(Base):
    """A district's approved version, proposed to one school as what its policy may not be looser than."""

    __tablename__ = "policy_floor"

    id: Mapped[str] = mapped_column(primary_key=True)
    district_id: Mapped[str] = mapped_column(ForeignKey("institution.id"), index=True)
    school_id: Mapped[str] = mapped_column(ForeignKey("institution.id"), index=True)
    policy_version_id: Mapped[str] = mapped_column(ForeignKey("policy_version.id"))
    state: Mapped[FloorState] = mapped_column(by_value(FloorState))
    reason: Mapped[FloorRefusal | None] = mapped_column(by_value(FloorRefusal))
    proposed_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    proposed: Mapped[datetime]
    answered_by: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    answered: Mapped[datetime | None]
