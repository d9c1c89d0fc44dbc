"""Enrolment over HTTP: one token, one site, one use; no job before the six words were compared."""

import threading
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from app.audit.service import verify
from app.clock import now
from app.errors import NotAllowed, NotFound, StepUpNeeded
from app.institutions.models import Institution, SchoolClass
from app.sites import queries, service
from app.sites.errors import WordsDiffer
from app.sites.models import EnrolmentToken, Job, Site
from app.sites.states import JobState, SiteState
from tests.door.conftest import Door
from tests.door.sender import Sender
from tests.sites import world as worlds
from worker.protocol.messages import ApprovedPolicy, Hello, JoinAnswer, PolicyAcceptance
from worker.protocol.signatures import PrivateKey, PublicKey, six_words


@pytest.fixture
def invited(door: Door) -> tuple[str, str]:
    """A site that has not joined, and its token."""
    with door.hub.db.session() as session:
        home = session.get_one(Institution, door.world.institution)
        site, token = service.add_site(
            session, door.world.administrator, home, "Library", hub_key=door.hub.key.public
        )
        return site.id, token


def join(client: httpx.Client, token: str, key: PrivateKey) -> httpx.Response:
    body = worlds.join_request(token, key).model_dump_json()
    return client.post("/site/v1/join", content=body)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_join_confirm_and_first_job(door: Door, client: httpx.Client, invited) -> None:
    site, token = invited
    key = PrivateKey()
    said = JoinAnswer.model_validate_json(join(client, token, key).content)
    assert said.site == site and said.institution_name == "North School"
    assert token.endswith("." + PublicKey(said.hub_key).fingerprint)
    assert said.words == six_words(door.hub.key.public, key.public, site)
    sender = Sender(client, site, key)
    assert sender.send("/hello").json()["state"] == "waiting-for-confirmation"
    with door.hub.db.session() as session:
        worlds.post(session, door.world, door.hub.key, site)
    assert sender.claim().status_code == 204
    with door.hub.db.session() as session:
        row = session.get_one(Site, site)
        words = " ".join(said.words).upper()
        service.confirm(session, door.world.administrator, row, words, hub_key=door.hub.key.public)
    assert sender.send("/hello").json()["state"] == "ready"
    assert sender.claim().status_code == 200


def test_a_token_is_not_kept_readable(door: Door, invited) -> None:
    with door.hub.db.reading() as session:
        kept = session.scalars(select(EnrolmentToken.token_hash)).all()
    assert all(len(text) == 64 and text not in invited[1] for text in kept)


def test_a_token_works_once(door: Door, client: httpx.Client, invited) -> None:
    assert join(client, invited[1], PrivateKey()).status_code == 200
    assert code(join(client, invited[1], PrivateKey())) == (409, "token-used")


def test_the_same_join_again_is_answered_again(client: httpx.Client, invited) -> None:
    key = PrivateKey()
    assert join(client, invited[1], key).json() == join(client, invited[1], key).json()


def test_of_two_joins_at_once_one_gets_in(door: Door, invited) -> None:
    start, answers = threading.Barrier(2), []

    def one() -> None:
        with httpx.Client(base_url=door.url) as client:
            start.wait()
            answers.append(join(client, invited[1], PrivateKey()).status_code)

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 409]


def test_a_token_lives_a_day(door: Door, client: httpx.Client, invited) -> None:
    with door.hub.db.session() as session:
        token = session.scalars(
            select(EnrolmentToken).where(EnrolmentToken.site_id == invited[0])
        ).one()
        assert timedelta(hours=23) < token.expires - now() <= timedelta(hours=24)
        token.expires = now() - timedelta(seconds=1)
    assert code(join(client, invited[1], PrivateKey())) == (410, "token-expired")


def test_an_unknown_token_is_refused(door: Door, client: httpx.Client) -> None:
    assert code(join(client, "cst_guess.0000", PrivateKey())) == (404, "token-unknown")


