"""Who is let in: signed, on time, once, not revoked, not too large."""

import re
from datetime import timedelta

import httpx
import pytest

from app.clock import now
from app.sites import admission, service
from app.sites.admission import forget_nonces
from app.sites.models import Nonce, Site
from app.sites.states import SiteState
from tests.door.conftest import Door
from tests.door.sender import Sender
from tests.web.counting import statements
from worker.protocol import limits, messages
from worker.protocol.signatures import PrivateKey


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def test_hello_says_time_state_and_version(door: Door) -> None:
    answer = messages.Hello.model_validate_json(door.sender.send("/hello").content)
    assert answer.state == "ready" and answer.policy_offered is None


def test_another_key_is_refused(door: Door, client: httpx.Client) -> None:
    stranger = Sender(client, door.site, PrivateKey())
    assert code(stranger.send("/hello")) == (401, "bad-signature")


def test_an_unknown_site_is_refused(door: Door, client: httpx.Client) -> None:
    assert code(Sender(client, "site_none", door.key).send("/hello")) == (401, "bad-signature")


def test_no_headers_at_all_is_refused(door: Door, client: httpx.Client) -> None:
    assert code(client.post("/site/v1/hello")) == (401, "bad-signature")


@pytest.mark.parametrize(
    "header",
    [
        messages.HEADER_SITE,
        messages.HEADER_TIME,
        messages.HEADER_NONCE,
        messages.HEADER_DIGEST,
        messages.HEADER_SIGNATURE,
    ],
)
def test_each_header_is_under_the_signature(door: Door, header: str) -> None:
    right = door.sender.headers("POST", "/site/v1/hello", b"")[header]
    wrong = right[:-2] + ("11" if not right.endswith("11") else "22")
    door.sender.spoil = {header: wrong}
    assert code(door.sender.send("/hello")) == (401, "bad-signature")


def test_path_and_query_are_under_the_signature(door: Door, client: httpx.Client) -> None:
    headers = door.sender.headers("GET", "/site/v1/objects/" + "a" * 64 + "?job=x", b"")
    answer = client.get("/site/v1/objects/" + "a" * 64 + "?job=y", headers=headers)
    assert code(answer) == (401, "bad-signature")


def test_a_changed_body_is_refused(door: Door, client: httpx.Client) -> None:
    headers = door.sender.headers("POST", "/site/v1/claim", b'{"lane":"quick"}')
    answer = client.post("/site/v1/claim", content=b'{"lane":"train"}', headers=headers)
    assert code(answer) == (401, "bad-signature")


def test_the_same_request_twice_is_refused(door: Door) -> None:
    assert door.sender.send("/hello", nonce="n" * 20).status_code == 200
    assert code(door.sender.send("/hello", nonce="n" * 20)) == (401, "replayed")


@pytest.mark.parametrize("off", [-330, 330])
def test_a_clock_far_off_is_refused_with_a_fix(door: Door, off: int) -> None:
    answer = door.sender.send("/hello", off_s=off)
    assert code(answer) == (401, "clock")
    said = int(re.search(r"(\d+) s (ahead of|behind)", answer.json()["detail"])[1])
    assert abs(said - 330) <= 3
    assert "timedatectl" in answer.json()["detail"]


@pytest.mark.parametrize("off", [-280, 280])
def test_a_clock_a_little_off_is_let_in(door: Door, off: int) -> None:
    assert door.sender.send("/hello", off_s=off).status_code == 200


def test_only_the_site_itself_learns_that_its_clock_is_off(
    door: Door, client: httpx.Client
) -> None:
    stranger = Sender(client, door.site, PrivateKey())
    assert code(stranger.send("/hello", off_s=9999)) == (401, "bad-signature")


def test_a_revoked_site_is_out_at_its_next_request(door: Door) -> None:
    assert door.sender.send("/hello").status_code == 200
    with door.hub.db.session() as session:
        site = session.get_one(Site, door.site)
        service.revoke(session, door.world.administrator, site)
    assert code(door.sender.send("/hello")) == (401, "revoked")
    assert code(door.sender.claim()) == (401, "revoked")


def test_a_refused_request_leaves_no_nonce(door: Door, client: httpx.Client) -> None:
    Sender(client, door.site, PrivateKey()).send("/hello")
    with door.hub.db.reading() as session:
        assert session.query(Nonce).count() == 0


def test_a_large_body_is_refused_before_it_is_read(door: Door) -> None:
    assert code(door.sender.send("/readiness", b"x" * (limits.JSON_BYTES + 1))) == (
        413,
        "too-large",
    )


def test_a_body_that_hides_its_size_is_cut_off(door: Door, client: httpx.Client) -> None:
    headers = door.sender.headers("POST", "/site/v1/readiness", b"")

    def endless():
        for _ in range(40):
            yield b"x" * 65536

    answer = client.post("/site/v1/readiness", content=endless(), headers=headers)
    assert code(answer) == (413, "too-large")


