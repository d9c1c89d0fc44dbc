"""The audit trail: adding to a long chain, and checking it offline. `python -m benchmarks.audit --json`.

One institution's chain of 1,000,000 events with 50 stored checkpoints (SQLite, as the embedded hub has it) is exported
(`export_s` with the memory watched, `export_peak_mb` the most Python held) and checked by the shipped
script in a process of its own: `verify_s`, of which `verify_events_per_s`. `append_ms_p95`: an event recorded and
committed at the end of that chain. `tamperings_found`: of 1,000, drawn by a seed, each on a fresh copy of a chain of
2,000 events: a field or a byte changed, with or without its digest, events taken out, put in another order, repeated,
moved in from another chain, rewritten to the end, the file cut off; a stored checkpoint changed or taken out; the chain
cut back behind a stored checkpoint and signed anew with the hub's key. `tamperings_named`: those whose message names
the event. `long_tamperings_found`: of 20, in the chain of 1,000,000.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

import migrations
from app.audit import checkpoint, collegium_audit, export, kinds
from app.audit.marks import Broken
from app.audit.models import Chain, Event
from app.audit.service import event_values, record
from app.db import Database
from benchmarks import harness
from benchmarks.audit_tampering import tampered
from worker.protocol.canonical import digest_of
from worker.protocol.signatures import PrivateKey

CHAIN = "institution_" + "1" * 22
OTHER = "institution_" + "2" * 22
BATCH = 20_000
KEY = PrivateKey(b"a" * 32)
AT = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = (kinds.JOB_POSTED.name, kinds.JOB_CLAIMED.name, kinds.UPDATE_RECEIVED.name)


def fill(session: Session, chain: str, count: int, every: int) -> None:
    """`count` events as `record` writes them, many in one statement; after each `every` a checkpoint is stored."""
    session.add(Chain(id=chain, length=0, head=""))
    session.flush()
    previous, rows = "", []
    for number in range(1, count + 1):
        event = Event(
            id=f"event_{chain[-1]}{number:021d}",
            chain_id=chain,
            number=number,
            at=AT + timedelta(seconds=number),
            actor="site_" + "3" * 22,
            kind=KINDS[number % len(KINDS)],
            subject=f"job_{number:022d}",
            body={"run": "run_" + "4" * 22, "claim": number % 7, "digest": f"{number:064x}"},
            previous=previous,
            digest="",
        )
        previous = digest_of(event_values(event))
        names = [column.key for column in Event.__table__.columns]
        rows.append({name: getattr(event, name) for name in names} | {"digest": previous})
        if len(rows) == every or number == count:
            session.execute(insert(Event), rows)
            ended = update(Chain).where(Chain.id == chain).values(length=number, head=previous)
            session.execute(ended)
            checkpoint.store(session, KEY, chain, event.at)
            rows = []


def write(database: Database, chain: str, file: Path) -> float:
    """As the hub exports it, a page at a time; the most memory that took, in MB."""
    tracemalloc.start()
    with file.open("wb") as out:
        for piece in export.whole(database.reading, chain, KEY):
            out.write(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def append(database: Database, count: int) -> list[float]:
    """Seconds for each event recorded and committed."""
    taken = []
    for number in range(count):
        started = time.perf_counter()
        with database.session() as session:
            subject = f"job_{number:022d}"
            record(session, "hub", kinds.JOB_POSTED, chain=CHAIN, subject=subject)
        taken.append(time.perf_counter() - started)
    return taken


def verify_alone(file: Path) -> float:
    """The script in a process of its own."""
    program = file.with_name("check.py")
    program.write_bytes(export.script())
    started = time.perf_counter()
    script = [sys.executable, "-I", "-S", str(program), str(file)]
    done = subprocess.run([*script, "--key", KEY.public.text], capture_output=True, check=True)
    harness.say(done.stdout.decode().splitlines()[0])
    return time.perf_counter() - started


def tamper(
    lines: list[bytes], others: list[bytes], count: int, draw: random.Random
) -> tuple[int, int]:
    """How many were found, and how many named."""
    found = named = 0
    for _ in range(count):
        name, damaged = tampered(lines, others, KEY, draw)
        try:
            collegium_audit.check(damaged, KEY.public.text)
            harness.say(f"not found: {name}")
        except Broken as error:
            found += 1
            named += error.event is not None
    return found, named


def measure(options: harness.Options) -> harness.Measured:
    given, draw = options.given, random.Random(options.given.seed)
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        url = f"sqlite:///{folder}/hub.sqlite"
        migrations.upgrade(url)
        database = Database(url)
        with database.session() as session:
            fill(session, CHAIN, given.events, BATCH)
            fill(session, OTHER, given.small, given.small // 4)
        harness.say(f"{given.events} events are there")
        started = time.perf_counter()
        peak = write(database, CHAIN, folder / "long.jsonl")
        export_s = time.perf_counter() - started
        write(database, OTHER, folder / "small.jsonl")
        seconds = min(verify_alone(folder / "long.jsonl") for _ in range(3))
        taken = sorted(append(database, given.appends))
        small = (folder / "small.jsonl").read_bytes().splitlines()
        long = (folder / "long.jsonl").read_bytes().splitlines()
        found, named = tamper(small, long, given.tamperings, draw)
        long_found, _named = tamper(long, small, given.long_tamperings, draw)
    figures = {
        "events": given.events,
        "export_s": export_s,
        "export_peak_mb": peak,
        "verify_s": seconds,
        "verify_events_per_s": given.events / seconds,
        "append_ms_p95": 1000 * taken[int(0.95 * len(taken))],
        "tamperings": given.tamperings,
        "tamperings_found": found,
        "tamperings_named": named,
        "long_tamperings": given.long_tamperings,
        "long_tamperings_found": long_found,
    }
    return harness.Measured(figures, [given.seed])


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=2_000, help="events of the tampered chain")
    parser.add_argument("--appends", type=int, default=1_000)
    parser.add_argument("--tamperings", type=int, default=1_000)
    parser.add_argument("--long-tamperings", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)


if __name__ == "__main__":
    sys.exit(harness.main("audit", measure, add_arguments=_arguments))
