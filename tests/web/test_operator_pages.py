"""The operators' pages: whom to trust, which base models, whether the hub is well. No operator sees a class."""

import threading
import time
from datetime import timedelta

import redis
from sqlalchemy import select

from app.clock import now
from app.federations.models import BaseModelFile
from app.institutions.models import Institution, VerificationDecision
from app.institutions.states import InstitutionState
from app.jobs import Look, Queue, look
from app.people import sessions
from app.people.models import BrowserSession, Person
from app.runs.models import Round
from app.runs.states import RoundState
from app.web.pages import hub_health
from app.web.parts import Status
from tests import cast
from tests.web.browsing import send
from tests.web.populated import Populated


def state(hub: Populated, institution: str) -> InstitutionState:
    with hub.world.hub.db.reading() as session:
        return session.get_one(Institution, institution).state


def second(hub: Populated) -> str:
    """A cookie of another operator."""
    with hub.world.hub.db.session() as session:
        actor = cast.operator(session, "second")
        person = session.get_one(Person, actor.person)
        return sessions.start(session, hub.app.state.hub.settings, person, "Firefox").cookie


def test_two_operators_verify(hub: Populated) -> None:
    other = second(hub)
    one, path = hub.client("operator"), f"/operator/institutions/{hub.ids['registered']}"
    assert "Fern College" in one.get("/operator/institutions").text
    assert "UKPRN 10000001" in one.get(path).text
    assert send(one, f"{path}/proof", value="Charter of 1922, seen").status_code == 303
    assert send(one, f"{path}/decide", decision="verify").status_code == 303
    page = one.get(path).text
    assert "Another operator must decide too." in page and "Charter of 1922" in page
    assert 'value="verify"' not in page
    assert send(one, f"{path}/decide", decision="verify").status_code == 409
    assert state(hub, hub.ids["registered"]) is InstitutionState.REGISTERED
    two = hub.client("operator")
    two.cookies.set("collegium", other)
    assert "A second yes verifies it." in two.get(path).text
    assert send(two, f"{path}/decide", decision="verify").status_code == 303
    assert state(hub, hub.ids["registered"]) is InstitutionState.VERIFIED


def test_refused_with_a_reason_only(hub: Populated) -> None:
    client, path = hub.client("operator"), f"/operator/institutions/{hub.ids['registered']}"
    bare = send(client, f"{path}/decide", decision="refuse")
    assert bare.status_code == 422 and 'id="e-reason"' in bare.text
    long = "The domain is not yours. " * 12
    kept = send(client, f"{path}/decide", decision="refuse", reason=long)
    assert kept.status_code == 422 and long.strip() in kept.text
    assert send(client, f"{path}/decide", decision="promote").status_code == 422
    assert send(client, f"{path}/proof", value="").status_code == 422
    answer = send(client, f"{path}/decide", decision="refuse", reason="The domain is not yours.")
    assert answer.status_code == 303
    assert state(hub, hub.ids["registered"]) is InstitutionState.REFUSED
    assert "They can correct their details" in client.get(path).text


def test_suspended_and_restored(hub: Populated) -> None:
    client, home = hub.client("operator"), hub.ids["institution"]
    path = f"/operator/institutions/{home}"
    assert send(client, f"{path}/decide", decision="suspend").status_code == 422
    send(client, f"{path}/decide", decision="suspend", reason="Its domain has lapsed.")
    assert state(hub, home) is InstitutionState.SUSPENDED
    assert "Its domain has lapsed." in client.get(path).text
    assert send(client, f"{path}/decide", decision="restore").status_code == 303
    assert state(hub, home) is InstitutionState.VERIFIED


def test_a_decision_takes_a_fresh_proof(hub: Populated) -> None:
    client, path = hub.client("operator"), f"/operator/institutions/{hub.ids['registered']}"
    with hub.world.hub.db.session() as session:
        for row in session.scalars(select(BrowserSession)):
            row.stepped_up = now() - timedelta(hours=1)
    asked = send(client, f"{path}/decide", decision="verify")
    assert asked.status_code == 403
    assert 'name="decision" value="verify"' in asked.text
    with hub.world.hub.db.reading() as session:
        assert session.scalars(select(VerificationDecision)).first() is None