def test_a_message_that_cannot_be_read_names_fields_and_not_values(door: Door) -> None:
    answer = door.sender.send("/claim", {"lane": "Alice Example", "more": 1})
    assert code(answer) == (422, "invalid")
    assert "Alice" not in answer.text


def test_a_new_key_is_in_force_at_its_first_use(door: Door, client: httpx.Client) -> None:
    key = PrivateKey()
    assert door.sender.send("/key", {"key": key.public.text}).status_code == 204
    assert door.sender.send("/hello").status_code == 200  # the old one still is
    new = Sender(client, door.site, key)
    assert new.send("/hello").status_code == 200
    assert code(door.sender.send("/hello")) == (401, "bad-signature")
    assert new.send("/hello").status_code == 200


def test_a_stranger_cannot_tell_which_sites_exist_or_were_revoked(
    door: Door, client: httpx.Client
) -> None:
    def told(site: str) -> bytes:
        return Sender(client, site, PrivateKey()).send("/hello").content

    before = told(door.site)
    with door.hub.db.session() as session:
        service.revoke(session, door.world.administrator, session.get_one(Site, door.site))
    assert before == told(door.site) == told("site_none")


def test_one_key_is_written_in_one_way(door: Door) -> None:
    """Else a key in use could be announced again under another spelling."""
    text = door.key.public.text
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = text[:-1] + alphabet[alphabet.index(text[-1]) ^ 1]
    for spelling in (other, text + "=", text[:5] + "!" + text[5:]):
        assert code(door.sender.send("/key", {"key": spelling})) == (422, "invalid")


@pytest.mark.parametrize("off_s", [-290, 0, 290])
def test_a_request_is_remembered_for_as_long_as_it_could_be_let_in(door: Door, off_s: int) -> None:
    """The sweep forgets nonces; a request it forgot must be refused by its time."""
    assert door.sender.send("/hello", nonce="n" * 20, off_s=off_s).status_code == 200
    last = now() + timedelta(seconds=off_s + limits.CLOCK_SKEW_S)
    with door.hub.db.session() as session:
        assert forget_nonces(session, last) == 0
        assert forget_nonces(session, now() + timedelta(seconds=limits.NONCE_KEPT_S + 1)) == 1


def test_the_database_away_is_503_with_a_time_to_wait(door: Door, tmp_path) -> None:
    from app.db import Database

    away = Database("postgresql+psycopg://nobody@127.0.0.1:1/none")
    object.__setattr__(door.hub, "db", away)
    for path, body in (("/hello", b""), ("/claim", {"lane": "train"})):
        answer = door.sender.send(path, body)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0


def test_only_a_running_worker_is_seen(door: Door) -> None:
    """`status`, `check` and `policy review` speak to the hub, too; that does not make a stopped site present."""

    def seen() -> bool:
        with door.hub.db.reading() as session:
            return session.get_one(Site, door.site).last_seen is not None

    with door.hub.db.session() as session:
        session.get_one(Site, door.site).last_seen = None
    assert door.sender.send("/hello").status_code == 200
    assert not seen()
    assert door.sender.send("/hello?by=worker").status_code == 200
    assert seen()


def test_a_claim_is_seen_and_written_at_most_every_ten_seconds(door: Door, monkeypatch) -> None:
    def seen() -> bool:
        """And forgets it again."""
        with door.hub.db.session() as session:
            row = session.get_one(Site, door.site)
            found, row.last_seen = row.last_seen, None
        return found is not None

    seen()
    assert door.sender.claim().status_code == 204
    assert seen()
    assert door.sender.claim().status_code == 204
    assert not seen()
    monkeypatch.setattr(admission, "_SEEN_EVERY", timedelta(0))
    assert door.sender.claim().status_code == 204
    assert seen()


def test_a_site_that_came_in_before_costs_one_statement(door: Door) -> None:
    assert door.sender.send("/hello").status_code == 200
    with statements(door.hub.db) as seen:
        assert door.sender.send("/hello").status_code == 200
    entered = [text for text in seen if "site_nonce" in text]
    assert len(entered) == 1
    assert not [text for text in seen if text.startswith("SELECT") and "next_key" in text[:60]]


def test_what_a_process_remembers_lets_nobody_in(door: Door) -> None:
    """Another process changed the row: the key remembered here holds no more."""
    assert door.sender.send("/hello").status_code == 200
    with door.hub.db.session() as session:
        row = session.get_one(Site, door.site)
        key, row.key = row.key, PrivateKey().public.text
    answer = door.sender.send("/hello")
    assert code(answer) == (401, "bad-signature")
    with door.hub.db.session() as session:
        row = session.get_one(Site, door.site)
        row.key, row.state, row.revoked = key, SiteState.REVOKED, now()
    answer = door.sender.send("/hello")
    assert code(answer) == (401, "revoked")
