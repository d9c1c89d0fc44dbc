"""A job from claim to answer in this process: every end is a code, and no name of a record leaves with it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.sites.states import JobState
from tests.disks import fill
from tests.runs.world import POLICY, Member
from tests.site import homes
from tests.site.stage import Stage, stage
from tests.site.wire import Wire, between
from worker.learning import faults as learning_faults
from worker.learning import local
from worker.learning.data import folder
from worker.protocol.codes import Failure, JobKind, Refusal
from worker.protocol.policy import Leaves
from worker.site import records
from worker.site.home import Home
from worker.site.polling import Poller
from worker.site.site import open_site
from worker.site.work import perform

CANARY = "Zwiebelfisch"


class Bench:
    """One member's site in this process, every byte it sends on the wire kept."""

    def __init__(self, live: Stage, wire: Wire) -> None:
        self.live = live
        self.wire = wire
        self.member: Member = live.world.members[0]
        self.home: Home = live.home(self.member, url=wire.url, canary=CANARY)
        self.run = ""

    @property
    def data(self) -> Path:
        found = self.home.config().data
        assert found is not None
        return found

    def propose(self) -> None:
        self.run = self.live.propose()
        self.live.world.work()

    def work(self, kind: JobKind) -> None:
        """Claims jobs of this kind's lane until one of the kind has been carried out."""
        records._last = None
        site = open_site(self.home)
        poller = Poller(site.door, lambda: False, 1)
        for _ in range(10):
            self.live.world.work()
            claimed = poller.look([kind.lane], 3)
            if claimed is None:
                continue
            perform(site, claimed)
            if claimed.kind is kind:
                site.door.close()
                return
        raise AssertionError(f"no {kind} job came")

    def job(self, kind: JobKind) -> tuple[JobState, Failure | None, Refusal | None]:
        found = self.live.jobs(self.member, kind)[-1]
        return found.state, found.failure, found.refusal

    def canary_left(self) -> bool:
        return CANARY.encode() in self.wire.sent or CANARY.lower().encode() in self.wire.sent


@pytest.fixture
def bench(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Bench]:
    with stage(sqlite_url, redis_url, tmp_path / CANARY) as live, between(live.url) as wire:
        made = Bench(live, wire)
        made.propose()
        yield made


def break_split(bench: Bench) -> None:
    path = bench.data / "dataset.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("records.csv", f"{CANARY}.csv"))


def break_row(bench: Bench) -> None:
    path = bench.data / "records.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[3] = f"{CANARY}-x,A,2026,{CANARY},3,,yes"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def rename_task(bench: Bench) -> None:
    path = bench.data / "dataset.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("  pass:", f"  {CANARY.lower()}:"))


def empty_out(bench: Bench) -> None:
    homes.records(bench.data, 5, canary=CANARY)


FOLDERS: list[tuple[str, Callable[[Bench], None], JobState, Failure | None, Refusal | None]] = [
    ("a missing file", break_split, JobState.FAILED, Failure.DATA_FAULT, None),
    ("a bad cell", break_row, JobState.FAILED, Failure.DATA_FAULT, None),
    ("another task", rename_task, JobState.REFUSED, None, Refusal.NO_MATCHING_DATA),
    ("too few records", empty_out, JobState.REFUSED, None, Refusal.TOO_FEW_RECORDS),
]


@pytest.mark.parametrize(
    ("what", "damage", "state", "failure", "refusal"), FOLDERS, ids=[f[0] for f in FOLDERS]
)
def test_a_folder_that_cannot_be_used(
    bench: Bench,
    what: str,
    damage: Callable[[Bench], None],
    state: JobState,
    failure: Failure | None,
    refusal: Refusal | None,
) -> None:
    damage(bench)
    bench.work(JobKind.TRAIN)
    assert bench.job(JobKind.TRAIN) == (state, failure, refusal)
    assert not bench.canary_left()


class OutOfMemoryError(RuntimeError):
    """As torch names its own."""


ERRORS: list[tuple[BaseException, Failure, JobState]] = [
    (MemoryError(CANARY), Failure.OUT_OF_MEMORY, JobState.WAITING),
    (OutOfMemoryError(CANARY), Failure.OUT_OF_MEMORY, JobState.WAITING),
    (OSError(28, CANARY), Failure.DISK_FULL, JobState.WAITING),
    (ValueError(CANARY), Failure.UNEXPECTED, JobState.WAITING),
    (KeyError(CANARY), Failure.UNEXPECTED, JobState.WAITING),
    (learning_faults.NotFinite(CANARY), Failure.NOT_FINITE, JobState.FAILED),
    (learning_faults.ModelMissing(CANARY), Failure.MODEL_MISSING, JobState.FAILED),
    (learning_faults.StateMismatch(CANARY), Failure.OBJECT_MISMATCH, JobState.FAILED),
    (FileNotFoundError(2, "gone", f"/data/{CANARY}.csv"), Failure.UNEXPECTED, JobState.WAITING),
    (SystemExit(CANARY), Failure.UNEXPECTED, JobState.WAITING),
]


