"""Rows of runs, rounds, updates, module states and metrics. Row leases (`owner`, `held_until`) guard hub work."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, by_value
from app.runs.states import Choice, RoundState, RunState, UpdateState
from worker.protocol.codes import Change, Chosen, UploadRefusal


class Run(Base):
    """`plan` is `app.runs.schemas.Plan`, frozen when proposed: sheets, model, training, rounds, quorum, deadline."""

    __tablename__ = "run"
    __table_args__ = (UniqueConstraint("federation_id", "number"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    federation_id: Mapped[str] = mapped_column(ForeignKey("federation.id"), index=True)
    number: Mapped[int]
    state: Mapped[RunState] = mapped_column(by_value(RunState))
    reason: Mapped[str] = mapped_column(Text, default="")
    plan: Mapped[dict[str, Any]] = mapped_column(JSON)
    plan_digest: Mapped[str]
    proposed_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    created: Mapped[datetime]
    started: Mapped[datetime | None]
    ended: Mapped[datetime | None]
    changed: Mapped[datetime]
    pause_asked: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[str | None]
    held_until: Mapped[datetime | None]
    reference: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """Simulation only: central training's figure, by task."""


class RunApproval(Base):
    """One institution's yes or no, recorded at the hub. A site's guard still decides for itself."""

    __tablename__ = "run_approval"
    __table_args__ = (UniqueConstraint("run_id", "institution_id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"), index=True)
    institution_id: Mapped[str] = mapped_column(ForeignKey("institution.id"), index=True)
    choice: Mapped[Choice | None] = mapped_column(by_value(Choice))
    """None while it waits for an officer."""
    reason: Mapped[str] = mapped_column(Text, default="")
    policy_version_id: Mapped[str | None] = mapped_column(ForeignKey("policy_version.id"))
    asked: Mapped[datetime]
    expires: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    decided: Mapped[datetime | None]


class RunPolicy(Base):
    """The policy an institution's sites were asked under, and the profile versions in it. Written once, never changed:
    a later version adds a row."""

    __tablename__ = "run_policy"
    __table_args__ = (UniqueConstraint("run_id", "institution_id", "digest"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"), index=True)
    institution_id: Mapped[str] = mapped_column(ForeignKey("institution.id"), index=True)
    digest: Mapped[str]
    """Of the policy document in force at the site."""
    profiles: Mapped[list[Any]] = mapped_column(JSON)
    """`worker.protocol.bounds.ProfileRef`, each."""
    round: Mapped[int]
    """The first round asked under it."""
    since: Mapped[datetime]


class Round(Base):
    """`cohort` freezes the site ids asked; `base` maps module to the digest sites start from."""

    __tablename__ = "round"
    __table_args__ = (
        UniqueConstraint("run_id", "number"),
        Index("ix_round_stage", "run_id", "state"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"))
    number: Mapped[int]
    """From 1. A void round's number is not used again."""
    state: Mapped[RoundState] = mapped_column(by_value(RoundState))
    reason: Mapped[str] = mapped_column(Text, default="")
    cohort: Mapped[list[Any]] = mapped_column(JSON)
    quorum: Mapped[int]
    base: Mapped[dict[str, Any]] = mapped_column(JSON)
    opened: Mapped[datetime]
    deadline: Mapped[datetime]
    complete: Mapped[datetime | None]
    """When the last awaited update (or the deadline with a quorum) came: aggregation time starts here."""
    closed: Mapped[datetime | None]
    owner: Mapped[str | None]
    held_until: Mapped[datetime | None]


class Update(Base):
    """The first update of a site for a round is the one; a different second one is refused and audited."""

    __tablename__ = "update"
    __table_args__ = (UniqueConstraint("round_id", "site_id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    round_id: Mapped[str] = mapped_column(ForeignKey("round.id"), index=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"), index=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("job.id"), index=True)
    state: Mapped[UpdateState] = mapped_column(by_value(UpdateState))
    refusal: Mapped[UploadRefusal | None] = mapped_column(by_value(UploadRefusal))
    refusal_detail: Mapped[str] = mapped_column(default="")
    digest: Mapped[str] = mapped_column(index=True)
    bytes: Mapped[int]
    header: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`worker.protocol.manifest.Signed` of an UpdateHeader."""
    weights: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Module to the weight really used, after the cap."""
    received: Mapped[datetime]
    deleted: Mapped[datetime | None]


class ModuleState(Base):
    """The shared model after a round (0 = first weights), module by module."""

    __tablename__ = "module_state"
    __table_args__ = (UniqueConstraint("run_id", "round", "module"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"), index=True)
    round: Mapped[int]
    module: Mapped[str]
    digest: Mapped[str] = mapped_column(index=True)
    bytes: Mapped[int]
    sites: Mapped[int]
    """Sites whose updates went into it this round; 0 = first weights."""
    held: Mapped[bool] = mapped_column(default=False)
    kept: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """`worker.protocol.kept.KeptRows`: what of it stays at the sites from the next round on; empty if nothing."""
    created: Mapped[datetime]


class Measurement(Base):
    """One site's figure for one task after one round. `model` is shared, local, rule or personal: the model in use
    there, with which of them it is and what that did."""

    __tablename__ = "measurement"
    __table_args__ = (UniqueConstraint("run_id", "site_id", "round", "model", "task"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"), index=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"))
    round: Mapped[int]
    model: Mapped[str]
    task: Mapped[str]
    metric: Mapped[str]
    value: Mapped[float]
    low: Mapped[float | None]
    high: Mapped[float | None]
    weight: Mapped[float]
    chosen: Mapped[Chosen | None] = mapped_column(by_value(Chosen))
    against_shared: Mapped[Change | None] = mapped_column(by_value(Change, "against_shared"))
    against_alone: Mapped[Change | None] = mapped_column(by_value(Change, "against_alone"))
    classes: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """`worker.protocol.update.ClassOutcomes`: its classes by what a part of their own did, and what they use."""
    students: Mapped[Change | None] = mapped_column(by_value(Change, "students"))
    """What calibration per student did there; None where it is not used."""
    at: Mapped[datetime]
