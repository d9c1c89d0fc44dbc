"""A verification holds for a year, then it is looked at again: by the domain's record itself, or by an operator.

Overdue takes nothing away: operators see it in their list, members and the institution beside how it was verified.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit import kinds
from app.audit.models import HUB_CHAIN
from app.audit.service import record
from app.clock import now
from app.effects import Ring, Send, after_commit
from app.ids import new_id
from app.institutions import queries
from app.institutions.models import DomainCheck, Institution
from app.institutions.states import InstitutionState
from app.jobs import HubTask

HOLDS = timedelta(days=365)
BEFORE = timedelta(days=30)
"""So long before its end it is looked at again."""
AGAIN = timedelta(days=7)
"""Between two looks at a domain by the hub itself."""


def due(row: Institution) -> datetime | None:
    """When its verification ends; None for one that is not verified."""
    last = row.renewed or row.verified
    return last + HOLDS if last and row.state == InstitutionState.VERIFIED else None


def overdue(row: Institution, at: datetime) -> bool:
    ends = due(row)
    return ends is not None and ends <= at


def soon(row: Institution, at: datetime) -> bool:
    ends = due(row)
    return ends is not None and ends - BEFORE <= at


def renew(session: Session, by: str, row: Institution) -> None:
    """For another year from now. The caller has asked whether it may."""
    row.renewed = now()
    session.flush()
    for chain in (row.id, HUB_CHAIN):
        record(session, by, kinds.INSTITUTION_RENEWED, chain=chain, subject=row.id)
    after_commit(session, Ring(f"institution:{row.id}"))


def look_again(session: Session, at: datetime) -> int:
    """Has the records of domains looked up whose institution was verified by one and ends within a month; how many."""
    wanted = select(Institution).where(
        Institution.state == InstitutionState.VERIFIED,
        Institution.domain_proved.is_(True),
        Institution.verified <= at - HOLDS + BEFORE,
    )
    count = 0
    for row in session.scalars(wanted):
        check = queries.domain_check(session, row.id)
        if row.domain is None or not soon(row, at) or (check and at - check.asked < AGAIN):
            continue
        _ask(session, row, check, at)
        count += 1
    return count


def _ask(session: Session, row: Institution, check: DomainCheck | None, at: datetime) -> None:
    if check is None:
        check = DomainCheck(id=new_id("check"), institution_id=row.id)
        session.add(check)
    check.domain, check.asked, check.looked, check.outcome = row.domain or "", at, None, None
    session.flush()
    record(session, HUB_CHAIN, kinds.DOMAIN_ASKED, chain=row.id, subject=row.id)
    after_commit(session, Send(HubTask.DOMAIN_CHECK.value, (row.id,)))
