"""Founding a federation, its draft, task sheets and terms. Memberships: `memberships`, offered here too."""

from typing import Any

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import fresh, require
from app.access.permissions import Permission
from app.audit import kinds
from app.audit.service import record
from app.clock import now
from app.effects import Ring, after_commit
from app.errors import Conflict, Invalid
from app.federations import queries
from app.federations.founding import (
    found,
    model_spec,
    plain,
    remove_sheet,
    require_verified,
    save_draft,
    write,
)
from app.federations.memberships import (
    accept,
    add_lead,
    decline,
    end,
    invite,
    leave,
    pause_all,
    request,
)
from app.federations.models import Federation, SheetVersion
from app.federations.schemas import ModelStep, Terms
from app.federations.states import FEDERATION_TRANSITIONS, FederationState
from app.ids import new_id
from app.states import move
from app.text import _
from worker.protocol.canonical import digest_of
from worker.protocol.tasks import TaskSheet

__all__ = [
    "accept",
    "add_sheet",
    "change_terms",
    "close",
    "decline",
    "found",
    "invite",
    "leave",
    "open",
    "remove_sheet",
    "request",
    "save_draft",
]


def add_sheet(
    session: Session, actor: Actor, federation: Federation, sheet: TaskSheet
) -> SheetVersion:
    """Step 2. A sheet of the same name gets a new version. In an open federation this changes what members
    accepted, so they accept again."""
    require(actor, Permission.FEDERATION_LEAD, federation.lead_id)
    _require_not_closed(federation)
    versions = queries.sheet_versions(session, federation.id, sheet.name)
    digest = digest_of(sheet)
    if versions and versions[-1].current and versions[-1].digest == digest:
        return versions[-1]
    for old in versions:
        old.current = False
    version = SheetVersion(
        id=new_id("sheet"),
        federation_id=federation.id,
        name=sheet.name,
        number=len(versions) + 1,
        document=plain(sheet),
        digest=digest,
        current=True,
        created=now(),
    )
    session.add(version)
    session.flush()
    record(
        session,
        actor.id,
        kinds.SHEET_ADDED,
        chain=federation.lead_id,
        subject=version.id,
        body={"federation": federation.id, "number": version.number, "digest": digest},
    )
    _after_change(session, actor, federation)
    return version


def open(session: Session, actor: Actor, federation: Federation) -> Federation:  # noqa: A001
    """The lead accepts the agreement as the first member, and others can be invited or ask to join."""
    require(actor, Permission.FEDERATION_FOUND, federation.lead_id)
    fresh(actor)
    require_verified(session, federation.lead_id)
    if not queries.sheets(session, federation.id):
        raise Invalid(_("Add a task sheet first: a federation predicts at least one thing."))
    digest = _digest(session, federation)
    move(
        session,
        FEDERATION_TRANSITIONS,
        federation,
        Federation.state,
        FederationState.OPEN,
        agreement_digest=digest,
        agreement_dated=now(),
    )
    record(
        session,
        actor.id,
        kinds.FEDERATION_OPENED,
        chain=federation.lead_id,
        subject=federation.id,
        body={"digest": digest},
    )
    add_lead(session, actor, federation)
    return federation


def change_terms(
    session: Session,
    actor: Actor,
    federation: Federation,
    *,
    terms: Terms | None = None,
    agreement: str | None = None,
    model: ModelStep | None = None,
    revision: int,
) -> Federation:
    """In an open federation. Every other member is paused until it accepts the new version."""
    require(actor, Permission.FEDERATION_LEAD, federation.lead_id)
    fresh(actor)
    if federation.state is not FederationState.OPEN:
        raise Conflict(_("Terms can be changed while the federation is open."))
    values: dict[str, Any] = {"revision": revision + 1}
    if terms is not None:
        values["terms"] = plain(terms)
    if agreement is not None:
        values["agreement"] = agreement
    if model is not None:
        values["model"] = plain(model_spec(session, model))
    write(session, federation, revision, values)
    _after_change(session, actor, federation)
    return federation


def close(session: Session, actor: Actor, federation: Federation) -> Federation:
    """For good: no run can be proposed any more. Releases stay."""
    require(actor.unheld, Permission.FEDERATION_LEAD, federation.lead_id)
    fresh(actor)
    end(session, actor, federation)
    return federation


def _after_change(session: Session, actor: Actor, federation: Federation) -> None:
    """What members accepted is not what stands here now: pause them until they accept again."""
    if federation.state is not FederationState.OPEN:
        return
    digest = _digest(session, federation)
    if digest == federation.agreement_digest:
        return
    federation.agreement_digest = digest
    federation.agreement_dated = now()
    session.flush()
    paused = pause_all(session, actor, federation)
    record(
        session,
        actor.id,
        kinds.FEDERATION_TERMS_CHANGED,
        chain=federation.lead_id,
        subject=federation.id,
        body={"digest": digest, "count": paused, "revision": federation.revision},
    )
    after_commit(session, Ring(f"federation:{federation.id}"))


def _digest(session: Session, federation: Federation) -> str:
    return digest_of(queries.accepted(session, federation))


def _require_not_closed(federation: Federation) -> None:
    if federation.state is FederationState.CLOSED:
        raise Conflict(_("This federation is closed."))
