"""Policy versions: read, drafted, saved. A person approves one in the browser, a site accepts it at the site."""

from datetime import datetime
from typing import Annotated

from fastapi import Response

from app.access.permissions import Permission
from app.paging import Down
from app.policies import queries, service, words
from app.policies.models import PolicyVersion
from app.policies.states import PolicyState
from app.web.api.answers import Id, Page, Revision, Told, Windowed, at, mark, only
from app.web.api.caller import Calling, api_router, creates, takes
from app.web.api.errors import REVISED
from app.web.api.examples import Document
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
