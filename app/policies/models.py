"""Policy versions, versions of profiles, and who confirmed which. What was approved or decided never changes."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, by_value
from app.policies.states import (
    Approver,
    FloorRefusal,
    FloorState,
    IncidentKind,
    PolicyState,
)


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


class ProfileVersion(Base):
    """One version of a law, code or contract as data. `document` is `app.policies.profile.Profile`; never changed."""

    __tablename__ = "profile_version"
    __table_args__ = (UniqueConstraint("profile", "number"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    profile: Mapped[str] = mapped_column(String(60))
    number: Mapped[int]
    digest: Mapped[str]
    document: Mapped[str] = mapped_column(Text)
    imported: Mapped[datetime]


class ProfileDecision(Base):
    """A named person's word on one profile for one institution. The newest of a profile holds; none is ever changed."""

    __tablename__ = "profile_decision"

    id: Mapped[str] = mapped_column(primary_key=True)
    institution_id: Mapped[str] = mapped_column(ForeignKey("institution.id"), index=True)
    profile: Mapped[str] = mapped_column(String(60))
    version_id: Mapped[str] = mapped_column(ForeignKey("profile_version.id"))
    applies: Mapped[bool]
    """False: this person said that it does not bind the institution."""
    elements: Mapped[list[Any] | None] = mapped_column(JSON)
    """Of a contract: the columns it lists."""
    decided_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    one_person: Mapped[bool] = mapped_column(default=False)
    decided: Mapped[datetime]


class PurposeRecord(Base):
    """Why an institution lets its records train. Ended ones stay on record."""

    __tablename__ = "purpose_record"

    id: Mapped[str] = mapped_column(primary_key=True)
    institution_id: Mapped[str] = mapped_column(ForeignKey("institution.id"), index=True)
    name: Mapped[str]
    purpose: Mapped[str]
    """`worker.protocol.policy.Purpose`: what task sheets name."""
    basis_profile: Mapped[str | None]
    """The profile and version that lists the basis; None: the institution's own words."""
    basis: Mapped[str] = mapped_column(Text)
    retention: Mapped[str]
    """ISO 8601, such as P3Y."""
    protected: Mapped[bool] = mapped_column(default=False)
    """Retention beats erasure: a record under it is kept until its time is over, whoever asks."""
    categories: Mapped[list[Any]] = mapped_column(JSON)
    approver: Mapped[Approver] = mapped_column(by_value(Approver))
    revision: Mapped[int] = mapped_column(default=1)
    changed_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    created: Mapped[datetime]
    changed: Mapped[datetime]
    ended: Mapped[datetime | None]


class Incident(Base):
    """When an institution learnt of something that has to be told. Never changed: a correction is another one."""

    __tablename__ = "incident"

    id: Mapped[str] = mapped_column(primary_key=True)
    institution_id: Mapped[str] = mapped_column(ForeignKey("institution.id"), index=True)
    kind: Mapped[IncidentKind] = mapped_column(by_value(IncidentKind))
    learnt: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text, default="")
    """The institution's own words, for its own people only."""
    recorded_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    created: Mapped[datetime]
