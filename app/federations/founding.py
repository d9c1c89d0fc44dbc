"""A federation before it opens: founded, its steps saved one by one. Only its lead sees it."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import require
from app.access.permissions import Permission
from app.audit import kinds
from app.audit.service import record
from app.clock import now
from app.errors import Conflict, Invalid, NotFound, Outdated
from app.federations import offered, queries
from app.federations.models import Federation
from app.federations.schemas import DraftSteps, ModelStep, Terms
from app.federations.states import FederationState
from app.federations.wording import agreement_template
from app.ids import new_id
from app.institutions.states import InstitutionState
from app.names import clean_name
from app.text import _
from worker.protocol.manifest import ModelSpec, PinnedModel
from worker.protocol.policy import Modality
from worker.protocol.words import choice_in_words


def found(
    session: Session, actor: Actor, institution_id: str, *, name: str, purpose: str
) -> Federation:
    """Step 1: a draft that only the founding institution sees. It becomes the lead."""
    require(actor, Permission.FEDERATION_FOUND, institution_id)
    require_verified(session, institution_id)
    at = now()
    terms = Terms()
    federation = Federation(
        id=new_id("federation"),
        name=_free_name(session, name, None),
        purpose=_purpose(purpose),
        lead_id=institution_id,
        state=FederationState.DRAFT,
        terms=plain(terms),
        model=plain(ModelSpec()),
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
        values["model"] = plain(model_spec(session, steps.model))
    if steps.terms is not None:
        values["terms"] = plain(steps.terms)
    if steps.agreement is not None:
        values["agreement"] = steps.agreement.agreement
        values["agreement_dated"] = now()
    write(session, federation, revision, values)
    record(
        session,
        actor.id,
        kinds.FEDERATION_SAVED,
        chain=federation.lead_id,
        subject=federation.id,
        body={"revision": federation.revision},
    )
    return federation


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


def model_spec(session: Session, step: ModelStep) -> ModelSpec:
    """The model of a draft, its base models pinned by digest. Raises Invalid for one not allowed here, or that reads
    something else."""
    chosen: dict[Modality, str | None] = {
        "text": step.text_model,
        "image": step.image_model,
        "audio": step.audio_model,
    }
    pinned = {modality: _pinned(session, modality, named) for modality, named in chosen.items()}
    return ModelSpec(
        width=step.width,
        layers=step.layers,
        heads=step.heads,
        dropout=step.dropout,
        text=pinned["text"],
        image=pinned["image"],
        audio=pinned["audio"],
        rank=step.rank,
        alpha=float(step.rank),
        tiers=step.tiers,
        adapter_layers=step.adapter_layers,
        seed=step.seed,
    )


def _pinned(session: Session, modality: Modality, digest: str | None) -> PinnedModel | None:
    if not digest:
        return None
    base = offered.base_model(session, digest)
    if base is None or not base.allowed:
        sentence = _("The hub's operators have not allowed this base model.")
        raise Invalid(sentence, {f"{modality}_model": sentence})
    if base.modality != modality:
        sentence = _("{name} reads {its}, not {wanted}. Choose one of the list.").format(
            name=base.name, its=choice_in_words(base.modality), wanted=choice_in_words(modality)
        )
        raise Invalid(sentence, {f"{modality}_model": sentence})
    return PinnedModel(name=base.name, digest=base.digest, files=base.files, bytes=base.bytes)


def write(session: Session, federation: Federation, revision: int, values: dict[str, Any]) -> None:
    session.flush()
    done = session.execute(
        update(Federation)
        .where(Federation.id == federation.id, Federation.revision == revision)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        session.refresh(federation)
        mine = {name: _shown(value) for name, value in values.items() if name != "revision"}
        raise Outdated(
            _(
                "Someone else saved this federation meanwhile. Look at their version, then save again."
            ),
            mine=mine,
            theirs={name: _shown(getattr(federation, name)) for name in mine},
            revision=federation.revision,
        )
    session.refresh(federation)


def _shown(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def plain(value: BaseModel) -> dict[str, Any]:
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


def require_verified(session: Session, institution_id: str) -> None:
    institution = queries.institution(session, institution_id)
    if institution is None or institution.state is not InstitutionState.VERIFIED:
        raise Conflict(
            _("Your institution is not verified yet. The hub's operators decide that first.")
        )


def _require_draft(federation: Federation) -> None:
    if federation.state is not FederationState.DRAFT:
        raise Conflict(_("This federation is open already: change its terms instead."))
