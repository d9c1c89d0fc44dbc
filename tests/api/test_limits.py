"""How often a token may ask: told on every answer, held over processes, and never in the way when Redis is away."""

import re
import time

import pytest

from app.limits import Limiter, Policy
from tests.api.stage import Stage
from tests.api.test_routes import problem

MANY = Policy("token", 3, 3600)


@pytest.fixture
def tight(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    settings = stage.world.hub.settings.model_copy(update={"api_requests_per_minute": 3})
    object.__setattr__(stage.world.hub, "settings", settings)
    if time.time() % 60 > 50:  # not over the border of a window
        time.sleep(61 - time.time() % 60)
    return stage


def test_every_answer_says_what_is_left(tight: Stage) -> None:
    token = tight.token("owner")
    for left, path in ((2, "/me"), (1, "/sites/none"), (0, "/me?x=1")):
        answer = tight.call("GET", path, token)
        assert answer.headers["RateLimit-Policy"] == '"token";q=3;w=60'
        assert re.fullmatch(rf'"token";r={left};t=\d{{1,2}}', answer.headers["RateLimit"])
    over = tight.call("GET", "/me", token)
    assert problem(over, 429)["code"] == "too-many"
    assert re.fullmatch(r'"token";r=0;t=(\d+)', over.headers["RateLimit"])
    assert over.headers["Retry-After"] == over.headers["RateLimit"].split("t=")[1]
    assert tight.call("GET", "/me", tight.token("owner")).status_code == 200, "per token"
    assert "RateLimit" not in tight.call("GET", "/me", None).headers


def test_what_is_over_changes_nothing(tight: Stage) -> None:
    token = tight.token("owner")
    for _ in range(3):
        tight.call("GET", "/me", token)
    body = {"name": "Reading together", "purpose": "To see early who needs support."}
    problem(tight.call("POST", "/federations", token, body), 429)
    told = tight.call("GET", "/federations", tight.token("owner")).json()["items"]
    assert [f["name"] for f in told].count("Reading together") == 0


def test_processes_count_together(redis_url: str) -> None:
    one, other = Limiter(redis_url), Limiter(redis_url)
    spent = [limiter.spend(MANY, "t") for limiter in (one, other, one, other)]
    assert [s.left for s in spent] == [2, 1, 0, 0]
    assert [s.over for s in spent] == [False, False, False, True]
    assert not one.spend(MANY, "another").over
    one.close()
    other.close()


def test_without_redis_each_process_counts_for_itself() -> None:
    gone = "redis://127.0.0.1:1/0"
    one, other = Limiter(gone), Limiter(gone)
    begun = time.monotonic()
    assert [one.spend(MANY, "t").left for _ in range(4)] == [2, 1, 0, 0]
    assert one.spend(MANY, "t").over
    assert other.spend(MANY, "t").left == 2
    assert time.monotonic() - begun < 2
    one.close()
    other.close()


def test_redis_that_comes_back_counts_again(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limiter = Limiter("redis://127.0.0.1:1/0")
    assert limiter.spend(MANY, "t").left == 2
    back = Limiter(redis_url)
    limiter._client, limiter._quiet_until = back._client, 0.0
    assert limiter.spend(MANY, "t").left == 2, "Redis counts from its own beginning"
    limiter.close()