def test_a_join_that_does_not_hold_its_key_is_refused(client: httpx.Client, invited) -> None:
    request = worlds.join_request(invited[1], PrivateKey())
    stolen = request.model_copy(update={"key": PrivateKey().public.text})
    answer = client.post("/site/v1/join", content=stolen.model_dump_json())
    assert code(answer) == (401, "bad-signature")


def test_a_new_token_ends_the_old_one(door: Door, client: httpx.Client, invited) -> None:
    with door.hub.db.session() as session:
        site = session.get_one(Site, invited[0])
        token = service.renew_token(
            session, door.world.administrator, site, hub_key=door.hub.key.public
        )
    assert code(join(client, invited[1], PrivateKey())) == (410, "token-expired")
    assert join(client, token, PrivateKey()).status_code == 200


def test_other_words_do_not_confirm(door: Door, client: httpx.Client, invited) -> None:
    join(client, invited[1], PrivateKey())
    with pytest.raises(WordsDiffer), door.hub.db.session() as session:
        site = session.get_one(Site, invited[0])
        service.confirm(
            session,
            door.world.administrator,
            site,
            "abandon ability able about above absent",
            hub_key=door.hub.key.public,
        )


@pytest.mark.parametrize("who", ["reader", "stranger", "tired"])
def test_who_may_not_confirm_or_revoke(door: Door, client: httpx.Client, invited, who) -> None:
    from dataclasses import replace

    expected = {"reader": NotAllowed, "stranger": NotFound, "tired": StepUpNeeded}[who]
    world = door.world
    actor = replace(world.administrator, stepped_up=None) if who == "tired" else getattr(world, who)
    join(client, invited[1], PrivateKey())
    with pytest.raises(expected), door.hub.db.session() as session:
        site = session.get_one(Site, invited[0])
        words = " ".join(queries.words(door.hub.key.public, site))
        service.confirm(session, actor, site, words, hub_key=door.hub.key.public)
    with pytest.raises(expected), door.hub.db.session() as session:
        service.revoke(session, actor, session.get_one(Site, invited[0]))


def test_revoking_cancels_what_waits(door: Door) -> None:
    job = door.post()
    with door.hub.db.session() as session:
        service.revoke(session, door.world.administrator, session.get_one(Site, door.site))
    with door.hub.db.reading() as session:
        assert session.get_one(Job, job).state is JobState.CANCELLED
        assert session.get_one(Site, door.site).state is SiteState.REVOKED


def accept(door: Door, version: int, digest: str, **lie: str) -> httpx.Response:
    said = PolicyAcceptance(
        site=lie.get("site", door.site), version=version, digest=digest, accepted=now()
    )
    return door.sender.send("/policy/accept", {"signed": door.key.seal(said).model_dump()})


def approve(door: Door, number: int, **leaves: bool) -> str:
    with door.hub.db.session() as session:
        by = door.world.administrator.person
        return worlds.policy(session, door.world.institution, by, number, **leaves).digest


def test_a_policy_comes_into_force_when_the_site_accepts_it(door: Door) -> None:
    digest = approve(door, 1, class_codes=True)
    offered = Hello.model_validate_json(door.sender.send("/hello").content)
    assert offered.policy_in_force is None
    assert offered.policy_offered is not None
    sealed = door.hub.key.public.open(offered.policy_offered)
    policy = ApprovedPolicy.model_validate_json(sealed)
    assert (policy.digest, policy.approved_by) == (digest, "ada")
    assert accept(door, 1, digest).status_code == 204
    assert door.sender.send("/hello").json()["policy_in_force"] == digest
    assert accept(door, 1, digest).status_code == 204  # again: nothing more


