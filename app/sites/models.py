"""Rows of sites, their keys and tokens, their jobs and uploads."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, by_value
from app.sites.states import JobState, SiteState
from worker.protocol.codes import Failure, JobKind, Lane, Phase, Refusal


class Site(Base):
    __tablename__ = "site"
    __table_args__ = (UniqueConstraint("institution_id", "name"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    institution_id: Mapped[str] = mapped_column(ForeignKey("institution.id"), index=True)
    name: Mapped[str]
    state: Mapped[SiteState] = mapped_column(by_value(SiteState))
    key: Mapped[str | None]
    """Public key in force."""
    key_since: Mapped[datetime | None]
    next_key: Mapped[str | None]
    """Announced by the site, in force at its first use."""
    software: Mapped[str] = mapped_column(default="")
    readiness: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    policy_version_id: Mapped[str | None] = mapped_column(ForeignKey("policy_version.id"))
    """The version accepted at the site, by its own signed word."""
    policy_accepted: Mapped[datetime | None]
    policy_signature: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created: Mapped[datetime]
    joined: Mapped[datetime | None]
    confirmed_by: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    confirmed: Mapped[datetime | None]
    revoked: Mapped[datetime | None]
    last_seen: Mapped[datetime | None]
    offline_since: Mapped[datetime | None]
    """`last_seen` of the silence that the audit trail tells of."""


class EnrolmentToken(Base):
    """Single use, 24 hours, one site."""

    __tablename__ = "enrolment_token"

    id: Mapped[str] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"), index=True)
    made_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    created: Mapped[datetime]
    expires: Mapped[datetime]
    used: Mapped[datetime | None]


class Nonce(Base):
    """A signed request seen once. Kept twice the allowed clock skew."""

    __tablename__ = "site_nonce"

    id: Mapped[str] = mapped_column(primary_key=True)
    """`<site>:<nonce>`."""
    seen: Mapped[datetime] = mapped_column(index=True)


class Job(Base):
    """One thing asked of one site. `claim` is the fencing number: it goes up with every claim."""

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_inbox", "site_id", "lane", "state"),
        Index("ix_job_of_run", "run_id", "kind", "site_id", "created"),
        Index("ix_job_by_state", "run_id", "kind", "state"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"))
    lane: Mapped[Lane] = mapped_column(by_value(Lane))
    kind: Mapped[JobKind] = mapped_column(by_value(JobKind))
    state: Mapped[JobState] = mapped_column(by_value(JobState))
    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"))
    round_id: Mapped[str | None] = mapped_column(ForeignKey("round.id"), index=True)
    manifest: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`worker.protocol.manifest.Signed`."""
    objects: Mapped[list[Any]] = mapped_column(JSON)
    """Digests this job may download."""
    claim: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(index=True)
    not_before: Mapped[datetime | None]
    cancel_asked: Mapped[bool] = mapped_column(default=False)
    pause_asked: Mapped[bool] = mapped_column(default=False)
    """Its run is paused: not handed out, and whoever holds it is told to checkpoint and give it back."""
    phase: Mapped[Phase | None] = mapped_column(by_value(Phase))
    progress: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    progress_at: Mapped[datetime | None]
    refusal: Mapped[Refusal | None] = mapped_column(by_value(Refusal))
    refusal_detail: Mapped[str | None]
    failure: Mapped[Failure | None] = mapped_column(by_value(Failure))
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created: Mapped[datetime]
    ended: Mapped[datetime | None]


class Upload(Base):
    """A body arriving in chunks. `offset` is what is safely on disk."""

    __tablename__ = "upload"

    id: Mapped[str] = mapped_column(primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("job.id"), index=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"))
    digest: Mapped[str]
    bytes: Mapped[int]
    offset: Mapped[int] = mapped_column(default=0)
    header: Mapped[dict[str, Any]] = mapped_column(JSON)
    created: Mapped[datetime]
    completed: Mapped[datetime | None]


class SentLine(Base):
    """What left a site, as the hub received it; compared with the site's own outbound log."""

    __tablename__ = "sent_line"
    __table_args__ = (Index("ix_sent_line_newest", "institution_id", "at", "id", "bytes"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    institution_id: Mapped[str] = mapped_column(ForeignKey("institution.id"))
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"))
    run_id: Mapped[str | None] = mapped_column(ForeignKey("run.id"))
    job_id: Mapped[str | None]
    kind: Mapped[str]
    """`worker.protocol.codes.TransferKind`."""
    bytes: Mapped[int]
    digest: Mapped[str]
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(index=True)
