"""Idempotency-Key on every creation: once done, twice answered; safe with two requests at the same moment."""

import threading
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from app.clock import now
from app.integrations import idempotency
from app.integrations.models import KeptAnswer
from app.web.api import v1
from app.web.api.description import described
from app.web.api.once import HEADER
from tests.api.stage import Stage
from tests.api.table import ROWS, Row
from tests.api.test_routes import problem

CREATIONS = [row for row in ROWS if row.answer == 201]
KEY = {HEADER: "8e03978e-40d5-43dd-bc93-6894a57f9324"}


def kept(stage: Stage) -> int:
    with stage.world.hub.db.reading() as session:
        return session.scalar(select(func.count()).select_from(KeptAnswer)) or 0


def head(stage: Stage, who: str, token: str) -> Any:
    (home,) = stage.people[who].institutions
    return stage.call("GET", f"/institutions/{home}/audit/head", token).json()


def test_every_creation_takes_one() -> None:
    taking = {
        (method.upper(), path.removeprefix("/api/v1").count("/"))
        for path, operations in described(v1)["paths"].items()
        for method, operation in operations.items()
        if HEADER in {p["name"] for p in operation.get("parameters", ())}
    }
    creating = {
        (method.upper(), path.removeprefix("/api/v1").count("/"))
        for path, operations in described(v1)["paths"].items()
        for method, operation in operations.items()
        if "201" in operation["responses"]
    }
    assert taking == creating


@pytest.mark.parametrize("row", CREATIONS, ids=lambda row: row.name)
def test_asked_twice_it_happens_once(stage: Stage, row: Row) -> None:
    if row.before:
        row.before(stage)
    body = row.body(stage) if callable(row.body) else row.body
    path, token = row.path.format(**stage.ids), stage.token(row.who)
    first = stage.call(row.method, path, token, body, KEY)
    assert first.status_code == 201, first.text
    assert "Idempotency-Replayed" not in first.headers
    before = head(stage, row.who, token)
    second = stage.call(row.method, path, token, body, KEY)
    assert (second.status_code, second.content) == (201, first.content)
    assert second.headers["Location"] == first.headers["Location"]
    assert second.headers.get("ETag") == first.headers.get("ETag")
    assert second.headers["Idempotency-Replayed"] == "true"
    assert head(stage, row.who, token) == before
    other = stage.call(row.method, path, token, (body or {}) | {"other": 1}, KEY)
    assert problem(other, 422)["code"] in ("idempotency-key-reused", "invalid")


def add(stage: Stage, token: str, key: str, name: str = "Annexe") -> httpx.Response:
    path = f"/institutions/{stage.ids['institution']}/sites"
    return stage.call("POST", path, token, {"name": name}, {HEADER: key})


def test_the_same_key_for_another_request_is_refused(stage: Stage) -> None:
    token = stage.token("owner")
    assert add(stage, token, "k").status_code == 201
    assert problem(add(stage, token, "k", "Library"), 422)["code"] == "idempotency-key-reused"
    assert add(stage, token, '"k"').headers["Idempotency-Replayed"] == "true"
    assert add(stage, stage.token("owner"), "k", "Gym").status_code == 201, "a key is its token's"


def test_what_failed_may_be_tried_again(stage: Stage) -> None:
    token = stage.token("owner")
    assert add(stage, token, "k", " ").status_code == 422
    assert kept(stage) == 0
    assert add(stage, token, "k", "Annexe").status_code == 201


@pytest.mark.parametrize("key", ["", " ", "a b", "ä", "x" * 300])
def test_a_key_is_visible_ascii(stage: Stage, key: str) -> None:
    headers = {b"authorization": f"Bearer {stage.token('owner')}".encode()}
    headers |= {HEADER.encode(): key.encode(), b"content-type": b"application/json"}
    path = f"/api/v1/institutions/{stage.ids['institution']}/sites"
    answer = stage.client.post(path, content=b'{"name": "Annexe"}', headers=list(headers.items()))
    assert problem(answer, 422)["errors"][0]["field"] == HEADER


def test_secrets_in_an_answer_are_not_kept_in_clear(stage: Stage) -> None:
    told = add(stage, stage.token("owner"), "k").json()["token"]
    with stage.world.hub.db.reading() as session:
        (row,) = session.scalars(select(KeptAnswer))
    assert told not in row.answer and row.answer


def test_after_a_day_a_key_is_free_and_the_sweep_takes_it(stage: Stage) -> None:
    token, old = stage.token("owner"), now() - timedelta(hours=25)
    assert add(stage, token, "k").status_code == 201
    with stage.world.hub.db.session() as session:
        session.execute(update(KeptAnswer).values(created=old))
    again = add(stage, token, "k", "Library")
    assert again.status_code == 201 and again.json()["site"]["name"] == "Library"
    with stage.world.hub.db.session() as session:
        session.execute(update(KeptAnswer).values(created=old))
        assert idempotency.forget(session) == 1
    assert kept(stage) == 0


def test_two_at_the_same_moment_are_one(stage: Stage) -> None:
    """On both databases: the second waits for the first and gets its answer."""
    token, answers = stage.token("owner"), list[httpx.Response]()
    start = threading.Barrier(4)

    def ask() -> None:
        start.wait()
        answers.append(add(stage, token, "same"))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {a.status_code for a in answers} == {201}
    assert len({a.content for a in answers}) == 1
    assert sorted(a.headers.get("Idempotency-Replayed", "") for a in answers) == ["", *["true"] * 3]
    path = f"/institutions/{stage.ids['institution']}/sites"
    names = [s["name"] for s in stage.call("GET", path, token).json()["items"]]
    assert names.count("Annexe") == 1
