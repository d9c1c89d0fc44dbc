"""Pairs of tasks counted, and speakers held out of the train part."""

import numpy as np
import torch

from benchmarks.conflict import Seen, held_out
from tests.learning import build
from worker.learning.data.folder import digest_of_records
from worker.learning.data.records import SiteData


def test_pairs_that_pull_apart_are_counted() -> None:
    seen = Seen()
    seen.look([torch.tensor(one) for one in ([1.0, 1.0], [2.0, 0.0], [-1.0, 0.5])])
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
