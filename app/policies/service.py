"""A policy's way at the hub: drafted by one person, approved or declined by another. Sites accept it themselves."""

from typing import NoReturn

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import fresh, require
from app.access.permissions import Permission
from app.audit import kinds
from app.audit.service import record
from app.clock import now
from app.effects import Ring, after_commit
from app.errors import Conflict, Invalid, NotAllowed, Outdated
from app.ids import new_id
from app.institutions import queries as institutions
from app.institutions.service import why_not
from app.institutions.states import InstitutionState
from app.policies import approvers, deciding, decisions, district_floors, floor, purposes, queries
from app.policies.composing import Composed
from app.policies.models import PolicyVersion
from app.policies.states import TRANSITIONS, PolicyState
from app.states import move
from app.text import _
from worker.protocol.canonical import digest_of
from worker.protocol.policy import PolicyDocument


def draft(session: Session, actor: Actor, institution: str) -> PolicyVersion:
    """A new draft from the approved version, or from the defaults. The open draft, if there is one, as it is."""
    require(actor, Permission.POLICY_DRAFT, institution)
    _not_suspended(session, institution)
    opened = queries.open_draft(session, institution)
    if opened is not None:
        return opened
    approved = queries.current(session, institution)
    before = queries.document(approved) if approved else PolicyDocument()
    composed = decisions.composed(session, institutions.by_id(session, institution))
    document = floor.raised(before, composed)
    moment = now()
    row = PolicyVersion(
        id=new_id("policy"),
        institution_id=institution,
        number=queries.highest_number(session, institution) + 1,
        state=PolicyState.DRAFT,
        document=document.model_dump(mode="json"),
        digest=digest_of(document),
        drafted_by=actor.person,
        created=moment,
        changed=moment,
    )
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(_("Another person started a draft just now. Look again.")) from error
    _write(session, actor, row, kinds.POLICY_DRAFTED.name, {"number": row.number})
    return row


def save(
    session: Session, actor: Actor, version_id: str, document: PolicyDocument, revision: int
) -> PolicyVersion:
    """Replaces the draft's text, if it still is `revision`. Who saves last is its drafter.

    Raises Outdated with `mine`, `theirs` (documents), `revision` and `saved_by` when another saved meanwhile.
    """
    row = queries.get(session, actor, Permission.POLICY_DRAFT, version_id)
    _not_suspended(session, row.institution_id)
    document = _bounded(session, row.institution_id, document)
    digest = digest_of(document)
    saved = session.execute(
        update(PolicyVersion)
        .where(
            PolicyVersion.id == row.id,
            PolicyVersion.state == PolicyState.DRAFT,
            PolicyVersion.revision == revision,
        )
        .values(
            document=document.model_dump(mode="json"),
            digest=digest,
            revision=revision + 1,
            drafted_by=actor.person,
            changed=now(),
        )
        .execution_options(synchronize_session=False)
    )
    session.refresh(row)
    if saved.rowcount != 1:  # type: ignore[attr-defined]
        _refuse_save(row, document)
    body = {"number": row.number, "revision": row.revision, "digest": digest}
    _write(session, actor, row, kinds.POLICY_SAVED.name, body)
    return row


def _bounded(session: Session, institution: str, document: PolicyDocument) -> PolicyDocument:
    """With the bounds of the profiles confirmed now: nobody writes them by hand."""
    composed = decisions.composed(session, institutions.by_id(session, institution))
    return document.model_copy(update={"bounds": composed.bounds})


def looser(session: Session, row: PolicyVersion) -> tuple[floor.Fault, ...]:
    """Where a draft allows more than the profiles its institution confirmed."""
    composed = decisions.composed(session, institutions.by_id(session, row.institution_id))
    return faults(session, row.institution_id, queries.document(row), composed)


def faults(
    session: Session, institution: str, document: PolicyDocument, composed: Composed
) -> tuple[floor.Fault, ...]:
    """Where a document is looser than `composed`, given what the register of purposes has on record."""
    on_record = purposes.categories(session, institution)
    return floor.faults(document, composed, on_record, purposes.asked_at_site(session, institution))


def _refuse_looser(session: Session, row: PolicyVersion) -> None:
    found = looser(session, row)
    if found:
        fields: dict[str, str] = {}
        for fault in found:
            fields[fault.field] = " ".join((fields.get(fault.field, ""), fault.sentence)).strip()
        raise Invalid(" ".join(fault.sentence for fault in found), fields)


