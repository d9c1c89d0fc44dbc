"""A category that one site alone has, with real processes: its row stays there, through kills, as in a simulation.

That site's policy keeps counts, so that its weights are powers of two there as here.
"""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest
from sqlalchemy import select

from app.runs import queries, receipts
from app.runs.models import Measurement
from app.runs.states import RoundState
from app.sites.models import Job
from tests.runs import world as runs
from tests.runs.world import Member
from tests.servers import wait_until
from tests.site import simulated
from tests.site.stage import Stage, descendants, running, stage
from tests.site.wire import Wire, between
from worker.protocol import codec
from worker.protocol.codes import JobKind
from worker.protocol.kept import KeptRows
from worker.protocol.policy import Leaves
from worker.protocol.tasks import Input
from worker.protocol.weights import rounded
from worker.site.own import OwnParts

pytestmark = pytest.mark.live
ROUNDS = 3
PROGRAMME = Input(name="programme", kind="categorical", values=("general", "music"))
SHEET = runs.SHEET.model_copy(update={"inputs": (*runs.SHEET.inputs, PROGRAMME)})
CLOSED = runs.POLICY.model_copy(update={"leaves": Leaves(updates=True, metrics=True)})
ROWS = {"encoder/table": KeptRows(rows={"values.programme": ((2, 1),)})}


@pytest.fixture
def live(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Stage]:
    terms = {"rounds": ROUNDS, "evaluate_every": ROUNDS, "leaves": ("updates", "metrics")}
    with stage(sqlite_url, redis_url, tmp_path, terms=terms, sheet=SHEET) as built:
        yield built


def job_of(live: Stage, member: Member, number: int) -> Job | None:
    found = [job for job in live.jobs(member) if live.manifest(job).round == number]
    return found[0] if found else None


def kill(process: subprocess.Popen[bytes]) -> None:
    """-9 for the supervisor, its lanes and their children, at once."""
    for one in [*descendants(process.pid), psutil.Process(process.pid)]:
        with suppress(psutil.NoSuchProcess):
            one.send_signal(signal.SIGKILL)
    process.wait()


def killed_before_a_byte_left(live: Stage, member: Member, wire: Wire, run: str, n: int) -> Path:
    """Trains round `n` with the line cut, so that all is stored and nothing sent, and is killed."""
    home = live.homes[member.site]
    with running(home) as site:
        live.wait(lambda: job_of(live, member, n) is not None, 240, f"round {n}")
        job = job_of(live, member, n)
        assert job is not None
        wire.cut_before(f"/jobs/{job.id}/upload")
        stored = home.outbox / f"{run}.{n}"
        wait_until((stored / "update.json").is_file, seconds=150, what="the stored update")
        wait_until(lambda: not wire.is_up, seconds=60, what="the upload that is cut")
        kill(site)
    wire.restore()
    live.lose_lease(job.id)
    return stored


@pytest.mark.timeout(600)
def test_its_row_stays_there_and_kills_change_nothing(live: Stage) -> None:
    lone, other = live.world.members
    with between(live.url) as wire:
        with live.world.hub.db.session() as session:
            runs.set_policy(session, lone, CLOSED)
        home = live.home(
            lone, policy=CLOSED, url=wire.url, programmes=("general", "music"), records=60
        )
        with running(live.home(other, programmes=("general",), records=60)):
            run = live.propose(epochs=4, batch=8, step=1.5)
            killed_before_a_byte_left(live, lone, wire, run, 1)
            gone = killed_before_a_byte_left(live, lone, wire, run, 2)
            own = home.own / run / "2.safetensors"
            before = own.read_bytes(), (gone / "update.safetensors").read_bytes()
            shutil.rmtree(
                gone
            )  # as if killed after the own part was stored and before the update was
            with running(home):
                live.wait(lambda: live.is_completed(run), 300, "the end of the run")
                live.wait(lambda: len(measured(live, run)) == 2, 200, "the figures")
            assert before == (own.read_bytes(), (gone / "update.safetensors").read_bytes())
    alone = simulated.result(live, run, measured=ROUNDS)
    assert alone.rounds[-1].kept == ROWS
    for number in range(1, ROUNDS + 1):
        assert runs.states(live.world, run, number) == alone.rounds[number - 1].digests
    told = {s: (a.shared[0].value, a.shared[0].weight) for s, a in alone.rounds[-1].metrics.items()}
    assert measured(live, run) == told
    assert weights(live, run, other) == {trained(live, other)}
    assert weights(live, run, lone) == {rounded(trained(live, lone))} != {trained(live, lone)}
    mine = OwnParts(home.own).at(run, ROUNDS).values["encoder/table"]["values.programme"][2]
    theirs = alone.end.own[lone.site].values["encoder/table"]["values.programme"][2]
    assert mine.tolist() == theirs.tolist()
    nothing_left(live, run, lone)


def nothing_left(live: Stage, run: str, lone: Member) -> None:
    """From round 2 on the row is zeros in what was sent, and every manifest says so."""
    for number in range(1, ROUNDS + 1):
        job = job_of(live, lone, number)
        assert job is not None
        assert live.manifest(job).kept == ({} if number == 1 else ROWS)
        sent = live.homes[lone.site].outbox / f"{run}.{number}" / "update.safetensors"
        moved = codec.decode(sent.read_bytes())["encoder/table::values.programme"].any(axis=1)
        assert moved.tolist() == [False, True, number == 1]
    for member in live.world.members:
        for kind in (JobKind.EVALUATE, JobKind.SWITCH_RELEASE):
            assert all(live.manifest(job).kept == ROWS for job in live.jobs(member, kind))
    with live.world.hub.db.reading() as session:
        first = queries.states_after(session, run, 0)["encoder/table"].digest
        last = queries.states_after(session, run, ROUNDS)["encoder/table"].digest
        assert all(r.state is RoundState.CLOSED for r in queries.rounds(session, run))
    read = [codec.decode(live.world.hub.objects.get(d))["values.programme"] for d in (first, last)]
    assert np.array_equal(read[0][2], read[1][2]), "the shared model never learnt it"
    assert not np.array_equal(read[0][1], read[1][1])


def trained(live: Stage, member: Member) -> int:
    """How many records the member's site trains on."""
    found = simulated.records(live.homes[member.site], (SHEET,)).tasks[SHEET.name]
    return int((found.split == "train").sum())


def weights(live: Stage, run: str, member: Member) -> set[int]:
    """What the updates of one site weigh, over all rounds and model parts."""
    found = [receipts.of(update) for update in live.updates(run, member)]
    assert len(found) == ROUNDS
    return {count for one in found if one is not None for count in one.records.values()}


def measured(live: Stage, run: str) -> dict[str, tuple[float, float]]:
    """Site to its figure of the shared model, and that figure's weight."""
    with live.world.hub.db.reading() as session:
        wanted = select(Measurement).where(Measurement.run_id == run, Measurement.model == "shared")
        return {m.site_id: (m.value, m.weight) for m in session.scalars(wanted)}