@pytest.mark.parametrize(
    ("error", "code", "state"), ERRORS, ids=[type(e[0]).__name__ for e in ERRORS]
)
def test_an_error_in_training_becomes_a_code(
    bench: Bench,
    error: BaseException,
    code: Failure,
    state: JobState,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr(local, "train", fails)
    bench.work(JobKind.TRAIN)
    found = bench.live.jobs(bench.member)[0]
    assert found.state is state
    assert code.value.encode() in bench.wire.sent
    assert not bench.canary_left()


def test_a_training_that_leaves_the_numbers_is_told_so(bench: Bench) -> None:
    with bench.live.world.hub.db.session() as session:
        from app.sites import inbox

        inbox.cancel_jobs(session, run=bench.run)
    bench.run = bench.live.propose(epochs=3, lr=1.0, weight_decay=1.0, batch=1)
    bench.live.world.work()
    monkey = pytest.MonkeyPatch()
    real = folder.examine

    def infinite(*args: object, **kwargs: object) -> object:
        data = real(*args, **kwargs)  # type: ignore[arg-type]
        next(iter(data.tasks.values())).numeric[:] = float("inf")
        return data

    monkey.setattr(folder, "examine", infinite)
    try:
        bench.work(JobKind.TRAIN)
    finally:
        monkey.undo()
    assert bench.job(JobKind.TRAIN)[:2] == (JobState.FAILED, Failure.NOT_FINITE)


def test_a_damaged_object_is_named_and_not_kept(bench: Bench) -> None:
    bench.live.world.work()
    hub = bench.live.world.hub
    for path in Path(hub.settings.home).glob("objects/??/*"):
        path.write_bytes(b"\0" * path.stat().st_size)
    bench.work(JobKind.TRAIN)
    assert bench.job(JobKind.TRAIN)[:2] == (JobState.FAILED, Failure.OBJECT_MISMATCH)
    assert not list(bench.home.objects.glob("??/*"))


def test_a_policy_changed_on_the_disk_counts_as_none(bench: Bench) -> None:
    path = bench.home.policy_file
    path.write_text(
        path.read_text(encoding="utf-8").replace('"minimum_cohort":2', '"minimum_cohort":3')
    )
    bench.work(JobKind.TRAIN)
    assert bench.job(JobKind.TRAIN) == (JobState.REFUSED, None, Refusal.NO_POLICY)


def test_the_policy_here_decides_not_the_hub_s(bench: Bench) -> None:
    homes.accept(bench.home, POLICY.model_copy(update={"leaves": Leaves(updates=False)}), 2)
    bench.work(JobKind.TRAIN)
    assert bench.job(JobKind.TRAIN) == (JobState.REFUSED, None, Refusal.UPDATES_STAY)


def test_a_run_nobody_approved_here_waits_in_status(bench: Bench) -> None:
    bench.home.approvals_file.unlink()
    bench.work(JobKind.TRAIN)
    assert bench.job(JobKind.TRAIN) == (JobState.REFUSED, None, Refusal.APPROVAL_MISSING)
    assert bench.run in bench.home.read_json(bench.home.approvals_file)["waiting"]


def test_outside_its_hours_a_running_job_is_put_down(bench: Bench) -> None:
    now_closed = "00:00-00:01" if not _just_midnight() else "12:00-12:01"
    config = bench.home.config().model_copy(update={"hours": now_closed})
    bench.home.save_config(config)
    bench.work(JobKind.TRAIN)
    found = bench.live.jobs(bench.member)[0]
    assert (found.state, found.attempts) == (JobState.WAITING, 0)
    assert b"outside-hours" in bench.wire.sent


def test_a_full_disk_is_told_and_the_job_is_done_when_there_is_room(
    sqlite_url: str, redis_url: str, tmp_path: Path, small_disk: Path
) -> None:
    with stage(sqlite_url, redis_url, tmp_path) as live, between(live.url) as wire:
        live.folder = small_disk
        bench = Bench(live, wire)
        open_site(bench.home)
        bench.propose()
        before = files_in(bench.home.root)
        fill(small_disk)
        bench.work(JobKind.TRAIN)
        assert bench.job(JobKind.TRAIN)[:2] == (JobState.WAITING, None)
        assert b'"code":"disk-full"' in wire.sent
        after = files_in(bench.home.root)
        assert {name: after[name] for name in before} == before, "nothing was truncated"
        (small_disk / "filler").unlink()
        bench.work(JobKind.TRAIN)
        assert bench.job(JobKind.TRAIN)[0] is JobState.DONE
        assert not bench.canary_left()


def files_in(root: Path) -> dict[str, bytes]:
    """Every file but the logs, which grow, and the log's reserve, which is there to be given up."""
    kept = (path for path in root.rglob("*") if path.is_file() and path.parent.name != "sent")
    return {str(path): path.read_bytes() for path in kept}


def _just_midnight() -> bool:
    from app.clock import now

    return now().hour == 0


def test_everything_the_hub_received_is_in_the_outbound_log(bench: Bench) -> None:
    from sqlalchemy import select

    from app.sites.models import SentLine
    from worker.site.sent import OutboundLog

    bench.work(JobKind.TRAIN)
    assert bench.job(JobKind.TRAIN)[0] is JobState.DONE
    own = list(OutboundLog(bench.home.sent).since())
    with bench.live.world.hub.db.reading() as session:
        theirs = list(
            session.scalars(select(SentLine).where(SentLine.site_id == bench.member.site))
        )
    assert {line.kind for line in theirs} <= {line.kind.value for line in own}
    listed = {line.digest for line in own}
    for line in theirs:
        if line.kind not in ("update", "progress"):
            assert line.digest in listed, line.kind
    update = next(line for line in theirs if line.kind == "update")
    chunks = [line for line in own if line.reason == "upload-chunk"]
    assert sum(chunk.bytes for chunk in chunks) == update.bytes
    assert not bench.canary_left()


def test_records_are_read_again_only_when_a_file_changed(bench: Bench) -> None:
    bench.work(JobKind.TRAIN)
    kept = records._last
    assert kept is not None
    policy = POLICY
    manifest = bench.live.manifest(bench.live.jobs(bench.member)[0])
    records.load(bench.home, manifest, policy)
    assert records._last is kept
    homes.records(bench.data, 130, seed=9)
    records.load(bench.home, manifest, policy)
    assert records._last is not kept