def test_before_the_words_are_confirmed_a_site_is_offered_no_policy_and_accepts_none(
    door: Door, client: httpx.Client, invited
) -> None:
    """Who stole a token learns neither the policy nor who approved it."""
    digest = approve(door, 1)
    site, token = invited
    thief = Sender(client, site, PrivateKey())
    assert join(client, token, thief.key).status_code == 200
    assert thief.send("/hello").json()["policy_offered"] is None
    said = PolicyAcceptance(site=site, version=1, digest=digest, accepted=now())
    answer = thief.send("/policy/accept", {"signed": thief.key.seal(said).model_dump()})
    assert code(answer) == (403, "not-confirmed")


def test_an_older_policy_is_refused(door: Door) -> None:
    old, new = approve(door, 1, metrics=True), approve(door, 2)
    assert accept(door, 2, new).status_code == 204
    assert code(accept(door, 1, old)) == (409, "policy-not-offered")


def test_what_is_not_our_approved_policy_is_refused(door: Door) -> None:
    digest = approve(door, 1)
    assert code(accept(door, 1, "e" * 64)) == (409, "policy-not-offered")
    assert code(accept(door, 9, digest)) == (409, "policy-not-offered")
    assert code(accept(door, 1, digest, site="site_other")) == (401, "bad-signature")
    with door.hub.db.session() as session:
        by = door.world.administrator.person
        foreign = worlds.policy(session, door.world.other, by, 3, metrics=True).digest
    assert code(accept(door, 3, foreign)) == (409, "policy-not-offered")


def offer(door: Door, *codes: str) -> httpx.Response:
    return door.sender.send("/classes", {"classes": [{"code": c, "term": "2026"} for c in codes]})


def test_class_codes_leave_only_if_the_policy_in_force_lets_them(door: Door) -> None:
    closed = approve(door, 1)
    assert code(offer(door, "7b")) == (403, "closed-by-policy")
    accept(door, 1, closed)
    assert code(offer(door, "7b")) == (403, "closed-by-policy")
    accept(door, 2, approve(door, 2, class_codes=True))
    assert offer(door, "7b", "7c", "7b").status_code == 204
    assert offer(door, "7b").status_code == 204
    with door.hub.db.reading() as session:
        rows = session.scalars(select(SchoolClass).order_by(SchoolClass.code)).all()
    assert [(row.code, row.confirmed, row.offered_by) for row in rows] == [
        ("7b", None, door.site),
        ("7c", None, door.site),
    ]


def test_readiness_is_kept_with_its_time(door: Door) -> None:
    items = [{"item": "disk", "ok": False, "number": 3.5}]
    said = {"software": "1.2", "items": items, "hours_from": "20:00", "hours_to": "06:00"}
    assert door.sender.send("/readiness", said).status_code == 204
    with door.hub.db.reading() as session:
        site = session.get_one(Site, door.site)
    assert site.readiness["items"][0]["item"] == "disk" and site.software == "1.2"
    assert "at" in site.readiness


@pytest.mark.parametrize("word", ["Alice Example", "disk\nfull"])
def test_readiness_takes_no_free_text(door: Door, word: str) -> None:
    said = {"software": "1", "items": [{"item": word, "ok": True}]}
    assert code(door.sender.send("/readiness", said)) == (422, "invalid")


def test_a_key_in_use_cannot_be_announced(door: Door, client: httpx.Client) -> None:
    taken = door.other(client).key.public.text
    for key in (taken, door.key.public.text, "not a key"):
        assert code(door.sender.send("/key", {"key": key})) == (422, "invalid")


def test_every_act_is_in_the_institutions_chain_and_the_chain_holds(door: Door) -> None:
    accept(door, 1, approve(door, 1))
    door.begun()
    with door.hub.db.reading() as session:
        assert verify(session, door.world.institution) is None
        from app.audit.models import Event

        kinds = list(session.scalars(select(Event.kind).order_by(Event.number)))
    assert kinds[:4] == ["site.added", "site.token-made", "site.joined", "site.confirmed"]
    assert kinds[4:] == ["site.policy-accepted", "job.posted", "job.claimed", "job.confirmed"]
