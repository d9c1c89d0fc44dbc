"""Rows of federations, their task sheets and memberships."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, by_value
from app.federations.states import FederationState, MembershipState
from worker.protocol.policy import Modality


class Federation(Base):
    """`terms` is `app.federations.schemas.Terms`: rounds, quorum, deadline, minimum cohort and cell, what leaves."""

    __tablename__ = "federation"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    purpose: Mapped[str] = mapped_column(Text)
    lead_id: Mapped[str] = mapped_column(ForeignKey("institution.id"), index=True)
    state: Mapped[FederationState] = mapped_column(by_value(FederationState))
    terms: Mapped[dict[str, Any]] = mapped_column(JSON)
    model: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`worker.protocol.manifest.ModelSpec`."""
    agreement: Mapped[str] = mapped_column(Text)
    agreement_digest: Mapped[str]
    """Of agreement, terms, model and task sheets together: what a member accepts."""
    agreement_dated: Mapped[datetime]
    offered_to: Mapped[str | None] = mapped_column(ForeignKey("institution.id"))
    """The member that the lead is offered to, until it answers or the offer is taken back."""
    offered: Mapped[datetime | None]
    revision: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    created: Mapped[datetime]


class SheetVersion(Base):
    """`document` is `worker.protocol.tasks.TaskSheet`."""

    __tablename__ = "task_sheet"
    __table_args__ = (UniqueConstraint("federation_id", "name", "number"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    federation_id: Mapped[str] = mapped_column(ForeignKey("federation.id"), index=True)
    name: Mapped[str]
    number: Mapped[int]
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    digest: Mapped[str]
    current: Mapped[bool] = mapped_column(default=True)
    created: Mapped[datetime]


class Membership(Base):
    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("federation_id", "institution_id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    federation_id: Mapped[str] = mapped_column(ForeignKey("federation.id"), index=True)
    institution_id: Mapped[str] = mapped_column(ForeignKey("institution.id"), index=True)
    state: Mapped[MembershipState] = mapped_column(by_value(MembershipState))
    reason: Mapped[str] = mapped_column(default="")
    accepted_digest: Mapped[str | None]
    accepted_by: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    accepted: Mapped[datetime | None]
    changed: Mapped[datetime]


class SheetFitRow(Base):
    """How a site's records serve one version of a task sheet, by its own word. Replaced by its next word on it."""

    __tablename__ = "sheet_fit"
    __table_args__ = (UniqueConstraint("site_id", "sheet_id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"), index=True)
    sheet_id: Mapped[str] = mapped_column(ForeignKey("task_sheet.id"), index=True)
    said: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`worker.protocol.messages.SheetFit`."""
    at: Mapped[datetime]


class BaseModelFile(Base):
    """A base model the hub imported once: an operator allows it, sites get it from here by digest."""

    __tablename__ = "base_model"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    digest: Mapped[str] = mapped_column(unique=True)
    """Of model.safetensors."""
    modality: Mapped[Modality] = mapped_column(String)
    """What it reads: `worker.protocol.base_models.READ`."""
    files: Mapped[dict[str, Any]] = mapped_column(JSON)
    """File name to digest; every one an object in the store."""
    bytes: Mapped[int]
    licence: Mapped[str]
    source: Mapped[str]
    allowed: Mapped[bool] = mapped_column(default=False)
    decided_by: Mapped[str | None]
    created: Mapped[datetime]
