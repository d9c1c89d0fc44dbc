"""Policy versions: read, drafted, saved. A person approves one in the browser, a site accepts it at the site."""

from datetime import datetime
from typing import Annotated

from fastapi import Response

from app.access.permissions import Permission
from app.institutions import queries as institutions
from app.paging import Down
from app.policies import decisions, queries, service, words
from app.policies.models import PolicyVersion
from app.policies.states import PolicyState
from app.runs import consequences
from app.runs.consequences import Consequence
from app.web.api.answers import Id, Page, Revision, Told, Windowed, at, mark, only
from app.web.api.caller import Calling, api_router, creates, takes
from app.web.api.errors import REVISED
from app.web.api.examples import Document
from worker.protocol.codes import Refusal
from worker.protocol.policy import PolicyDocument

router = api_router("policies")


class PolicyTold(Told):
    """`one_person`: approved by its drafter, because there was no second person."""

    id: str
    institution: str
    number: int
    state: PolicyState
    revision: int
    digest: str
    document: PolicyDocument
    in_words: list[str]
    one_person: bool
    note: str
    drafted_by: str
    decided_by: str | None
    created: datetime
    changed: datetime
    decided: datetime | None


class ReasonTold(Told):
    code: Refusal
    sentence: str


class EffectTold(Told):
    """For one federation the institution is in. `runs`: those not over that its sites would newly refuse. `left`:
    institutions that could still take part, of the `need` a round asks for."""

    federation: str
    allowed: bool
    allowed_today: bool
    reasons: list[ReasonTold]
    runs: list[str]
    left: int
    need: int


class PolicyEffectTold(Told):
    """`looser`: why it could not be approved. `never_runs`: why nothing could ever run under it."""

    looser: list[str]
    never_runs: list[str]
    federations: list[EffectTold]


def _told(row: PolicyVersion) -> PolicyTold:
    document = queries.document(row)
    return PolicyTold(
        id=row.id,
        institution=row.institution_id,
        number=row.number,
        state=row.state,
        revision=row.revision,
        digest=row.digest,
        document=document,
        in_words=words.in_words(document),
        one_person=row.one_person,
        note=row.note,
        drafted_by=row.drafted_by,
        decided_by=row.decided_by,
        created=row.created,
        changed=row.changed,
        decided=row.decided,
    )


@router.get("/institutions/{institution}/policies", **takes(Permission.POLICY_READ))
def list_policies(
    call: Calling,
    institution: Id,
    window: Windowed,
    state: Annotated[PolicyState | None, only("In this state.")] = None,
) -> Page[PolicyTold]:
    """Newest first. At most one is approved, at most one a draft."""
    rows = queries.history(call.session, call.actor, institution)
    fitting = [row for row in rows if state in (None, row.state)]
    return window.page(fitting, lambda r: (Down(r.number),), _told)


@router.post("/institutions/{institution}/policies", **creates(Permission.POLICY_DRAFT))
def draft_policy(call: Calling, response: Response, institution: Id) -> PolicyTold:
    """A draft from the approved version. Where a draft is open already, that one."""
    row = service.draft(call.session, call.actor, institution)
    at(response, f"/policies/{row.id}")
    mark(response, row.revision)
    return _told(row)


def _effect(one: Consequence) -> EffectTold:
    return EffectTold(
        federation=one.federation.id,
        allowed=one.fit.allowed,
        allowed_today=one.was,
        reasons=[ReasonTold(code=r.code, sentence=r.sentence) for r in one.fit.reasons],
        runs=[run.id for run in one.runs],
        left=one.left,
        need=one.need,
    )


@router.post("/institutions/{institution}/policies/effect", **takes(Permission.POLICY_DRAFT))
def tell_effect(call: Calling, institution: Id, document: Document) -> PolicyEffectTold:
    """What this policy would do if it were in force. Saves nothing. Its bounds are those of the confirmed profiles,
    whatever the document says."""
    row = institutions.get(call.session, call.actor, Permission.POLICY_DRAFT, institution)
    composed = decisions.composed(call.session, row)
    bounded = document.model_copy(update={"bounds": composed.bounds})
    found = consequences.of(call.session, call.actor, row.id, bounded)
    return PolicyEffectTold(
        looser=[
            fault.sentence for fault in service.faults(call.session, row.id, bounded, composed)
        ],
        never_runs=words.warnings(bounded),
        federations=[_effect(one) for one in found],
    )


@router.get("/policies/{policy}", **takes(Permission.POLICY_READ))
def get_policy(call: Calling, response: Response, policy: Id) -> PolicyTold:
    """One version, as a document and in words. Its ETag is what a save names."""
    row = queries.get(call.session, call.actor, Permission.POLICY_READ, policy)
    mark(response, row.revision)
    return _told(row)


@router.put("/policies/{policy}", responses=REVISED, **takes(Permission.POLICY_DRAFT))
def save_policy(
    call: Calling, response: Response, policy: Id, document: Document, revision: Revision
) -> PolicyTold:
    """Replaces the draft's text. 412 with `mine` and `theirs` when another person saved meanwhile."""
    row = service.save(call.session, call.actor, policy, document, revision)
    mark(response, row.revision)
    return _told(row)
