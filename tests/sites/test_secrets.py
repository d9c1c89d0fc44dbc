"""Secrets at rest, tokens, names, and the hub's key: made once, sealed, never replaced."""

import base64
import stat
import threading
from pathlib import Path

import pytest

from app import hub, secrets
from app.errors import Invalid
from app.hub import NoHubKey, hub_key
from app.names import clean_name
from app.settings import Settings
from worker.protocol.signatures import PrivateKey


def settings(home: Path, secret: str = "k" * 40) -> Settings:
    made = Settings(environment="test", home=home)
    return made.model_copy(update={"secret_key": secret})


def test_what_is_sealed_opens_with_the_same_key_only(tmp_path: Path) -> None:
    sealed = secrets.seal(settings(tmp_path), b"totp seed")
    assert "totp" not in sealed
    assert sealed != secrets.seal(settings(tmp_path), b"totp seed")
    assert secrets.open_(settings(tmp_path), sealed) == b"totp seed"
    with pytest.raises(secrets.CannotOpen):
        secrets.open_(settings(tmp_path, "other" * 8), sealed)


@pytest.mark.parametrize("wrong", ["", "AAAA", "not base64 at all", "é"])
def test_what_was_not_sealed_does_not_open(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(secrets.CannotOpen):
        secrets.open_(settings(tmp_path), wrong)


def test_a_changed_seal_does_not_open(tmp_path: Path) -> None:
    raw = bytearray(base64.urlsafe_b64decode(secrets.seal(settings(tmp_path), b"seed")))
    raw[-1] ^= 1
    with pytest.raises(secrets.CannotOpen):
        secrets.open_(settings(tmp_path), base64.urlsafe_b64encode(bytes(raw)).decode())


def test_tokens_differ_and_hash_the_same() -> None:
    one, two = secrets.new_token("clg_"), secrets.new_token("clg_")
    assert one != two and one.startswith("clg_") and len(one) > 40
    assert secrets.token_hash(one) == secrets.token_hash(one) != secrets.token_hash(two)


def test_the_hubs_key_is_made_once_and_sealed(tmp_path: Path) -> None:
    first = hub_key(settings(tmp_path))
    assert hub_key(settings(tmp_path)).seed == first.seed
    kept = tmp_path / "hub-key"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    text = base64.urlsafe_b64encode(first.seed).decode().rstrip("=")
    assert text not in kept.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["hub-key"]


def test_eight_processes_at_first_start_get_one_key(tmp_path: Path) -> None:
    start, keys = threading.Barrier(8), []

    def one() -> None:
        start.wait()
        keys.append(hub_key(settings(tmp_path)).seed)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8 and len(set(keys)) == 1


def test_another_secret_refuses_and_makes_no_new_key(tmp_path: Path) -> None:
    hub_key(settings(tmp_path))
    before = (tmp_path / "hub-key").read_text()
    with pytest.raises(NoHubKey, match="another SECRET_KEY"):
        hub_key(settings(tmp_path, "other" * 8))
    assert (tmp_path / "hub-key").read_text() == before


def test_the_key_may_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = PrivateKey()
    text = base64.urlsafe_b64encode(key.seed).decode().rstrip("=")
    monkeypatch.setenv("HUB_KEY", text)
    assert hub_key(settings(tmp_path)).seed == key.seed
    monkeypatch.setenv("HUB_KEY", "short")
    with pytest.raises(NoHubKey, match="32 bytes"):
        hub_key(settings(tmp_path))


def test_build_gives_effects_to_the_doorbell(tmp_path: Path, redis_url: str) -> None:
    from app.effects import Ring, after_commit

    built = hub.build(settings(tmp_path).model_copy(update={"redis_url": redis_url}))
    rung: list[str] = []
    built.doorbell.ring = rung.append  # type: ignore[method-assign]
    with built.db.session() as session:
        after_commit(session, Ring("run:1"))
        assert rung == []
    assert rung == ["run:1"]
    built.close()


@pytest.mark.parametrize(
    ("typed", "kept"), [("  Lab 1 ", "Lab 1"), ("Zu\u0308rich", "Zürich"), ("校舎", "校舎")]
)
def test_a_name_is_kept_in_one_form(typed: str, kept: str) -> None:
    assert clean_name(typed) == kept


@pytest.mark.parametrize(
    "typed",
    ["", "   ", "x" * 121, "two\nlines", "nul\x00", "bidi\u202eexe", "zero\u2066x", "\ud800"],
)
def test_a_name_that_misleads_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean_name(typed, field="title")
    assert "title" in refused.value.errors