def test_a_look_alike_is_flagged(hub: Populated) -> None:
    path = f"/operator/institutions/{hub.ids['registered']}"
    assert "look-alike" not in hub.client("operator").get(path).text
    with hub.world.hub.db.session() as session:
        cast.make_institution(session, "Fem College", "fem.example")
    page = hub.client("operator").get(path).text
    assert "A look-alike name" in page and "Fem College, fem.example" in page


def test_base_models_are_allowed_and_withdrawn(hub: Populated) -> None:
    client, path = hub.client("operator"), f"/operator/models/{hub.ids['model']}"
    page = client.get("/operator/models").text
    for said in ("A small encoder", "Apache-2.0", "a package", "90.0 MB", "a" * 64):
        assert said in page
    assert send(client, f"{path}/withdraw").status_code == 303
    assert allowed(hub) is False
    edit = f"/federations/{hub.ids['draft_federation']}/edit/model"
    assert "A small encoder" not in hub.client("administrator").get(edit).text
    assert send(client, f"{path}/allow").status_code == 303
    assert allowed(hub) is True
    assert "A small encoder" in hub.client("administrator").get(edit).text


def allowed(hub: Populated) -> bool:
    with hub.world.hub.db.reading() as session:
        return session.get_one(BaseModelFile, hub.ids["model"]).allowed


def test_the_hub_says_what_is_away_and_what_is_stuck(hub: Populated) -> None:
    """Redis is not there in this test, and says so; a round past its deadline is counted."""
    client = hub.client("operator")
    page = client.get("/operator").text
    assert "One institution waits for a decision." in page
    assert "Redis is away." in page and "4 of 4 seen lately" in page
    assert "Rounds that are due" not in page
    with hub.world.hub.db.session() as session:
        for row in session.scalars(select(Round).where(Round.state == RoundState.TRAINING)):
            row.deadline = now() - timedelta(minutes=1)
    assert "Rounds that are due" in client.get("/operator").text


def test_the_queues_are_looked_at(redis_url: str) -> None:
    """Messages that wait, and workers that listen: a blocked pop is what an idle worker does."""
    client = redis.Redis.from_url(redis_url)
    client.lpush(Queue.ROUNDS.value, "one", "two")
    idle = redis.Redis.from_url(redis_url)
    listening = threading.Thread(target=idle.brpop, args=([Queue.LIGHT.value], 20))
    listening.start()
    end = time.monotonic() + 10
    while look(redis_url).listening != 1:
        assert time.monotonic() < end
        time.sleep(0.02)
    assert look(redis_url).waiting == {Queue.ROUNDS: 2, Queue.LIGHT: 0, Queue.OUTBOUND: 0}
    client.lpush(Queue.LIGHT.value, "work")
    listening.join(10)
    assert look(redis_url).listening == 0
    client.close()
    idle.close()


def test_a_queue_that_grows_asks_for_a_worker() -> None:
    rows = hub_health.queues(Look({Queue.ROUNDS: 1, Queue.LIGHT: 250, Queue.OUTBOUND: 0}, 0))
    said = [str(row[2]) for row in rows]
    long = "250 tasks wait. Start another worker: collegium-hub worker."
    assert said == ["1 task waits", "0 tasks wait", long]
    words = [row[1].word for row in rows if isinstance(row[1], Status)]
    assert words == ["Moves", "Moves", "Long"]


def test_operators_invite_operators(hub: Populated) -> None:
    client = hub.client("operator")
    wrong = send(client, "/operator/people/invite", email="nobody")
    assert wrong.status_code == 422 and 'value="nobody"' in wrong.text
    assert send(client, "/operator/people/invite", email="new@hub.example").status_code == 303


def test_the_trail_of_the_hub_names_acts(hub: Populated) -> None:
    client = hub.client("operator")
    send(client, f"/operator/models/{hub.ids['model']}/withdraw")
    assert "Base model withdrawn" in client.get("/operator/audit").text


def test_no_operator_opens_a_report(made: Populated) -> None:
    client = made.client("operator")
    assert client.get(f"/classes/{made.ids['class_id']}/report").status_code == 404
    assert "BIO-101" not in client.get("/classes").text
