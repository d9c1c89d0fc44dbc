"""A confirmed profile that is to be looked at again is told to whoever may confirm it, and settled once they have."""

import json
from datetime import timedelta

from app.clock import now
from app.notices import words
from app.notices.states import NoticeKind
from app.policies import decisions, shelf
from tests.notices.test_telling import gather, told, who
from tests.policies.test_decisions import FOLDER
from tests.runs.world import World


def confirm(world: World, number: int) -> None:
    lead = world.lead
    with world.hub.db.session() as session:
        decisions.decide(session, lead.officer, lead.institution, "uk-gdpr", number, binds=True)


def test_a_changed_profile_is_told_until_somebody_looked(world: World) -> None:
    confirm(world, 1)
    gather(world)
    assert told(world, NoticeKind.PROFILE_REVIEW) == []
    plain = json.loads((FOLDER / "uk-gdpr.json").read_text(encoding="utf-8"))
    with world.hub.db.session() as session:
        shelf.bring(session, json.dumps(plain | {"number": 2, "status": "Amended"}).encode())
    gather(world)
    (found,) = told(world, NoticeKind.PROFILE_REVIEW)
    assert who([found]) == {world.lead.officer.person}
    assert found.facts["path"] == f"/i/{world.lead.institution}/policy/profiles/uk-gdpr"
    assert "is to be looked at again" in words.sentence(found)
    gather(world)
    assert len(told(world, NoticeKind.PROFILE_REVIEW)) == 1, "once"
    confirm(world, 2)
    gather(world)
    assert told(world, NoticeKind.PROFILE_REVIEW) == []


def test_half_a_year_after_its_confirmation_it_is_due(world: World) -> None:
    confirm(world, 1)
    gather(world, now() + timedelta(days=179))
    assert told(world, NoticeKind.PROFILE_REVIEW) == []
    gather(world, now() + timedelta(days=181))
    assert len(told(world, NoticeKind.PROFILE_REVIEW)) == 1
