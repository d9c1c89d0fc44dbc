"""A district and a school: the district offers, the school's administrator accepts, either ends it.

What a tie gives: the district may propose a floor for the school's policy, and its privacy officer may act as the
school's (`app.access.permissions.DISTRICT_OFFICER`). Both end with it. That they are one for a minimum cohort stays.
"""

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import fresh, require
from app.access.permissions import Permission
from app.audit import kinds
from app.audit.events import Kind
from app.audit.service import record
from app.clock import now
from app.effects import Ring, after_commit
from app.errors import Conflict, Invalid, NotAllowed
from app.ids import new_id
from app.institutions import queries, standing, tie_queries
from app.institutions.models import Institution, Tie
from app.institutions.states import TIE_TRANSITIONS, InstitutionState, TieState
from app.states import move
from app.text import _


def offer(session: Session, actor: Actor, district: str, school: str) -> Tie:
    """`school` is its exact name or its id. Raises Invalid, NotAllowed, and Conflict where one is open already."""
    require(actor, Permission.INSTITUTION_EDIT, district)
    home = queries.by_id(session, district)
    if home.state is InstitutionState.SUSPENDED:
        raise NotAllowed(standing.why_not(home) or "", state=home.state.value)
    found = _school(session, district, school)
    if home.state != InstitutionState.VERIFIED:
        raise Conflict(
            _("The operators verify you first; then you can offer to be a school's district.")
        )
    if tie_queries.open_between(session, district, found.id):
        raise Conflict(_("It has your offer already, or accepted one."))
    moment = now()
    row = Tie(
        id=new_id("tie"),
        district_id=district,
        school_id=found.id,
        state=TieState.OFFERED,
        offered_by=actor.person,
        offered=moment,
        changed=moment,
    )
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(_("Another person offered it just now.")) from error
    _write(session, actor, row, kinds.TIE_OFFERED)
    return row


def _school(session: Session, district: str, text: str) -> Institution:
    found = queries.by_name(session, text.strip()) or queries.find(session, text.strip())
    problem = ""
    if found is None or found.state != InstitutionState.VERIFIED:
        problem = _("There is no verified institution of this name.")
    elif found.id == district:
        problem = _("This is your own institution.")
    elif found.parent_id not in (None, district):
        problem = _("It belongs to another institution.")
    elif found.id in tie_queries.above(session, district):
        problem = _("It stands above yours.")
    if problem or found is None:
        raise Invalid(problem, {"school": problem})
    return found


def accept(session: Session, actor: Actor, tie_id: str) -> Tie:
    """By the school's administrator, never by a token. Raises NotFound, NotAllowed, Conflict."""
    row = tie_queries.get(session, actor, Permission.PEOPLE_EDIT, tie_id, at="school")
    fresh(actor)
    school = queries.by_id(session, row.school_id)
    if school.parent_id not in (None, row.district_id):
        raise Conflict(_("Your institution belongs to another one. Write to the operators."))
    if row.school_id in tie_queries.above(session, row.district_id):
        raise Conflict(_("This institution lies below yours."))
    _move(session, actor, row, TieState.ACCEPTED)
    school.parent_id = row.district_id
    _write(session, actor, row, kinds.TIE_ACCEPTED)
    return row


def decline(session: Session, actor: Actor, tie_id: str) -> Tie:
    """By the school, whatever its own state: it only refuses."""
    row = tie_queries.get(session, actor.unheld, Permission.PEOPLE_EDIT, tie_id, at="school")
    _move(session, actor, row, TieState.DECLINED)
    _write(session, actor, row, kinds.TIE_DECLINED)
    return row


def end(session: Session, actor: Actor, tie_id: str) -> Tie:
    """By either side: an offer is taken back, a tie ends at once."""
    row = tie_queries.get(session, actor.unheld, Permission.PEOPLE_EDIT, tie_id, at="either")
    fresh(actor)
    _move(session, actor, row, TieState.ENDED)
    _write(session, actor, row, kinds.TIE_ENDED)
    return row


def _move(session: Session, actor: Actor, row: Tie, to: TieState) -> None:
    move(session, TIE_TRANSITIONS, row, Tie.state, to, answered_by=actor.person, changed=now())


def _write(session: Session, actor: Actor, row: Tie, kind: Kind) -> None:
    """In both chains: each side can show it."""
    for chain, other in ((row.school_id, row.district_id), (row.district_id, row.school_id)):
        body = {"institution": other}
        record(session, actor.id, kind, chain=chain, subject=row.id, body=body)
        after_commit(session, Ring(f"institution:{chain}"))
