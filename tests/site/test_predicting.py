"""Predictions by student, listed by the real command after a real run: here, with a reason, and nowhere else."""

import csv
import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.sites.states import JobState
from tests.runs import world as acting
from tests.runs.world import POLICY
from tests.site import homes
from tests.site.stage import stage
from tests.site.test_work import CANARY, Bench
from tests.site.wire import between
from worker.protocol.codes import JobKind
from worker.site.cli import cli

TERMS = {"rounds": 1, "leaves": ("updates",)}
LISTS = POLICY.model_copy(update={"student_lists": True})


@pytest.fixture
def bench(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Bench]:
    """After a run of one round, its release switched to."""
    with (
        stage(sqlite_url, redis_url, tmp_path, terms=TERMS) as live,
        between(live.url) as wire,
    ):
        made = Bench(live, wire)
        with live.world.hub.db.session() as session:
            acting.set_policy(session, made.member, LISTS)
        homes.accept(made.home, LISTS, 2)
        made.propose()
        made.work(JobKind.TRAIN)
        for other in live.world.members[1:]:
            acting.train(live.world, other)
        live.world.work()
        made.work(JobKind.SWITCH_RELEASE)
        assert made.job(JobKind.SWITCH_RELEASE) == (JobState.DONE, None, None)
        yield made


def waiting(bench: Bench, *names: str) -> None:
    """Students whose answer the folder does not know."""
    with (bench.data / "records.csv").open("a", encoding="utf-8") as out:
        out.writelines(f"{name},A,2026,{number}.0,12.0,,\n" for number, name in enumerate(names))


def asked(bench: Bench, out: Path, reason: str = "advising next week") -> Result:
    given = ["--home", str(bench.home.root), "predict", "--out", str(out), "--reason", reason]
    return CliRunner().invoke(cli, given)


def test_who_waits_for_an_answer_is_listed_here_and_logged(bench: Bench, tmp_path: Path) -> None:
    waiting(bench, f"{CANARY}-new", "=late")
    out, before = tmp_path / "list.csv", len(bench.wire.sent)
    said = asked(bench, out)
    assert said.exit_code == 0, said.output
    assert "2 records are in" in said.output
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with out.open(encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["task"], first["student"], first["of"]) == ("pass", f"{CANARY}-new", "yes")
    assert second["student"] == "'=late"
    assert 0 < float(first["prediction"]) != float(second["prediction"]) < 1
    assert first["known_records"] == "0"
    (line,) = (bench.home.logs / "student-lists.jsonl").read_text(encoding="utf-8").splitlines()
    logged = json.loads(line)
    assert (logged["reason"], logged["records"]) == ("advising next week", 2)
    assert CANARY not in line
    assert len(bench.wire.sent) == before
    assert not bench.canary_left()


def test_it_is_the_prediction_that_the_same_record_would_have_with_an_answer(
    bench: Bench, tmp_path: Path
) -> None:
    """The rows without an answer change nothing for the others, and train nothing."""
    waiting(bench, "one")
    asked(bench, tmp_path / "a.csv")
    waiting(bench, "two", "three")
    asked(bench, tmp_path / "b.csv")
    few, many = (
        (tmp_path / name).read_text(encoding="utf-8").splitlines() for name in ("a.csv", "b.csv")
    )
    assert few == many[:2]
    assert len(many) == 4


def test_with_nobody_waiting_the_list_is_empty(bench: Bench, tmp_path: Path) -> None:
    said = asked(bench, tmp_path / "list.csv")
    assert said.exit_code == 0 and "so the list is empty" in said.output


def no_policy(bench: Bench) -> None:
    homes.accept(bench.home, POLICY, 3)


def no_release(bench: Bench) -> None:
    bench.home.release_file.unlink()


def no_part(bench: Bench) -> None:
    for path in bench.home.objects.glob("??/*"):
        path.unlink()


def no_data(bench: Bench) -> None:
    bench.home.save_config(bench.home.config().model_copy(update={"data": None}))


def bad_row(bench: Bench) -> None:
    waiting(bench, "one,two")


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (no_policy, "allows no list of students"),
        (no_release, "No release is in use here yet"),
        (no_part, "A part of the release is not on this computer"),
        (no_data, "collegium-site data use FOLDER"),
        (bad_row, "so no list is made"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_written(
    bench: Bench, tmp_path: Path, harm: object, says: str
) -> None:
    assert callable(harm)
    harm(bench)
    said = asked(bench, tmp_path / "list.csv")
    assert said.exit_code == 1 and says in said.output, said.output
    assert not (tmp_path / "list.csv").exists()
    assert not (bench.home.logs / "student-lists.jsonl").exists()


def test_a_reason_is_asked_for(bench: Bench, tmp_path: Path) -> None:
    said = asked(bench, tmp_path / "list.csv", "  ")
    assert said.exit_code == 1 and "why you need the list" in said.output
