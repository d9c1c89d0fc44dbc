"""Who is told what, once; what stops being true is settled; one digest a person and hour, by a real mail server."""

from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from sqlalchemy import select, update

from app.access.permissions import Permission
from app.clock import now
from app.federations import handover
from app.federations import service as federations
from app.federations.models import Federation
from app.hub import Hub
from app.notices import queries, service, words
from app.notices.models import Notice
from app.notices.states import NoticeKind
from app.people import tokens
from app.people.models import ApiToken, Person
from app.policies import service as policies
from app.policies.models import PolicyVersion
from app.runs import rounds
from app.runs import service as runs
from app.runs.models import Round, Run
from app.sites.models import Site
from tests.mailserver import mailserver
from tests.runs import world as acting
from tests.runs.world import World
from worker.hub.telling import tell


def gather(world: World, at: datetime | None = None) -> int:
    with world.hub.db.session() as session:
        return service.gather(session, at or now())


def told(world: World, kind: NoticeKind) -> list[Notice]:
    with world.hub.db.reading() as session:
        query = select(Notice).where(Notice.kind == kind, Notice.settled.is_(None))
        return list(session.scalars(query.order_by(Notice.id)))


def who(found: list[Notice]) -> set[str]:
    return {row.person_id for row in found}


def silence(world: World, hours: float, **readiness: str) -> None:
    with world.hub.db.session() as session:
        site = session.get_one(Site, world.lead.site)
        site.last_seen = now() - timedelta(hours=hours)
        site.readiness = dict(readiness)


def test_an_approval_is_told_to_officers_and_settled_by_their_answer(world: World) -> None:
    member = world.members[1]
    with world.hub.db.session() as session:
        wanted = acting.POLICY.model_copy(update={"approval": "hub"})
        acting.set_policy(session, member, wanted)
    run_id = acting.propose(world)
    assert gather(world) == 1
    (found,) = told(world, NoticeKind.APPROVAL_WANTED)
    assert found.person_id == member.officer.person
    assert found.facts["path"].startswith(f"/i/{member.institution}/approvals/")
    assert "asks to approve run 1" in words.sentence(found)
    assert gather(world) == 0, "once"
    with world.hub.db.session() as session:
        run = session.get_one(Run, run_id)
        runs.approve(session, member.officer, run, member.institution)
    gather(world)
    assert told(world, NoticeKind.APPROVAL_WANTED) == []


def test_a_draft_at_rest_is_told_to_another_person(world: World) -> None:
    lead = world.lead
    with world.hub.db.session() as session:
        policies.draft(session, lead.administrator, lead.institution)
    gather(world)
    assert told(world, NoticeKind.POLICY_WANTED) == [], "its drafter is still at work"
    gather(world, now() + timedelta(hours=2))
    assert who(told(world, NoticeKind.POLICY_WANTED)) == {lead.officer.person}
    with world.hub.db.session() as session:
        session.execute(update(PolicyVersion).values(drafted_by=lead.officer.person))
    gather(world, now() + timedelta(hours=2))
    assert told(world, NoticeKind.POLICY_WANTED) == []


def test_a_silent_site_in_its_hours(world: World) -> None:
    silence(world, 0.9)
    gather(world)
    assert told(world, NoticeKind.SITE_OFFLINE) == []
    silence(world, 1.1)
    gather(world)
    found = told(world, NoticeKind.SITE_OFFLINE)
    assert who(found) == {world.lead.administrator.person}
    assert "has not been heard since" in words.sentence(found[0])
    silence(world, 0)
    gather(world)
    assert told(world, NoticeKind.SITE_OFFLINE) == [], "it is back"


def test_a_site_outside_its_hours_is_not_offline(world: World) -> None:
    at = datetime(2026, 11, 25, 3, 0, tzinfo=now().tzinfo)
    with world.hub.db.session() as session:
        site = session.get_one(Site, world.lead.site)
        site.last_seen = at - timedelta(hours=8)
        site.readiness = {"hours_from": "07:00", "hours_to": "19:00", "time_zone": "UTC"}
    gather(world, at)
    assert told(world, NoticeKind.SITE_OFFLINE) == []
    gather(world, at + timedelta(hours=5))
    assert len(told(world, NoticeKind.SITE_OFFLINE)) == 1


def test_a_void_round_is_told_to_the_lead_and_stays(world: World) -> None:
    run_id = acting.running(world)
    with world.hub.db.session() as session:
        session.execute(update(Round).values(deadline=now() - timedelta(seconds=1)))
        found = session.scalars(select(Round).where(Round.run_id == run_id)).one()
        rounds.consider(session, found.id)
        session.refresh(found)
        assert found.state.value == "void"
    gather(world)
    (row,) = told(world, NoticeKind.ROUND_VOID)
    assert row.person_id == world.lead.administrator.person
    gather(world, now() + timedelta(days=3))
    assert len(told(world, NoticeKind.ROUND_VOID)) == 1, "it has happened"
    gather(world, now() + timedelta(days=91))
    assert told(world, NoticeKind.ROUND_VOID) == [], "and is forgotten"


def test_a_token_about_to_expire(world: World) -> None:
    lead = world.lead
    with world.hub.db.session() as session:
        row, _text = tokens.mint(
            session, lead.administrator, lead.institution, "Timetable", [Permission.CLASS_READ], 30
        )
    gather(world)
    assert told(world, NoticeKind.TOKEN_EXPIRING) == []
    gather(world, now() + timedelta(days=17))
    (found,) = told(world, NoticeKind.TOKEN_EXPIRING)
    assert "“Timetable” stops working on" in words.sentence(found)
    with world.hub.db.session() as session:
        session.get_one(ApiToken, row.id).revoked = now()
    gather(world, now() + timedelta(days=17))
    assert told(world, NoticeKind.TOKEN_EXPIRING) == []


