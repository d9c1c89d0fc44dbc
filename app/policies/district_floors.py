"""A district proposes its own approved policy as a floor; each school answers, and a newer one is asked anew.

A floor changes no policy. It is held against a school's draft when that is approved (`keep`). It holds as long as the
tie between the two does, until the district takes it back or the school accepts a newer one.
"""

from sqlalchemy.orm import Session

from app.access.actor import Actor, allows
from app.access.loaders import fresh, require
from app.access.permissions import Permission
from app.audit import kinds
from app.audit.events import Kind
from app.audit.service import record
from app.clock import now
from app.effects import Ring, after_commit
from app.errors import Conflict, Invalid
from app.ids import new_id
from app.institutions import queries as institutions
from app.institutions import tie_queries
from app.people import queries as people
from app.policies import district_queries, queries
from app.policies.fields import FIELDS, value_in_words
from app.policies.models import PolicyFloor, PolicyVersion
from app.policies.states import FLOOR_TRANSITIONS, FloorRefusal, FloorState
from app.policies.stricter import looser
from app.states import move
from app.text import _
from worker.protocol.policy import PolicyDocument


def propose(session: Session, actor: Actor, district: str) -> list[PolicyFloor]:
    """The district's approved version to every school tied to it that has not got it yet.

    Raises Conflict without a policy, without a school, or where nothing is new.
    """
    require(actor.own, Permission.POLICY_APPROVE, district)
    fresh(actor)
    version = queries.current(session, district)
    if version is None:
        raise Conflict(_("Approve a policy of your own first: the floor is its text."))
    schools = tie_queries.schools_of(session, (district,))
    if not schools:
        raise Conflict(_("No school has accepted you as its district yet."))
    asked = district_queries.open_of(session, district)
    known = {row.school_id for row in asked if row.policy_version_id == version.id}
    made = [_ask(session, actor, version, school) for school in sorted(schools.keys() - known)]
    if not made:
        raise Conflict(_("Every school has this version already."))
    for row in asked:
        if row.state is FloorState.PROPOSED and row.policy_version_id != version.id:
            _move(session, actor, row, FloorState.REPLACED)
    return made


def _ask(session: Session, actor: Actor, version: PolicyVersion, school: str) -> PolicyFloor:
    row = PolicyFloor(
        id=new_id("floor"),
        district_id=version.institution_id,
        school_id=school,
        policy_version_id=version.id,
        state=FloorState.PROPOSED,
        proposed_by=actor.person,
        proposed=now(),
    )
    session.add(row)
    session.flush()
    _write(session, actor, row, kinds.FLOOR_PROPOSED)
    return row


def accept(session: Session, actor: Actor, floor_id: str) -> PolicyFloor:
    """By the school's own people, never by the district's. Its policy stays as it is; its next one keeps to this."""
    row = district_queries.get(session, actor, floor_id)
    _answers(session, actor, row.school_id)
    fresh(actor)
    if tie_queries.district_of(session, row.school_id) != row.district_id:
        raise Conflict(_("This district is not yours any more."))
    former = district_queries.accepted(session, row.school_id, row.district_id)
    _move(session, actor, row, FloorState.ACCEPTED)
    if former is not None:
        _move(session, actor, former, FloorState.REPLACED)
    _write(session, actor, row, kinds.FLOOR_ACCEPTED)
    return row


def refuse(
    session: Session, actor: Actor, floor_id: str, reason: FloorRefusal | None
) -> PolicyFloor:
    """Both sides see the reason. What the school accepted before stays. Raises Invalid without one."""
    row = district_queries.get(session, actor, floor_id)
    _answers(session, actor, row.school_id)
    if reason is None:
        problem = _("Choose why, so that the district knows what to change.")
        raise Invalid(problem, {"reason": problem})
    _move(session, actor, row, FloorState.REFUSED, reason=reason)
    _write(session, actor, row, kinds.FLOOR_REFUSED, reason)
    return row


def withdraw(session: Session, actor: Actor, floor_id: str) -> PolicyFloor:
    """By the district, also once accepted: then it holds no more."""
    row = district_queries.get(session, actor, floor_id)
    require(actor.own.unheld, Permission.POLICY_APPROVE, row.district_id)
    fresh(actor)
    _move(session, actor, row, FloorState.WITHDRAWN)
    _write(session, actor, row, kinds.FLOOR_WITHDRAWN)
    return row


def _answers(session: Session, actor: Actor, school: str) -> None:
    """The school's officer; its administrator where it has none. A token never."""
    if not stands_in(session, actor, school):
        require(actor.own, Permission.POLICY_APPROVE, school)


def stands_in(session: Session, actor: Actor, school: str) -> bool:
    """Whether the school has no officer and this is a person who may answer in their place."""
    alone = not people.people_with(session, school, Permission.POLICY_APPROVE)
    return alone and actor.token is None and allows(actor.own, Permission.POLICY_DRAFT, school)


def keep(session: Session, school: str, document: PolicyDocument) -> None:
    """Raises Invalid, by field, where `document` allows more than a floor the school accepted."""
    errors: dict[str, str] = {}
    for row, floor in district_queries.in_force(session, school):
        name = institutions.names(session, {row.district_id})[row.district_id]
        for field in looser(document, floor):
            errors[field] = _("Looser than the floor of {district}: {value}.").format(
                district=name, value=said(field, floor)
            )
    if errors:
        labels = ", ".join(FIELDS[f].label() if f in FIELDS else f for f in errors)
        problem = _("Your institution accepted a floor that this is looser than: {fields}.")
        raise Invalid(problem.format(fields=labels), errors)


def said(field: str, floor: PolicyDocument) -> str:
    """What a floor says of one field, in words; a field without a form, by its name."""
    return value_in_words(field, floor) if field in FIELDS else field


def _move(
    session: Session,
    actor: Actor,
    row: PolicyFloor,
    to: FloorState,
    reason: FloorRefusal | None = None,
) -> None:
    move(
        session,
        FLOOR_TRANSITIONS,
        row,
        PolicyFloor.state,
        to,
        reason=reason,
        answered_by=actor.person,
        answered=now(),
    )


def _write(
    session: Session,
    actor: Actor,
    row: PolicyFloor,
    kind: Kind,
    reason: FloorRefusal | None = None,
) -> None:
    """In both chains: the answer is visible to both."""
    for chain, other in ((row.school_id, row.district_id), (row.district_id, row.school_id)):
        body: dict[str, object] = {"institution": other, "policy": row.policy_version_id}
        if reason is not None:
            body["reason"] = reason
        record(session, actor.id, kind, chain=chain, subject=row.id, body=body)
        after_commit(session, Ring(f"institution:{chain}"))
