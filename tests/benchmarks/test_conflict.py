"""The ways of putting tasks' losses together, by hand, and speakers held out of the train part."""

import numpy as np
import pytest
import torch

from benchmarks.conflict import Seen, held_out, projected
from tests.learning import build
from worker.learning.data.folder import digest_of_records
from worker.learning.data.records import SiteData


def test_what_points_against_another_task_is_cleared_away() -> None:
    """(1, 0) against (-1, 1): left are (.5, .5) and (0, 1). A third at right angles to both changes nothing else."""
    one, other = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([-1.0, 1.0, 0.0])
    apart = torch.tensor([0.0, 0.0, 2.0])
    assert projected([one, other]).tolist() == pytest.approx([0.5, 1.5, 0.0])
    assert projected([one, other, apart]).tolist() == pytest.approx([0.5, 1.5, 2.0])


def test_tasks_that_agree_are_summed() -> None:
    given = [torch.tensor([1.0, 1.0]), torch.tensor([2.0, 0.0])]
    assert projected(given).tolist() == [3.0, 1.0]
    seen = Seen()
    seen.look([*given, torch.tensor([-1.0, 0.5])])
    assert (seen.pairs, seen.apart) == (3, 2)


def test_held_out_speakers_come_from_the_train_part_each_in_one_fold() -> None:
    task = build.records(build.binary_sheet(), 60, 1)
    data = SiteData({"at-risk": task}, digest_of_records({"at-risk": task}))
    folds = []
    for fold in range(5):
        found = held_out(data, fold).tasks["at-risk"]
        assert set(found.split[task.split == "test"]) == {"unused"}
        folds.append(set(np.asarray(found.student)[found.split == "test"].tolist()))
        assert folds[-1].isdisjoint(np.asarray(found.student)[found.split == "train"].tolist())
    known = set(np.asarray(task.student)[task.split != "test"].tolist())
    assert set().union(*folds) == known and sum(map(len, folds)) == len(known)
