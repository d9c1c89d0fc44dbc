"""Who withdraws is left out at the next job, forgotten here, listed for erasure; by default the hub is not told."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from app.sites.states import JobState
from tests.site.served import joined, served
from tests.site.stage import stage
from tests.site.test_work import Bench
from tests.site.wire import between
from worker.learning.data.tables import pseudonym
from worker.learning.training import state_cache
from worker.learning.training.state_cache import StateCache
from worker.protocol.bounds import Bounds
from worker.protocol.codes import JobKind
from worker.protocol.policy import PolicyDocument
from worker.site import files, records, withdrawals
from worker.site.cli import cli
from worker.site.faults import DiskFull
from worker.site.home import Home

KEY = bytes.fromhex("7" * 64)


def consenting(folder: Path, age: bool = False) -> None:
    """Adds a column by which a student objects, and one with ages."""
    place = folder / "dataset.yaml"
    said = yaml.safe_load(place.read_text(encoding="utf-8"))
    said["consent"] = {"opt_out": {"column": "objects", "yes": ["x"]}, "age": "age"}
    place.write_text(yaml.safe_dump(said), encoding="utf-8")
    rows = list(csv.reader((folder / "records.csv").open(encoding="utf-8")))
    for number, row in enumerate(rows):
        row += ["objects", "age"] if number == 0 else ["", "12" if number <= 5 and age else "17"]
    write(folder, rows)


def write(folder: Path, rows: list[list[str]]) -> None:
    with (folder / "records.csv").open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows(rows)


def object_(folder: Path, *students: str) -> None:
    rows = list(csv.reader((folder / "records.csv").open(encoding="utf-8")))
    at = rows[0].index("objects")
    for row in rows[1:]:
        row[at] = "x" if row[0] in students else row[at]
    write(folder, rows)


def names(home: Home) -> list[tuple[str, str]]:
    return [(one.pseudonym, one.reason) for one in withdrawals.requests(home)]


@pytest.fixture
def bench(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Bench]:
    terms = {"rounds": 2}
    with (
        stage(sqlite_url, redis_url, tmp_path, terms=terms) as live,
        between(live.url) as wire,
    ):
        made = Bench(live, wire)
        consenting(made.data)
        made.propose()
        yield made


def students_of(bench: Bench) -> set[str]:
    assert records._last is not None
    return set(records._last[1].tasks["pass"].student.tolist())


def test_a_withdrawn_consent_takes_effect_at_the_next_job(bench: Bench) -> None:
    bench.work(JobKind.TRAIN)
    gone = [f"Zwiebelfisch-{n}" for n in (3, 7)]
    hidden = sorted(pseudonym(one, KEY) for one in gone)
    assert set(hidden) < students_of(bench)
    assert withdrawals.requests(bench.home) == []
    cache = StateCache(bench.home.cache, "m", 0)
    cache.own([(hidden[0], "record"), ("another", "other")])
    cache.put("record", _states())
    cache.put("other", _states())
    cache.commit()
    cache.close()
    alone = bench.home.cache / "alone" / "a.safetensors"
    alone.parent.mkdir(exist_ok=True)
    alone.write_bytes(b"learnt from them, too")
    object_(bench.data, *gone)
    bench.work(JobKind.BASELINE)
    assert bench.job(JobKind.BASELINE)[0] is JobState.DONE
    assert not set(hidden) & students_of(bench)
    assert names(bench.home) == [(one, "opted-out") for one in hidden]
    left = StateCache(bench.home.cache, "m", 0)
    assert set(left.get(["record", "other"])) == {"other"}
    left.close()
    assert not alone.is_file(), "a model that learnt from them is made anew"
    assert b"opted-out" not in bench.wire.sent and not bench.canary_left()
    assert all(one.encode() not in bench.wire.sent for one in hidden)
    assert b"/withdrawn" not in bench.wire.sent, "the policy says that the hub is not told"


def _states() -> "state_cache.Array":
    import numpy as np

    return np.zeros((1, 4), np.float16)


def test_the_same_is_asked_once_and_a_student_who_never_trained_not_at_all(bench: Bench) -> None:
    object_(bench.data, "Zwiebelfisch-1")
    bench.work(JobKind.TRAIN)
    assert names(bench.home) == [], "no record of theirs was ever used"
    object_(bench.data, "Zwiebelfisch-2")
    assert len(withdrawals.look(bench.home)) == 1
    assert withdrawals.look(bench.home) == []
    bench.work(JobKind.BASELINE)
    assert names(bench.home) == [(pseudonym("Zwiebelfisch-2", KEY), "opted-out")]


def test_what_cannot_be_written_down_trains_on_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = files.write

    def full(path: Path, content: bytes) -> None:
        if path == bench.home.requests_file:
            raise DiskFull(path.parent)
        real(path, content)

    monkeypatch.setattr(files, "write", full)
    bench.work(JobKind.TRAIN)
    assert bench.job(JobKind.TRAIN)[0] is not JobState.DONE
    assert not bench.home.requests_file.is_file()


def test_the_age_in_the_policy_here_counts(tmp_path: Path) -> None:
    policy = PolicyDocument(bounds=Bounds(consent_age=16))
    home = joined(tmp_path, policy=policy)
    folder = home.config().data
    assert folder is not None
    consenting(folder, age=True)
    assert records.consent_age(home) == 16
    said = CliRunner().invoke(cli, ["--home", str(home.root), "data", "check", str(folder)])
    assert said.exit_code == 0
    assert "5 students: under the age of consent" in said.output


def test_a_policy_under_which_nobody_is_left_is_named(tmp_path: Path) -> None:
    """A folder that says nothing of consent is whole, and trains nobody: told at the check and when taken into use."""
    home = joined(tmp_path, policy=PolicyDocument(bounds=Bounds(consent_age=13)))
    folder = home.config().data
    assert folder is not None
    checked = CliRunner().invoke(cli, ["--home", str(home.root), "data", "check", str(folder)])
    assert checked.exit_code == 1
    assert "would train nobody" in checked.output and "names 13 as the age" in checked.output
    assert "everyone_of_age: true" in checked.output
    place = folder / "dataset.yaml"
    said = yaml.safe_load(place.read_text(encoding="utf-8"))
    said["consent"] = {"everyone_of_age": True}
    place.write_text(yaml.safe_dump(said), encoding="utf-8")
    checked = CliRunner().invoke(cli, ["--home", str(home.root), "data", "check", str(folder)])
    assert checked.exit_code == 0 and "The folder can be used." in checked.output


def test_the_page_and_the_terminal_list_whom_to_forget(tmp_path: Path) -> None:
    home = joined(tmp_path)
    one = {"pseudonym": "p" * 32, "reason": "opted-out", "found": "2026-11-26"}
    home.requests_file.write_text(json.dumps({"requests": [one], "used": []}))
    said = CliRunner().invoke(cli, ["--home", str(home.root), "data", "requests"])
    assert "p" * 32 in said.output and "objected" in said.output
    with served(home) as page:
        shown = page.visitor().get("/requests").text
        assert "p" * 32 in shown and "1 request waits." in shown