def _refuse_save(row: PolicyVersion, document: PolicyDocument) -> NoReturn:
    if row.state != PolicyState.DRAFT:
        raise Conflict(_("This version is decided and no longer changes. Start a new draft."))
    raise Outdated(
        _(
            "Another person saved this draft meanwhile. Compare both, then save yours or keep theirs."
        ),
        mine=document.model_dump(mode="json"),
        theirs=row.document,
        revision=row.revision,
        saved_by=row.drafted_by,
    )


def approve(
    session: Session, actor: Actor, version_id: str, digest: str | None = None
) -> PolicyVersion:
    """Approves the text with `digest`, the one the person read; the former approved version is replaced.

    Raises NotAllowed for its drafter while someone else could approve, Conflict if the text has changed, Invalid by
    field where it is looser than a floor the institution accepted from its district.
    """
    row = queries.get(session, actor, Permission.POLICY_READ, version_id)
    fresh(actor)
    _not_suspended(session, row.institution_id)
    one_person = _may_decide(session, actor, row)
    if digest is not None and digest != row.digest:
        raise Conflict(_("The draft has changed since you read it. Read it again."))
    district_floors.keep(session, row.institution_id, queries.document(row))
    _refuse_looser(session, row)
    former = queries.current(session, row.institution_id)
    if former is not None:
        move(session, TRANSITIONS, former, PolicyVersion.state, PolicyState.REPLACED)
        body = {"number": former.number, "policy": row.id}
        _write(session, actor, former, kinds.POLICY_REPLACED.name, body)
    move(
        session,
        TRANSITIONS,
        row,
        PolicyVersion.state,
        PolicyState.APPROVED,
        decided_by=actor.person,
        decided_for=actor.acting.get(row.institution_id),
        decided=now(),
        one_person=one_person,
    )
    body = {"number": row.number, "digest": row.digest, "one_person": one_person}
    _write(session, actor, row, kinds.POLICY_APPROVED.name, body)
    return row


def decline(session: Session, actor: Actor, version_id: str, reason: str) -> PolicyVersion:
    """Closes the draft with a reason its drafter can act on; the approved version stays."""
    row = queries.get(session, actor, Permission.POLICY_READ, version_id)
    _not_suspended(session, row.institution_id)
    _may_decide(session, actor, row)
    reason = reason.strip()
    if not reason or len(reason) > 1000:
        problem = _("Say why, in at most 1000 characters, so the drafter knows what to change.")
        raise Invalid(problem, {"reason": problem})
    move(
        session,
        TRANSITIONS,
        row,
        PolicyVersion.state,
        PolicyState.DECLINED,
        decided_by=actor.person,
        decided_for=actor.acting.get(row.institution_id),
        decided=now(),
        note=reason,
    )
    body = {"number": row.number, "digest": row.digest}
    _write(session, actor, row, kinds.POLICY_DECLINED.name, body)
    return row


def _may_decide(session: Session, actor: Actor, row: PolicyVersion) -> bool:
    """Passes, or raises NotAllowed. True: the drafter decides alone, as there is no second person.

    An institution without a privacy officer lets an administrator decide; a token never does.
    """
    alone = deciding.stands(session, actor, row.institution_id)
    own = row.drafted_by == actor.person
    if own and not alone:
        raise NotAllowed(_("You drafted this. Another person must approve it."))
    return own


def one_person_only(session: Session, actor: Actor, institution: str) -> bool:
    """Whether an approval by this actor of their own draft would be recorded as one-person approval."""
    return all(p.id == actor.person for p in approvers.able(session, institution))


def _not_suspended(session: Session, institution: str) -> None:
    row = institutions.by_id(session, institution)
    if row.state == InstitutionState.SUSPENDED:
        raise NotAllowed(why_not(row) or "", state=row.state.value)


def _write(
    session: Session, actor: Actor, row: PolicyVersion, kind: str, body: dict[str, object]
) -> None:
    body = {**body, **actor.as_officer_of(row.institution_id)}
    record(session, actor.id, kind, chain=row.institution_id, subject=row.id, body=body)
    after_commit(session, Ring(f"institution:{row.institution_id}"))
