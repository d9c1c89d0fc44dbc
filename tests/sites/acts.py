"""What a site does with its inbox, one transaction each."""

from app.db import Database
from app.sites import inbox
from app.sites.models import Job, Site
from app.sites.states import JobState
from tests.sites.conftest import Enrolled
from worker.protocol.codes import Lane
from worker.protocol.messages import Claimed


def claimed(
    db: Database, enrolled: Enrolled, lane: Lane = Lane.TRAIN, lease: int = 15
) -> Claimed | None:
    with db.session() as session:
        return inbox.claim(session, session.get_one(Site, enrolled.site), lane, lease)


def begun(db: Database, enrolled: Enrolled) -> int:
    """Claims and confirms; the claim's number."""
    taken = claimed(db, enrolled)
    assert taken is not None
    with db.session() as session:
        inbox.confirm(session, session.get_one(Site, enrolled.site), taken.job, taken.claim, 60)
    return taken.claim


def state(db: Database, job: str) -> JobState:
    with db.reading() as session:
        return session.get_one(Job, job).state
