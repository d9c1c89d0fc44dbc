"""Rows of institutions, their proofs and verification, their terms and classes. No student stands here."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, by_value
from app.institutions.states import (
    CheckOutcome,
    Decision,
    InstitutionKind,
    InstitutionState,
    ProofKind,
    TieState,
)


class Institution(Base):
    __tablename__ = "institution"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[InstitutionKind] = mapped_column(by_value(InstitutionKind))
    country: Mapped[str]
    """ISO 3166-1 alpha-2."""
    domain: Mapped[str | None] = mapped_column(unique=True)
    register: Mapped[str | None]
    """`ROR`, `NCES`, `UKPRN`."""
    register_id: Mapped[str | None]
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("institution.id"), index=True)
    state: Mapped[InstitutionState] = mapped_column(by_value(InstitutionState))
    state_reason: Mapped[str] = mapped_column(default="")
    single_operator: Mapped[bool] = mapped_column(default=False)
    """Verified by one operator because the hub had no second; every member sees it."""
    domain_proved: Mapped[bool] = mapped_column(default=False)
    """Verified by one operator and the text record of its domain."""
    region: Mapped[str | None]
    """ISO 3166-2, such as US-NY; None: not told."""
    youngest: Mapped[int | None]
    """Years of the youngest and oldest it teaches; None: not told."""
    oldest: Mapped[int | None]
    zone: Mapped[str] = mapped_column(default="UTC")
    """Its time zone, by which deadlines are counted."""
    revision: Mapped[int] = mapped_column(default=1)
    """Of what it says of itself, while it may still be corrected."""
    created: Mapped[datetime]
    verified: Mapped[datetime | None]
    renewed: Mapped[datetime | None]
    """When its verification was last looked at again; a year from the later of the two it is due."""


class Tie(Base):
    """A district offers, a school's administrator accepts; either side ends it."""

    __tablename__ = "institution_tie"

    id: Mapped[str] = mapped_column(primary_key=True)
    district_id: Mapped[str] = mapped_column(ForeignKey("institution.id"), index=True)
    school_id: Mapped[str] = mapped_column(ForeignKey("institution.id"), index=True)
    state: Mapped[TieState] = mapped_column(by_value(TieState))
    offered_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    offered: Mapped[datetime]
    answered_by: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    changed: Mapped[datetime]


class Proof(Base):
    __tablename__ = "institution_proof"
    __table_args__ = (UniqueConstraint("institution_id", "kind"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    institution_id: Mapped[str] = mapped_column(ForeignKey("institution.id"), index=True)
    kind: Mapped[ProofKind] = mapped_column(by_value(ProofKind))
    value: Mapped[str]
    seen: Mapped[datetime]


class DomainCheck(Base):
    """The last look for the text record at an institution's domain. `looked` None: a hub worker is about to."""

    __tablename__ = "domain_check"

    id: Mapped[str] = mapped_column(primary_key=True)
    institution_id: Mapped[str] = mapped_column(ForeignKey("institution.id"), unique=True)
    domain: Mapped[str]
    asked: Mapped[datetime]
    looked: Mapped[datetime | None]
    outcome: Mapped[CheckOutcome | None] = mapped_column(by_value(CheckOutcome))


class VerificationDecision(Base):
    """One operator's word. Verifying takes two, or one and the domain's text record."""

    __tablename__ = "verification_decision"

    id: Mapped[str] = mapped_column(primary_key=True)
    institution_id: Mapped[str] = mapped_column(ForeignKey("institution.id"), index=True)
    operator_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    decision: Mapped[Decision] = mapped_column(by_value(Decision))
    reason: Mapped[str] = mapped_column(default="")
    decided: Mapped[datetime]


class SchoolClass(Base):
    """A class by term and code. `offered_by` is the site that named it; `confirmed` by a person."""

    __tablename__ = "school_class"
    __table_args__ = (UniqueConstraint("institution_id", "term", "code"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    institution_id: Mapped[str] = mapped_column(ForeignKey("institution.id"), index=True)
    term: Mapped[str]
    code: Mapped[str]
    title: Mapped[str] = mapped_column(default="")
    offered_by: Mapped[str | None] = mapped_column(ForeignKey("site.id"))
    confirmed: Mapped[datetime | None]
    created: Mapped[datetime]


class Teaching(Base):
    """This instructor teaches this class."""

    __tablename__ = "teaching"
    __table_args__ = (UniqueConstraint("class_id", "person_id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    class_id: Mapped[str] = mapped_column(ForeignKey("school_class.id"), index=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    since: Mapped[datetime]


class RegistrationDraft(Base):
    """Answers of the four registration steps until they are checked and sent."""

    __tablename__ = "registration_draft"

    id: Mapped[str] = mapped_column(primary_key=True)
    answers: Mapped[dict[str, Any]] = mapped_column(JSON)
    created: Mapped[datetime]
    expires: Mapped[datetime]
