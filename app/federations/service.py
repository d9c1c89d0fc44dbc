"""Founding a federation, its draft, task sheets and terms. Memberships: `memberships`, offered here too."""

from typing import Any

from pydantic import BaseModel
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import fresh, require
from app.access.permissions import Permission
from app.audit import kinds
from app.audit.service import record
from app.clock import now
from app.effects import Ring, after_commit
from app.errors import Conflict, Invalid, NotFound
from app.federations import queries
from app.federations.memberships import (
    accept,
    add_lead,
    decline,
    invite,
    leave,
    pause_all,
    request,
)
from app.federations.models import Federation, SheetVersion
from app.federations.schemas import DraftSteps, ModelStep, Terms
from app.federations.states import FEDERATION_TRANSITIONS, FederationState
from app.federations.wording import agreement_template
from app.ids import new_id
from app.institutions.states import InstitutionState
from app.names import clean_name
from app.states import move
from app.text import _
from worker.protocol.canonical import digest_of
from worker.protocol.manifest import ModelSpec, TextModel
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


def found(
    session: Session, actor: Actor, institution_id: str, *, name: str, purpose: str
) -> Federation:
    """Step 1: a draft that only the founding institution sees. It becomes the lead."""
    require(actor, Permission.FEDERATION_FOUND, institution_id)
    _require_verified(session, institution_id)
    at = now()
    terms = Terms()
    federation = Federation(
        id=new_id("federation"),
        name=_free_name(session, name, None),
        purpose=_purpose(purpose),
        lead_id=institution_id,
        state=FederationState.DRAFT,
        terms=_plain(terms),
        model=_plain(ModelSpec()),
        agreement=agreement_template(),
        agreement_digest="",
        agreement_dated=at,
        created_by=actor.person,
        created=at,
    )
    session.add(federation)
    session.flush()
    record(
        session,
        actor.id,
        kinds.FEDERATION_FOUNDED,
        chain=institution_id,
        subject=federation.id,
    )
    return federation


def save_draft(
    session: Session, actor: Actor, federation: Federation, steps: DraftSteps, *, revision: int
) -> Federation:
    """Saves what `steps` carries. `revision` is the one the form started from: another save in between is a
    Conflict that carries both."""
    require(actor, Permission.FEDERATION_FOUND, federation.lead_id)
    _require_draft(federation)
    values: dict[str, Any] = {"revision": revision + 1}
    if steps.purpose is not None:
        values["name"] = _free_name(session, steps.purpose.name, federation.id)
        values["purpose"] = _purpose(steps.purpose.purpose)
    if steps.model is not None:
        values["model"] = _plain(model_spec(session, steps.model))
    if steps.terms is not None:
        values["terms"] = _plain(steps.terms)
    if steps.agreement is not None:
        values["agreement"] = steps.agreement.agreement
        values["agreement_dated"] = now()
    _write(session, federation, revision, values)
    record(
        session,
        actor.id,
        kinds.FEDERATION_SAVED,
        chain=federation.lead_id,
        subject=federation.id,
        body={"revision": federation.revision},
    )
    return federation


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
        document=_plain(sheet),
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


def remove_sheet(session: Session, actor: Actor, federation: Federation, name: str) -> None:
    """Takes a sheet out of a draft."""
    require(actor, Permission.FEDERATION_FOUND, federation.lead_id)
    _require_draft(federation)
    current = [v for v in queries.sheet_versions(session, federation.id, name) if v.current]
    if not current:
        raise NotFound(_("This federation has no such task sheet."))
    for version in current:
        version.current = False
    federation.revision += 1
    session.flush()
    record(
        session,
        actor.id,
        kinds.FEDERATION_SAVED,
        chain=federation.lead_id,
        subject=federation.id,
        body={"revision": federation.revision},
    )


def open(session: Session, actor: Actor, federation: Federation) -> Federation:  # noqa: A001
    """The lead accepts the agreement as the first member, and others can be invited or ask to join."""
    require(actor, Permission.FEDERATION_FOUND, federation.lead_id)
    fresh(actor)
    _require_verified(session, federation.lead_id)
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
        values["terms"] = _plain(terms)
    if agreement is not None:
        values["agreement"] = agreement
    if model is not None:
        values["model"] = _plain(model_spec(session, model))
    _write(session, federation, revision, values)
    _after_change(session, actor, federation)
    return federation


def close(session: Session, actor: Actor, federation: Federation) -> Federation:
    """For good: no run can be proposed any more. Releases stay."""
    require(actor, Permission.FEDERATION_LEAD, federation.lead_id)
    fresh(actor)
    move(session, FEDERATION_TRANSITIONS, federation, Federation.state, FederationState.CLOSED)
    record(
        session,
        actor.id,
        kinds.FEDERATION_CLOSED,
        chain=federation.lead_id,
        subject=federation.id,
    )
    return federation


def model_spec(session: Session, step: ModelStep) -> ModelSpec:
    """The model of a draft, its text part pinned by digest. Raises Invalid for a base model not allowed here."""
    text = None
    if step.text_model:
        base = queries.base_model(session, step.text_model)
        if base is None or not base.allowed:
            sentence = _("The hub's operators have not allowed this base model.")
            raise Invalid(sentence, {"text_model": sentence})
        text = TextModel(name=base.name, digest=base.digest, files=base.files, bytes=base.bytes)
    return ModelSpec(
        width=step.width,
        layers=step.layers,
        heads=step.heads,
        dropout=step.dropout,
        text=text,
        rank=step.rank,
        alpha=float(step.rank),
        adapter_layers=step.adapter_layers,
        seed=step.seed,
    )


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


def _write(session: Session, federation: Federation, revision: int, values: dict[str, Any]) -> None:
    session.flush()
    done = session.execute(
        update(Federation)
        .where(Federation.id == federation.id, Federation.revision == revision)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(
            _(
                "Someone else saved this federation meanwhile. Look at their version, then save again."
            ),
            revision=federation.revision,
            yours=values,
        )
    session.refresh(federation)


def _digest(session: Session, federation: Federation) -> str:
    return digest_of(queries.accepted(session, federation))


def _plain(value: BaseModel) -> dict[str, Any]:
    return value.model_dump(mode="json")


def _purpose(text: str) -> str:
    cleaned = " ".join(text.split())
    if not 10 <= len(cleaned) <= 2000:
        sentence = _("Say in 10 to 2,000 characters what the federation is for.")
        raise Invalid(sentence, {"purpose": sentence})
    return cleaned


def _free_name(session: Session, name: str, own_id: str | None) -> str:
    cleaned = clean_name(name)
    other = queries.by_name(session, cleaned)
    if other is not None and other.id != own_id:
        sentence = _("Another federation has this name. Choose a different one.")
        raise Invalid(sentence, {"name": sentence})
    return cleaned


def _require_verified(session: Session, institution_id: str) -> None:
    institution = queries.institution(session, institution_id)
    if institution is None or institution.state is not InstitutionState.VERIFIED:
        raise Conflict(
            _("Your institution is not verified yet. The hub's operators decide that first.")
        )


def _require_draft(federation: Federation) -> None:
    if federation.state is not FederationState.DRAFT:
        raise Conflict(_("This federation is open already: change its terms instead."))


def _require_not_closed(federation: Federation) -> None:
    if federation.state is FederationState.CLOSED:
        raise Conflict(_("This federation is closed."))
