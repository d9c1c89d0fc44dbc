"""The demo's laws and policies, on the pages of a served hub: confirmed by the officer, then drafted and approved under
them, and no campus task is refused for them."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from sqlalchemy import select

from app.demo import rules
from app.demo.play import Play
from app.demo.scenario import FLOWS, Member, Person, campus
from app.demo.visitor import Visitor
from app.institutions.models import Institution
from app.policies.models import PolicyVersion, ProfileDecision
from app.policies.states import PolicyState
from tests.browser.serving import served
from tests.servers import free_port
from tests.web.populated import Populated
from worker.learning.data.importers.campus_sheets import campus_sheets
from worker.protocol.policy import PolicyDocument
from worker.protocol.rules import Terms, objections

pytestmark = pytest.mark.timeout(300)


def acting(hub: Populated, address: str) -> Play:
    """People of the hub that is there, where the demo has made its own: their sessions are real."""
    visitors: dict[str, Visitor] = {}

    def visitor(person: Person) -> Visitor:
        role = "officer" if person.role == "privacy-officer" else person.role
        if role not in visitors:
            visitors[role] = Visitor(address, person.name)
            visitors[role]._client.cookies.set("collegium", hub.cookie(role))
        return visitors[role]

    ids = {member.slug: hub.ids["institution"] for member in campus().members}
    return cast(Play, SimpleNamespace(visitor=visitor, memory=SimpleNamespace(ids=ids)))


def decided(hub: Populated) -> list[ProfileDecision]:
    with hub.world.hub.db.reading() as session:
        return list(session.scalars(select(ProfileDecision)).all())


def test_the_laws_are_confirmed_and_the_policy_is_bounded_by_them(tmp_path: Path) -> None:
    address, member = f"http://127.0.0.1:{free_port()}", campus().lead
    with served(tmp_path, address) as hub:
        play = acting(hub, address)
        at = hub.ids["institution"]
        with hub.world.hub.db.session() as session:
            session.get_one(Institution, at).country = member.country
        rules._laws(play, member)
        first = decided(hub)
        assert {one.decided_by for one in first} == {hub.world.lead.officer.person}
        assert "uk-gdpr" in {one.profile for one in first} and all(one.applies for one in first)
        rules._laws(play, member)
        assert len(decided(hub)) == len(first), "a step that was cut short is done again"
        rules._draft(play, member)
        number = hub.ids["draft_number"]
        officer = play.visitor(member.person("privacy-officer"))
        officer.send(officer.open(f"/i/{at}/policy/{number}"), f"/policy/{number}/approve")
        with hub.world.hub.db.reading() as session:
            row = session.scalars(
                select(PolicyVersion).where(
                    PolicyVersion.institution_id == at, PolicyVersion.number == int(number)
                )
            ).one()
        assert row.state is PolicyState.APPROVED
        document = PolicyDocument.model_validate(row.document)
        assert {ref.profile for ref in document.bounds.profiles} == {one.profile for one in first}
        assert (document.bounds.consent_age, document.bounds.area) == (13, ("GB",))
        allowed(document, member)


def allowed(document: PolicyDocument, member: Member) -> None:
    """Every task of the campus, for a hub and members in its country."""
    asked = Terms(
        tasks=tuple(s for s in campus_sheets() if s.name in campus().federation.sheets),
        cohort=len(campus().members),
        minimum_cell=10,
        protections=(),
        leaves=tuple(FLOWS),
        approved_at_hub=True,
        countries=(member.country,),
    )
    assert asked.tasks and objections(document, asked) == ()
