"""That someone withdrew consent, said at the door: a day, once, and only where the policy in force there says so."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.audit import kinds
from app.audit.models import Event
from app.audit.service import verify
from app.clock import now
from app.erasure.models import ErasureRequest
from app.sites.models import SentLine, Site
from app.sites.states import SiteState
from tests.door.conftest import Door
from tests.door.test_enrolment import accept, code
from tests.sites import world as worlds
from worker.protocol.policy import PolicyDocument

TELLING = PolicyDocument(tell_withdrawals="that_one_happened")


def in_force(door: Door, number: int, document: PolicyDocument) -> None:
    with door.hub.db.session() as session:
        by = door.world.administrator.person
        made = worlds.policy(session, door.world.institution, by, number, document=document)
        digest = made.digest
    assert accept(door, number, digest).status_code == 204


def say(door: Door, day: str = "", **more: object):  # type: ignore[no-untyped-def]
    return door.sender.send("/withdrawn", {"day": day or now().date().isoformat(), **more})


def opened(door: Door) -> list[tuple[str, str]]:
    with door.hub.db.reading() as session:
        rows = session.scalars(select(ErasureRequest)).all()
        return [(row.site_id, row.day.isoformat()) for row in rows]


def test_a_policy_that_keeps_it_at_the_site_is_kept(door: Door) -> None:
    assert code(say(door)) == (403, "closed-by-policy")
    in_force(door, 1, PolicyDocument())
    assert code(say(door)) == (403, "closed-by-policy")
    assert opened(door) == []


def test_one_request_a_site_and_day_however_often_it_comes(door: Door) -> None:
    in_force(door, 1, TELLING)
    for _again in range(3):
        assert say(door).status_code == 204
    assert opened(door) == [(door.site, now().date().isoformat())]
    with door.hub.db.reading() as session:
        told = session.scalars(select(Event).where(Event.kind == kinds.ERASURE_OPENED.name)).all()
        left = session.scalar(select(func.count()).where(SentLine.reason == "consent-withdrawn"))
        assert verify(session, door.world.institution) is None
    assert [(one.chain_id, one.body) for one in told] == [
        (door.world.institution, {"site": door.site})
    ]
    assert left == 3, "what came stands in the list of what left, each time"


@pytest.mark.parametrize("off", [-3, 3])
def test_a_day_on_which_the_site_was_not_there(door: Door, off: int) -> None:
    in_force(door, 1, TELLING)
    day = (now() + timedelta(days=off)).date().isoformat()
    assert say(door, day).status_code == 422
    assert opened(door) == []


@pytest.mark.parametrize("more", [{"students": 3}, {"student": "Anna"}, {"day": "yesterday"}])
def test_nothing_else_is_said_with_it(door: Door, more: dict[str, object]) -> None:
    in_force(door, 1, TELLING)
    assert say(door, **more).status_code == 422
    assert opened(door) == []


def test_a_site_nobody_confirmed_says_nothing(door: Door) -> None:
    in_force(door, 1, TELLING)
    with door.hub.db.session() as session:
        session.get_one(Site, door.site).state = SiteState.JOINED
    assert code(say(door)) == (403, "not-confirmed")
    assert opened(door) == []