def test_an_offered_lead_is_told_to_who_may_take_it_and_settled_by_the_answer(world: World) -> None:
    to = world.members[2]
    for _again in range(2):
        with world.hub.db.session() as session:
            federation = session.get_one(Federation, world.federation)
            handover.offer(session, world.lead.administrator, federation, to.institution)
        gather(world)
        (found,) = told(world, NoticeKind.LEAD_OFFERED)
        assert found.person_id == to.administrator.person
        assert "is offered to your institution" in words.sentence(found)
        assert found.facts["path"] == f"/federations/{world.federation}/lead"
        with world.hub.db.session() as session:
            federation = session.get_one(Federation, world.federation)
            handover.decline(session, to.administrator, federation)
        gather(world)
        assert told(world, NoticeKind.LEAD_OFFERED) == []


def test_changed_terms_are_told_to_who_may_accept(world: World) -> None:
    with world.hub.db.session() as session:
        federation = session.get_one(Federation, world.federation)
        terms = acting.TERMS.model_copy(update={"rounds": 4})
        federations.change_terms(
            session,
            world.lead.administrator,
            federation,
            terms=terms,
            revision=federation.revision,
        )
    gather(world)
    expected = {p for m in world.members[1:] for p in (m.administrator.person, m.officer.person)}
    assert who(told(world, NoticeKind.TERMS_CHANGED)) == expected


# Mail.


def with_mail(world: World, url: str) -> Hub:
    return replace(world.hub, settings=world.hub.settings.model_copy(update={"mail_url": url}))


def two_things(world: World) -> str:
    """For the lead's administrator: a silent site and a token. Returns the address."""
    silence(world, 5)
    lead = world.lead
    with world.hub.db.session() as session:
        tokens.mint(
            session, lead.administrator, lead.institution, "Clock", [Permission.CLASS_READ], 5
        )
        return session.get_one(Person, lead.administrator.person).email


def test_one_digest_by_smtp(world: World) -> None:
    address = two_things(world)
    with mailserver() as box:
        hub = with_mail(world, box.url)
        assert tell(hub) == 1
        (mail,) = box.taken
        body = mail.get_content()
        assert (mail["To"], mail["Subject"]) == (address, "2 messages from Collegium hub")
        assert "has not been heard since" in body and "“Clock” stops working" in body
        assert f"http://127.0.0.1:8000/i/{world.lead.institution}/sites/" in body
        assert tell(hub) == 0, "told"


def test_no_second_mail_within_the_hour(world: World) -> None:
    two_things(world)
    with mailserver() as box:
        hub = with_mail(world, box.url)
        assert tell(hub) == 1
        silence(world, 6)
        assert tell(hub) == 0
        with world.hub.db.session() as session:
            later = service.take_digests(session, hub.settings, now() + timedelta(minutes=61))
            assert [len(d.notices) for d in later] == [1]


def test_a_server_that_refuses_is_tried_again(world: World) -> None:
    two_things(world)
    with mailserver() as box:
        hub = with_mail(world, box.url)
        box.refusing = True
        assert tell(hub) == 0
        assert box.taken == []
        box.refusing = False
        assert tell(hub) == 1
    away = with_mail(world, "smtp://127.0.0.1:9")
    silence(world, 7)
    with world.hub.db.session() as session:
        for digest in service.take_digests(session, hub.settings, now()):
            service.give_back(session, digest)
    assert tell(away) == 0


def test_a_folder_in_development(world: World) -> None:
    address = two_things(world)
    assert tell(world.hub) == 1
    (path,) = (world.hub.settings.home / "mail").glob("*.eml")
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    assert mail["To"] == address


def test_in_the_readers_language(world: World) -> None:
    two_things(world)
    with world.hub.db.session() as session:
        session.get_one(Person, world.lead.administrator.person).locale = "de"
    with mailserver() as box:
        tell(with_mail(world, box.url))
        assert box.taken[0]["Subject"] == "2 Nachrichten von Collegium hub"


def test_muted_kinds_and_read_ones_are_not_mailed(world: World) -> None:
    two_things(world)
    lead = world.lead.administrator
    with world.hub.db.session() as session:
        service.choose(session, lead, [NoticeKind.TOKEN_EXPIRING])
        assert NoticeKind.SITE_OFFLINE in queries.muted(session, lead.person)
    with mailserver() as box:
        hub = with_mail(world, box.url)
        assert tell(hub) == 1
        assert "has not been heard since" not in box.taken[0].get_content()
        with world.hub.db.session() as session:
            service.choose(session, lead, NoticeKind)
            assert len(queries.news(session, lead)) == 2
            assert service.read(session, lead) == 2
            assert queries.news(session, lead) == []
            assert service.take_digests(session, hub.settings, now() + timedelta(hours=2)) == []


def test_one_sees_ones_own_only(world: World) -> None:
    two_things(world)
    gather(world)
    with world.hub.db.session() as session:
        assert queries.news(session, world.members[1].administrator) == []
        assert queries.news(session, world.stranger) == []
        assert service.read(session, world.stranger) == 0
        assert len(queries.news(session, world.lead.administrator)) == 2


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_every_kind_has_words(kind: NoticeKind) -> None:
    assert words.kind(kind)
