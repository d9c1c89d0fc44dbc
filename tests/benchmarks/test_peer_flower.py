"""The model goes to the peer as a list of arrays and comes back the same; its app names what Flower looks for."""

import ast
from pathlib import Path

import numpy as np
import pytest

from benchmarks import peer_flower, peer_flower_live, wire
from benchmarks import peer_flower_stage as stages
from tests.learning import build
from worker.learning import local, simulate


def test_arrays_become_the_same_modules() -> None:
    plan = simulate.Plan((build.binary_sheet(),), stages.MODEL, stages.TRAINING, 2)
    first = local.initial_modules(plan.model, plan.tasks, bases={})
    again = stages.modules(plan, stages.arrays(first))
    assert simulate.digests(again) == simulate.digests(first)
    other = [array + np.float32(1) for array in stages.arrays(first)]
    assert simulate.digests(stages.modules(plan, other)) != simulate.digests(first)


def test_the_stage_reads_back_as_it_was_made(tmp_path: Path) -> None:
    sheet = build.binary_sheet()
    plan = simulate.Plan((sheet,), stages.MODEL, stages.TRAINING, 4, seed=9)
    made = stages.Stage(tmp_path, plan, {"aaa": tmp_path / "records"})
    stages.write(made)
    assert stages.read(tmp_path) == made


def test_the_app_defines_both_sides() -> None:
    """Flower reads the file without running it: both names are assigned at its top."""
    tree = ast.parse(peer_flower_live.APP.read_text(encoding="utf-8"))
    assigned = {
        target.id
        for one in tree.body
        if isinstance(one, ast.Assign)
        for target in one.targets
        if isinstance(target, ast.Name)
    }
    assert {"client", "server"} <= assigned


def test_figures_by_hand() -> None:
    """Ten bytes up and twenty down a second, two sites; rounds of 4, 2 and 3 seconds, the first left out."""
    watch = wire.Watch(wire.Wire(1), [], [])
    watch.seen = [(float(at), 10 * at, 20 * at) for at in range(11)]
    watch.most_mb = {"server": 300.0, "sites": 80.0}
    found = peer_flower._figures("x", watch, [1.0, 5.0, 7.0, 10.0], sites=2, skip=1)
    assert found["round_s_x"] == pytest.approx(2.5)
    assert found["round_max_s_x"] == 3.0
    assert found["whole_s_x"] == 9.0
    assert found["kb_up_x"] == pytest.approx(50 / 1000 / 2 / 2)
    assert found["kb_down_x"] == pytest.approx(100 / 1000 / 2 / 2)
    assert found["kb_start_x"] == pytest.approx(150 / 1000)
    assert (found["server_mb_x"], found["site_mb_x"]) == (300.0, 40.0)
