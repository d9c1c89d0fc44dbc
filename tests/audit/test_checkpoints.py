"""Checkpoints the hub stores while a chain grows: what was cut back or rewritten behind one is found and named."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, event, update
from sqlalchemy.orm import Session

from app.audit import checkpoint, export, kinds, queries
from app.audit.collegium_audit import check
from app.audit.marks import Broken
from app.audit.models import HUB_CHAIN, Chain, Event, StoredCheckpoint
from app.audit.service import digest_event, record
from app.cli import main
from app.clock import now
from app.db import Database
from app.hub import Hub, hub_key
from app.settings import Settings, get_settings
from tests.cast import Cast
from worker.hub.checkpoints import store as store_due
from worker.protocol.canonical import canonical
from worker.protocol.signatures import PrivateKey

KEY = PrivateKey()
BEGIN = now()


def grow(session: Session, chain: str, count: int) -> None:
    for _number in range(count):
        record(session, "hub", kinds.FACTOR_RESET, chain=chain, subject="hub")
    session.expire_all()


def exported(session: Session, chain: str, key: PrivateKey = KEY) -> list[bytes]:
    return b"".join(export.whole(lambda: nullcontext(session), chain, key)).splitlines()


def stored(session: Session, cast: Cast, chain: str) -> list[bytes]:
    return export.stored_lines(
        session,
        cast.operator if chain == HUB_CHAIN else cast.officer,
        None if chain == HUB_CHAIN else chain,
        KEY.public,
    ).splitlines()


@pytest.fixture(params=["institution", "hub"])
def chain(request: pytest.FixtureRequest, session: Session, cast: Cast) -> str:
    """With checkpoints stored at its events 5, 10 and 15, and two events after the last."""
    found = HUB_CHAIN if request.param == "hub" else cast.institution
    session.execute(delete(Event).where(Event.chain_id == found))
    session.execute(delete(Chain).where(Chain.id == found))
    for day in range(3):
        grow(session, found, 5)
        assert checkpoint.store(session, KEY, found, BEGIN + timedelta(days=day))
        assert not checkpoint.store(session, KEY, found, BEGIN), "nothing happened since"
    grow(session, found, 2)
    return found


def rebuild(session: Session, chain: str, first: int, last: int, *, change: bool = True) -> None:
    """Whoever can write the database ends the chain at `last` and, from `first` on, makes it anew."""
    session.execute(delete(Event).where(Event.chain_id == chain, Event.number > last))
    previous = ""
    for row in queries.walk(session, chain):
        if row.number >= first and change:
            row.actor, row.previous = "site_" + "0" * 22, previous
            row.digest = digest_event(row)
        previous = row.digest
    session.flush()
    ended = update(Chain).where(Chain.id == chain).values(length=last, head=previous)
    session.execute(ended)
    session.expire_all()


def test_what_was_stored_holds_and_stands_at_the_head(session: Session, chain: str) -> None:
    lines = exported(session, chain)
    held = check(lines, KEY.public.text)
    assert (held.events, held.stored, held.kept) == (17, 3, 0)
    said = [json.loads(json.loads(line)["stored"]["payload"]) for line in lines[:3]]
    assert [one["number"] for one in said] == [5, 10, 15]
    assert check(lines).key == KEY.public.text


@pytest.mark.parametrize(
    ("first", "last", "code", "named", "says"),
    [
        (99, 12, "cut-back", 13, "cut back to event 12: stored checkpoint 3"),
        (99, 4, "cut-back", 5, "cut back to event 4: stored checkpoint 1"),
        (3, 17, "rewritten", 5, "stored checkpoint 1"),
        (12, 17, "rewritten", 15, "stored checkpoint 3"),
        (1, 2, "cut-back", 3, "stored checkpoint 1"),
        (7, 20, "rewritten", 10, "stored checkpoint 2"),
    ],
)
def test_a_chain_cut_back_or_rebuilt_as_a_whole_is_named(
    session: Session, chain: str, first: int, last: int, code: str, named: int, says: str
) -> None:
    """The hub signs the end of what it then finds: without stored checkpoints every one of these files would hold."""
    grow(session, chain, max(0, last - 17))
    rebuild(session, chain, first, last)
    with pytest.raises(Broken, match=says) as found:
        check(exported(session, chain), KEY.public.text)
    assert (found.value.code, found.value.event) == (code, named)


def taken_out(place: int) -> Callable[[list[bytes]], None]:
    return lambda lines: lines.__delitem__(place)


def swapped(lines: list[bytes]) -> None:
    lines[0], lines[1] = lines[1], lines[0]


def changed(place: int, what: str, by: str) -> Callable[[list[bytes]], None]:
    def do(lines: list[bytes]) -> None:
        row = json.loads(lines[place])
        text = row["stored"][what]
        row["stored"][what] = text.replace('"number":', f'"number":{by}') if by else text[::-1]
        lines[place] = canonical(row)

    return do


@pytest.mark.parametrize(
    ("damage", "code", "says"),
    [
        (taken_out(0), "checkpoint-missing", "stored checkpoint 1 is missing"),
        (taken_out(1), "checkpoint-missing", "stored checkpoint 2 is missing"),
        (taken_out(2), "checkpoint-missing", "stored checkpoint 3 is missing: the hub signed 3"),
        (swapped, "checkpoint-missing", "stored checkpoint 1 is missing"),
        (lambda lines: lines.insert(1, lines[0]), "checkpoint-changed", "another order"),
        (changed(0, "payload", "1"), "checkpoint-changed", "stored checkpoint 1 was changed"),
        (changed(1, "payload", "1"), "checkpoint-changed", "stored checkpoint 2 was changed"),
        (changed(2, "payload", "1"), "checkpoint-unsigned", "stored checkpoint 3 was not signed"),
        (changed(0, "signature", ""), "checkpoint-changed", "stored checkpoint 1 was changed"),
        (changed(2, "signature", ""), "checkpoint-unsigned", "stored checkpoint 3 was not signed"),
        (lambda lines: lines.__setitem__(1, lines[1] + b" "), "checkpoint-changed", "as the hub"),
        (lambda lines: lines.__delitem__(slice(3, None)), "cut-off", "cut off after event 0"),
    ],
)
def test_a_checkpoint_taken_out_or_changed_is_named(
    session: Session, chain: str, damage: Callable[[list[bytes]], None], code: str, says: str
) -> None:
    lines = exported(session, chain)
    damage(lines)
    with pytest.raises(Broken, match=says) as found:
        check(lines, KEY.public.text)
    assert found.value.code == code


def test_a_checkpoint_deleted_at_the_hub_is_missing(session: Session, chain: str) -> None:
    one = (StoredCheckpoint.chain_id == chain) & (StoredCheckpoint.place == 2)
    session.execute(delete(StoredCheckpoint).where(one))
    with pytest.raises(Broken, match="stored checkpoint 2 is missing: number 3 stands here"):
        check(exported(session, chain), KEY.public.text)


def test_what_was_kept_elsewhere_finds_the_hub_itself(
    session: Session, cast: Cast, chain: str
) -> None:
    """A hub that drops its checkpoints, rewrites the chain, stores new ones and signs: the file is of one piece."""
    kept = stored(session, cast, chain)
    assert check(exported(session, chain), KEY.public.text, kept=kept).kept == 3
    session.execute(delete(StoredCheckpoint).where(StoredCheckpoint.chain_id == chain))
    session.execute(update(Chain).where(Chain.id == chain).values(checkpoints=0, checkpoint=""))
    rebuild(session, chain, 8, 12)
    checkpoint.store(session, KEY, chain, BEGIN)
    forged = exported(session, chain)
    assert check(forged, KEY.public.text).stored == 1
    with pytest.raises(Broken, match=r"kept checkpoint 2 of .* names another digest") as found:
        check(forged, KEY.public.text, kept=kept)
    assert (found.value.code, found.value.event) == ("rewritten", 10)
    with pytest.raises(Broken, match="cut back to event 12: kept checkpoint 3"):
        check(forged, KEY.public.text, kept=kept[2:])
    lied = [line.replace(b'number\\":5', b'number\\":4') for line in kept]
    assert lied[0] != kept[0]
    with pytest.raises(Broken, match="kept checkpoint 1 was not signed by this key"):
        check(forged, kept=lied)


def test_a_kept_checkpoint_of_another_chain_is_told(
    session: Session, cast: Cast, chain: str
) -> None:
    grow(session, cast.other, 3)
    checkpoint.store(session, KEY, cast.other, BEGIN)
    end = queries.end(session, cast.other)
    rows = queries.stored(session, cast.other, end.checkpoints)
    text = {"payload": rows[0].payload, "signature": rows[0].signature}
    line = canonical({"hub_key": KEY.public.text, "stored": text})
    with pytest.raises(Broken, match="kept checkpoint 1 is of another chain"):
        check(exported(session, chain), KEY.public.text, kept=[line])


def test_when_one_is_due(session: Session, chain: str, cast: Cast) -> None:
    last = BEGIN + timedelta(days=2)
    assert chain not in queries.due(session, last + timedelta(hours=23))
    assert chain in queries.due(session, last + timedelta(days=1))
    session.execute(update(Chain).where(Chain.id == chain).values(length=15 + queries.EVENTS))
    assert chain in queries.due(session, last + timedelta(hours=1)), "a thousand events later"
    session.execute(update(Chain).where(Chain.id == chain).values(length=15))
    assert chain not in queries.due(session, last + timedelta(days=9)), "nothing happened"
    grow(session, cast.other, 1)
    assert cast.other in queries.due(session, BEGIN), "the first one"


@contextmanager
def fetched(db: Database) -> Iterator[list[str]]:
    """Statements that read events, as they are sent."""
    seen: list[str] = []

    def note(_c: object, _k: object, statement: str, *_rest: object) -> None:
        if "FROM audit_event" in statement:
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)


def test_a_file_is_made_while_it_is_fetched_and_never_whole(
    db: Database, settings: Settings
) -> None:
    with db.session() as session:
        grow(session, HUB_CHAIN, 2 * queries.WALK + 7)
    with fetched(db) as seen:
        pieces = export.whole(db.reading, HUB_CHAIN, KEY)
        assert next(pieces) == b"" and seen == [], "no checkpoint is stored, and no event read"
        sizes = []
        for piece in pieces:
            sizes.append(piece.count(b"\n"))
            assert len(seen) == min(len(sizes), 3), "a page is read when it is asked for"
            assert db.engine.pool.checkedout() == 0, "and no connection is held between"  # type: ignore[attr-defined]
        assert sizes == [queries.WALK, queries.WALK, 7, 1]
        assert all("LIMIT" in statement for statement in seen)


def test_an_event_written_meanwhile_belongs_to_the_next_file(db: Database) -> None:
    with db.session() as session:
        grow(session, HUB_CHAIN, 3)
    pieces = export.whole(db.reading, HUB_CHAIN, KEY)
    begun = [next(pieces), next(pieces)]
    with db.session() as session:
        grow(session, HUB_CHAIN, 2)
        checkpoint.store(session, KEY, HUB_CHAIN, BEGIN)
    lines = b"".join([*begun, *pieces]).splitlines()
    assert (check(lines).events, check(lines).stored) == (3, 0)


def test_the_worker_stores_and_the_command_exports(
    sqlite_url: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db, key = Database(sqlite_url), hub_key(settings)
    hub = Hub(settings, db, None, None, key)  # type: ignore[arg-type]
    with db.session() as session:
        grow(session, HUB_CHAIN, 4)
    assert (store_due(hub), store_due(hub)) == (1, 0)
    db.engine.dispose()
    for name, value in (
        ("DATABASE_URL", sqlite_url),
        ("COLLEGIUM_ENVIRONMENT", "test"),
        ("COLLEGIUM_HOME", str(tmp_path)),
        ("SECRET_KEY", settings.secret_key),
    ):
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    file, script = tmp_path / "hub.jsonl", tmp_path / "check.py"
    run = CliRunner().invoke
    written = run(main, ["audit", "export", str(file)])
    assert written.exit_code == 0, written.output
    checked = run(main, ["audit", "check", str(file), "--key", key.public.text])
    assert "4 events: whole" in checked.output and "stored and met: 1" in checked.output
    assert run(main, ["audit", "script", str(script)]).exit_code == 0
    kept = tmp_path / "kept.jsonl"
    kept.write_bytes(file.read_bytes().splitlines()[0] + b"\n")
    alone = [sys.executable, "-I", "-S", str(script), str(file), "--kept", str(kept)]
    done = subprocess.run(alone, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "kept and met: 1" in done.stdout) == (0, True), done.stderr
    get_settings.cache_clear()
