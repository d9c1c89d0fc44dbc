"""The site's own model near the shared one, made by the real site over the real door: it stays, whatever the policy."""

import csv
import stat
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import load_file
from sqlalchemy import select

from app.runs.models import Measurement
from app.sites.states import JobState
from tests.runs import world as acting
from tests.runs.world import POLICY
from tests.site import homes
from tests.site.stage import Stage, stage
from tests.site.test_work import CANARY, Bench
from tests.site.wire import between
from worker.protocol.codes import JobKind
from worker.protocol.manifest import Training
from worker.protocol.policy import Leaves
from worker.site.cli import cli
from worker.site.own import OwnParts
from worker.site.site import open_site

TERMS = {
    "rounds": 1,
    "evaluate_every": 1,
    "leaves": ("updates", "metrics"),
    "training": Training(personal=0.1),
}


@pytest.fixture
def live(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Stage]:
    with stage(sqlite_url, redis_url, tmp_path, terms=TERMS) as built:
        yield built


def finished(live: Stage, bench: Bench) -> None:
    """One round of two sites, of which the second only plays along; the first then makes its own model."""
    bench.run = live.propose(personal=0.1, epochs=2)
    live.world.work()
    bench.work(JobKind.TRAIN)
    for other in live.world.members[1:]:
        acting.train(live.world, other)
    live.world.work()
    bench.work(JobKind.PERSONAL)
    assert bench.job(JobKind.PERSONAL) == (JobState.DONE, None, None)


def own_files(bench: Bench) -> list[Path]:
    return list((bench.home.own / bench.run / "personal").iterdir())


def recorded(live: Stage) -> list[Measurement]:
    with live.world.hub.db.reading() as session:
        return list(session.scalars(select(Measurement).where(Measurement.model == "personal")))


def test_it_stays_at_the_site_to_the_last_byte(live: Stage) -> None:
    with between(live.url) as wire:
        bench = Bench(live, wire)
        finished(live, bench)
        (path,) = own_files(bench)
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        own = [
            row.tobytes()
            for array in load_file(path).values()
            for row in array.reshape(len(array), -1)
        ]
        telling = [row for row in own if len(row) >= 16 and any(row)]
        assert len(telling) > 10
        assert not [row for row in telling if row in wire.sent]
        assert b'"personal"' in wire.sent
        (row,) = recorded(live)
        assert row.chosen is not None and row.against_shared is not None
        assert not bench.canary_left()


def three_classes(bench: Bench) -> None:
    """The last one's answers run the other way; two students there wait for theirs."""
    draw = np.random.default_rng(3)
    with (bench.data / "records.csv").open("w", encoding="utf-8") as out:
        out.write("pupil,group,year,hours,clicks,programme,passed\n")
        for number in range(900):
            hours, group = draw.normal(0, 1), "ABC"[number % 3]
            passed = "yes" if (hours + draw.normal(0, 0.5) > 0) != (group == "C") else "no"
            out.write(f"{CANARY}-{number},{group},2026,{hours:.3f},10,,{passed}\n")
        out.writelines(f"{CANARY}-late{number},C,2026,{number}.0,10,,\n" for number in range(2))


def test_a_class_that_differs_goes_by_a_part_of_its_own(live: Stage, tmp_path: Path) -> None:
    """Its count leaves, its part does not; the list made at the site says in words what the class goes by."""
    with between(live.url) as wire:
        bench = Bench(live, wire)
        lists = POLICY.model_copy(update={"student_lists": True})
        with live.world.hub.db.session() as session:
            acting.set_policy(session, bench.member, lists)
        homes.accept(bench.home, lists, 2)
        three_classes(bench)
        finished(live, bench)
        (row,) = recorded(live)
        assert row.classes is not None and row.classes["helped"] >= 1
        assert 1 <= row.classes["heads"] + row.classes["adapters"] <= 3
        assert sorted(path.name for path in own_files(bench)) == ["0.1.safetensors"]
        bench.work(JobKind.SWITCH_RELEASE)
        out = tmp_path / "list.csv"
        given = ["--home", str(bench.home.root), "predict", "--out", str(out), "--reason", "advice"]
        said = CliRunner().invoke(cli, given)
        assert said.exit_code == 0, said.output
        assert "Class C (2026), task pass: The site’s model, its last step (head)" in said.output
        with out.open(encoding="utf-8", newline="") as file:
            uses = {line["class_goes_by"] for line in csv.DictReader(file)}
        assert uses <= {"head", "head and adapter"} and len(uses) == 1
        assert not bench.canary_left()


def test_a_site_that_keeps_its_figures_says_only_that_it_is_done(live: Stage) -> None:
    with between(live.url) as wire:
        bench = Bench(live, wire)
        quiet = POLICY.model_copy(update={"leaves": Leaves(updates=True)})
        with live.world.hub.db.session() as session:
            acting.set_policy(session, bench.member, quiet)
        homes.accept(bench.home, quiet, 2)
        finished(live, bench)
        assert len(own_files(bench)) == 1
        assert recorded(live) == []
        assert b"against_shared" not in wire.sent


def test_it_goes_with_the_caches_and_with_its_run(tmp_path: Path, live: Stage) -> None:
    home = live.home(live.world.members[0])
    parts = OwnParts(home.own)
    kept = parts.personal("run_1") / "0.1.safetensors"
    kept.write_bytes(b"x")
    (home.cache / "alone").mkdir(parents=True)
    site = open_site(home)
    site.tidy()
    assert kept.exists()
    (home.cache / "alone").rmdir()
    site.tidy()
    assert not kept.exists()
