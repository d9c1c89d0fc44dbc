"""Who may make a webhook and for what; its secret; what the audit trail and the people concerned are told."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from subprocess import run
from sys import executable

import pytest
from sqlalchemy import select

from app.access.permissions import Permission, Role
from app.audit import queries as audit
from app.audit.models import Event
from app.clock import now
from app.db import Database
from app.errors import Conflict, Invalid, NotAllowed, NotFound, Outdated, StepUpNeeded
from app.ids import new_id
from app.institutions.models import Institution
from app.institutions.standing import held
from app.institutions.states import InstitutionState
from app.integrations import delivering, queries, webhooks
from app.integrations.events import TELLINGS, HookEvent
from app.integrations.models import Delivery, Webhook
from app.integrations.states import (
    DELIVERY_TRANSITIONS,
    WEBHOOK_TRANSITIONS,
    DeliveryState,
    WebhookState,
)
from app.notices import queries as news
from app.notices import service as notices
from app.notices.states import NoticeKind
from app.secrets import open_
from app.sites import silence
from app.sites.models import Site
from tests import cast
from tests.integrations import world as making
from tests.runs import world as acting
from tests.runs.world import World

URL = "https://hooks.north.example/in"


@pytest.fixture
def world(db: Database, tmp_path: Path) -> World:
    return acting.make(db, tmp_path, count=2)


def create(world: World, **more: object) -> str:
    given: dict[str, object] = {
        "actor": world.lead.administrator,
        "institution": world.lead.institution,
        "url": URL,
        "events": [HookEvent.RUN_PROPOSED],
    }
    with world.hub.db.session() as session:
        row, _secret = webhooks.create(session, world.hub.settings, **(given | more))  # type: ignore[arg-type]
        return row.id


def test_who_may(world: World) -> None:
    lead = world.lead
    for actor, refusal in (
        (lead.officer, NotAllowed),
        (lead.instructor, NotAllowed),
        (world.members[1].administrator, NotFound),
        (world.stranger, NotFound),
        (world.operator, NotFound),
        (replace(lead.administrator, stepped_up=now() - timedelta(hours=1)), StepUpNeeded),
    ):
        with pytest.raises(refusal):
            create(world, actor=actor)


def test_a_token_hears_only_of_what_it_may_read(world: World) -> None:
    """It takes the scope, and for each event the scope that reads of it; nothing beyond its institution."""
    lead = world.lead
    token = replace(
        lead.administrator,
        token=new_id("token"),
        token_institution=lead.institution,
        stepped_up=None,
    )
    with pytest.raises(NotAllowed, match="webhook:edit"):
        create(
            world, actor=replace(token, scopes=frozenset(Permission) - {Permission.WEBHOOK_EDIT})
        )
    hears = replace(token, scopes=frozenset({Permission.WEBHOOK_EDIT, Permission.SITE_READ}))
    with pytest.raises(NotAllowed, match="run:read"):
        create(world, actor=hears, events=[HookEvent.SITE_OFFLINE, HookEvent.RUN_COMPLETED])
    made = create(world, actor=hears, events=[HookEvent.SITE_OFFLINE])
    with world.hub.db.session() as session:
        row = session.get_one(Webhook, made)
        with pytest.raises(NotAllowed, match="run:read"):
            webhooks.change(session, hears, row, url=URL, events=[HookEvent.RUN_FAILED], revision=1)


def test_what_is_asked_for_is_checked(world: World) -> None:
    for url in ("http://hooks.north.example/", "https://10.1/", "", "https://u:p@h.example/"):
        with pytest.raises(Invalid) as refused:
            create(world, url=url)
        assert refused.value.errors.keys() == {"url"}
    with pytest.raises(Invalid) as refused:
        create(world, events=[])
    assert refused.value.errors.keys() == {"events"}
    for number in range(webhooks.MOST):
        create(world, url=f"{URL}/{number}")
    with pytest.raises(Conflict, match="at most 20"):
        create(world)


@pytest.mark.parametrize("state", [InstitutionState.REGISTERED, InstitutionState.SUSPENDED])
def test_an_institution_held_back_may_read_and_remove(
    world: World, state: InstitutionState
) -> None:
    """It has the hub ask no server: not by a new webhook, not by a test."""
    webhook = create(world)
    with world.hub.db.session() as session:
        session.get_one(Institution, world.lead.institution).state = state
    with world.hub.db.session() as session:
        actor = held(session, world.lead.administrator)
        row = queries.get(session, actor, webhook)
        with pytest.raises(NotAllowed, match="The operators"):
            webhooks.test(session, actor, row)
        webhooks.remove(session, actor, row)
    with pytest.raises(NotAllowed, match="The operators"):
        create(world, actor=actor)


def test_the_secret_is_sealed_and_forgotten(world: World) -> None:
    webhook, secret = making.hook(world, URL)
    row = making.row(world, webhook)
    assert secret.startswith("whsec_") and secret not in row.secret
    assert open_(world.hub.settings, row.secret).decode() == secret
    with world.hub.db.session() as session:
        found = session.get_one(Webhook, webhook)
        webhooks.rotate(session, world.hub.settings, world.lead.administrator, found)
        assert found.old_secret is not None
        webhooks.remove(session, world.lead.administrator, found)
    row = making.row(world, webhook)
    assert (row.secret, row.old_secret) == ("", None)
    with world.hub.db.reading() as session, pytest.raises(NotFound):
        queries.get(session, world.lead.administrator, webhook)


def test_two_people_change_one_webhook(world: World) -> None:
    webhook = create(world)
    with world.hub.db.session() as session:
        row = session.get_one(Webhook, webhook)
        actor, events = world.lead.administrator, [HookEvent.RUN_FAILED]
        webhooks.change(session, actor, row, url=f"{URL}/new", events=events, revision=1)
        with pytest.raises(Outdated) as refused:
            webhooks.change(session, actor, row, url=f"{URL}/mine", events=events, revision=1)
    assert refused.value.extra["theirs"] == {"url": f"{URL}/new", "events": ["run.failed"]}
    assert refused.value.extra["mine"]["url"] == f"{URL}/mine"
    assert refused.value.extra["revision"] == 2


def test_every_act_is_an_event(world: World) -> None:
    webhook = create(world)
    actor = world.lead.administrator
    with world.hub.db.session() as session:
        row = session.get_one(Webhook, webhook)
        webhooks.change(session, actor, row, url=URL, events=[HookEvent.RUN_FAILED], revision=1)
        webhooks.rotate(session, world.hub.settings, actor, row)
        sent = webhooks.test(session, actor, row)
        assert delivering.take(session, world.hub.settings, sent.id) is not None
        delivering.done(session, sent.id, delivering.Outcome(5, 410))
        webhooks.turn_on(session, actor, row)
        row.held_until = None
        delivering.done(session, sent.id, delivering.Outcome(5, 204))
        webhooks.replay(session, actor, sent.id)
        with pytest.raises(Conflict, match="still waits"):
            webhooks.replay(session, actor, sent.id)
        webhooks.remove(session, actor, row)
    with world.hub.db.reading() as session:
        written = [
            event.kind
            for event in session.scalars(
                select(Event).where(Event.subject == webhook).order_by(Event.number)
            )
        ]
        assert audit.head(session, world.lead.institution)[0] >= len(written)
    assert written == [
        f"webhook.{act}"
        for act in (
            "added",
            "changed",
            "rotated",
            "tested",
            "turned-off",
            "turned-on",
            "replayed",
            "removed",
        )
    ]


def test_whoever_could_turn_it_on_is_told_that_it_is_off(world: World) -> None:
    webhook = create(world)
    acting.propose(world)
    (delivery,) = making.sent(world)
    with world.hub.db.session() as session:
        other = cast.member(
            session, world.lead.institution, "second", Role.ADMINISTRATOR, domain="s.example"
        )
        delivering.take(session, world.hub.settings, delivery)
        delivering.done(session, delivery, delivering.Outcome(5, 410))
        notices.gather(session, now())
    with world.hub.db.reading() as session:
        for person, told in ((other, 1), (world.lead.officer, 0)):
            found = [n for n in news.news(session, person) if n.kind is NoticeKind.WEBHOOK_OFF]
            assert len(found) == told
    with world.hub.db.session() as session:
        row = session.get_one(Webhook, webhook)
        webhooks.turn_on(session, other, row)
        notices.gather(session, now())
        assert [n for n in news.news(session, other) if n.kind is NoticeKind.WEBHOOK_OFF] == []


def test_a_silent_site_is_told_of_once_a_silence(world: World) -> None:
    webhook = create(world, events=[HookEvent.SITE_OFFLINE])
    site = world.lead.site

    def heard(ago: timedelta) -> int:
        with world.hub.db.session() as session:
            session.get_one(Site, site).last_seen = now() - ago
            for other in world.members[1:]:
                session.get_one(Site, other.site).last_seen = now()
        with world.hub.db.session() as session:
            silence.note(session, now())
        with world.hub.db.session() as session:
            silence.note(session, now())
        return len(making.rows(world, webhook))

    assert heard(timedelta(minutes=50)) == 0
    assert heard(timedelta(minutes=70)) == 1
    assert heard(timedelta()) == 1
    assert heard(timedelta(minutes=61)) == 2


def test_nobody_is_told_of_a_closed_site(world: World) -> None:
    with world.hub.db.session() as session:
        site = session.get_one(Site, world.lead.site)
        site.last_seen = now() - timedelta(hours=3)
        hour = now()
        site.readiness = {
            "hours_from": f"{(hour + timedelta(hours=2)):%H:%M}",
            "hours_to": f"{(hour + timedelta(hours=4)):%H:%M}",
        }
        for other in world.members[1:]:
            session.get_one(Site, other.site).last_seen = now()
        assert silence.note(session, hour) == 0


def test_the_list_of_events_is_whole() -> None:
    assert TELLINGS.keys() == set(HookEvent)
    assert len({telling.kind.name for telling in TELLINGS.values()}) == len(TELLINGS)


@pytest.mark.parametrize("source", WebhookState)
@pytest.mark.parametrize("target", WebhookState)
def test_states_of_a_webhook(source: WebhookState, target: WebhookState) -> None:
    on, off, removed = WebhookState.ACTIVE, WebhookState.OFF, WebhookState.REMOVED
    allowed = {(on, off), (off, on), (on, removed), (off, removed)}
    assert (target in WEBHOOK_TRANSITIONS[source]) == ((source, target) in allowed)


@pytest.mark.parametrize("source", DeliveryState)
@pytest.mark.parametrize("target", DeliveryState)
def test_states_of_a_message(source: DeliveryState, target: DeliveryState) -> None:
    waiting = DeliveryState.WAITING
    assert (target in DELIVERY_TRANSITIONS[source]) == ((source is waiting) != (target is waiting))


@pytest.mark.parametrize("module", ["app.main", "worker.hub.app"])
def test_every_process_follows_the_trail(module: str, tmp_path: Path) -> None:
    program = (
        f"import {module}; from app.audit.service import followers; "
        "from app.integrations import outbox; assert followers == [outbox.note], followers"
    )
    done = run(
        [executable, "-c", program],
        capture_output=True,
        text=True,
        env={"COLLEGIUM_ENVIRONMENT": "test", "COLLEGIUM_HOME": str(tmp_path), "PATH": "/usr/bin"},
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr


def test_a_message_says_ids_numbers_and_codes_only(world: World) -> None:
    create(world, events=list(HookEvent))
    acting.propose(world)
    with world.hub.db.reading() as session:
        texts = [d.payload for d in session.scalars(select(Delivery))]
        home = session.get_one(Institution, world.lead.institution)
        assert texts
        assert all(home.name not in t and home.domain not in t for t in texts)
