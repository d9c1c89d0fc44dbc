"""Federations: found, draft, open, change the terms, close. Who is in stands in `memberships`."""

from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import Field

from app.access.permissions import Permission
from app.federations import offered, queries, service
from app.federations.models import BaseModelFile, Federation
from app.federations.schemas import Accepted, AgreementStep, ModelStep, Terms
from app.federations.states import FederationState
from app.paging import Down
from app.web.api.answers import Asked, Id, Page, Revision, Told, Windowed, at, mark, only
from app.web.api.caller import Calling, api_router, creates, takes
from app.web.api.errors import REVISED
from app.web.api.examples import Steps
from app.web.api.reach import reachable
from worker.protocol.manifest import ModelSpec
from worker.protocol.policy import Modality

router = api_router("federations")


class FederationTold(Told):
    """`lead` is an institution. `agreement_digest` is what a member accepts; empty in a draft."""

    id: str
    name: str
    purpose: str
    lead: str
    state: FederationState
    revision: int
    terms: Terms
    model: ModelSpec
    agreement: str
    agreement_digest: str
    agreement_dated: datetime
    created: datetime


class FederationAsked(Asked):
    name: str = Field(max_length=200, examples=["Early support in the north"])
    purpose: str = Field(
        max_length=4000, examples=["See early which students need support to pass a course."]
    )


class TermsAsked(Asked):
    """What is left out stays as it is."""

    terms: Terms | None = None
    agreement: AgreementStep | None = None
    model: ModelStep | None = None


class AgreementTold(Told):
    """`digest` covers everything under `accepted`; send it back to accept."""

    digest: str
    dated: datetime
    accepted: Accepted


class BaseModelTold(Told):
    """A base model that operators imported. A federation names it by `digest`, if it is `allowed`; `modality` says for
    what."""

    id: str
    name: str
    modality: Modality
    digest: str
    bytes: int
    licence: str
    source: str
    allowed: bool


def _told(row: Federation) -> FederationTold:
    return FederationTold(
        id=row.id,
        name=row.name,
        purpose=row.purpose,
        lead=row.lead_id,
        state=row.state,
        revision=row.revision,
        terms=queries.terms(row),
        model=queries.model(row),
        agreement=row.agreement,
        agreement_digest=row.agreement_digest,
        agreement_dated=row.agreement_dated,
        created=row.created,
    )


def _marked(response: Response, row: Federation) -> FederationTold:
    mark(response, row.revision)
    return _told(row)


def _model(row: BaseModelFile) -> BaseModelTold:
    return BaseModelTold(
        id=row.id,
        name=row.name,
        modality=row.modality,
        digest=row.digest,
        bytes=row.bytes,
        licence=row.licence,
        source=row.source,
        allowed=row.allowed,
    )


@router.get("/federations", **takes(Permission.FEDERATION_READ))
def list_federations(
    call: Calling,
    window: Windowed,
    joinable: Annotated[
        bool, only("Instead, those your institution is not in and could ask to join.")
    ] = False,
    state: Annotated[FederationState | None, only("In this state.")] = None,
    lead: Annotated[str | None, only("Led by the institution with this id.")] = None,
) -> Page[FederationTold]:
    """Those your institution leads, is in, or is invited to; newest first."""
    find = queries.open_to if joinable else queries.visible_to
    fitting = [
        row
        for row in find(call.session, call.actor)
        if state in (None, row.state) and lead in (None, row.lead_id)
    ]
    return window.page(fitting, lambda r: (Down(r.created), r.id), _told)


@router.post("/federations", **creates(Permission.FEDERATION_FOUND))
def found_federation(call: Calling, response: Response, asked: FederationAsked) -> FederationTold:
    """A draft that only your institution sees. It becomes the lead."""
    row = service.found(
        call.session, call.actor, call.institution, name=asked.name, purpose=asked.purpose
    )
    at(response, f"/federations/{row.id}")
    return _marked(response, row)


@router.get("/federations/{federation}", **takes(Permission.FEDERATION_READ))
def get_federation(call: Calling, response: Response, federation: Id) -> FederationTold:
    """Purpose, terms, model and agreement; also of an open one that you could join."""
    return _marked(response, reachable(call, federation))


@router.patch("/federations/{federation}", responses=REVISED, **takes(Permission.FEDERATION_FOUND))
def save_federation(
    call: Calling, response: Response, federation: Id, steps: Steps, revision: Revision
) -> FederationTold:
    """A draft's purpose, model, terms or agreement; what is left out stays."""
    row = queries.get(call.session, call.actor, Permission.FEDERATION_LEAD, federation)
    saved = service.save_draft(call.session, call.actor, row, steps, revision=revision)
    return _marked(response, saved)


@router.post("/federations/{federation}/open", **takes(Permission.FEDERATION_FOUND))
def open_federation(call: Calling, response: Response, federation: Id) -> FederationTold:
    """The lead accepts the agreement as the first member. It needs a task sheet."""
    row = queries.get(call.session, call.actor, Permission.FEDERATION_LEAD, federation)
    return _marked(response, service.open(call.session, call.actor, row))


@router.put(
    "/federations/{federation}/terms", responses=REVISED, **takes(Permission.FEDERATION_LEAD)
)
def change_terms(
    call: Calling, response: Response, federation: Id, asked: TermsAsked, revision: Revision
) -> FederationTold:
    """In an open federation. Every other member is paused until it accepts the new version."""
    row = queries.get(call.session, call.actor, Permission.FEDERATION_LEAD, federation)
    agreement = asked.agreement.agreement if asked.agreement else None
    changed = service.change_terms(
        call.session,
        call.actor,
        row,
        terms=asked.terms,
        agreement=agreement,
        model=asked.model,
        revision=revision,
    )
    return _marked(response, changed)


@router.post("/federations/{federation}/close", **takes(Permission.FEDERATION_LEAD))
def close_federation(call: Calling, response: Response, federation: Id) -> FederationTold:
    """For good. Releases stay."""
    row = queries.get(call.session, call.actor.unheld, Permission.FEDERATION_LEAD, federation)
    return _marked(response, service.close(call.session, call.actor, row))


@router.get("/federations/{federation}/agreement", **takes(Permission.FEDERATION_READ))
def get_agreement(call: Calling, federation: Id) -> AgreementTold:
    """Exactly what a member accepts today."""
    row = reachable(call, federation)
    accepted = queries.accepted(call.session, row)
    return AgreementTold(digest=row.agreement_digest, dated=row.agreement_dated, accepted=accepted)


@router.get("/models", **takes(Permission.FEDERATION_READ))
def list_models(
    call: Calling,
    window: Windowed,
    allowed: Annotated[bool | None, only("Allowed by the operators, or not.")] = None,
) -> Page[BaseModelTold]:
    """Base models at this hub, by name."""
    fitting = [m for m in offered.base_models(call.session) if allowed in (None, m.allowed)]
    return window.page(fitting, lambda m: (m.name, m.id), _model)
