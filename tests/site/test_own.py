"""The site's own part of a run on its disk: found by round, private, tidied, and lost without harm."""

import os
import stat
import time
from pathlib import Path

import numpy as np
import pytest

from tests.disks import fill
from worker.learning.own import Own
from worker.protocol.kept import WHOLE, KeptRows
from worker.site.faults import DiskFull, ObjectMismatch
from worker.site.own import OwnParts

ROWS = {"t": KeptRows(rows={"m": ((1, 2),)}), "h": WHOLE}


def part(value: float) -> Own:
    return Own({"t": {"m": np.full((4, 2), value, np.float32)}}, ROWS)


def value(own: Own) -> float | None:
    return float(own.values["t"]["m"][0, 0]) if own.values else None


def test_a_round_starts_from_an_earlier_one_and_is_judged_by_its_own(tmp_path: Path) -> None:
    parts = OwnParts(tmp_path)
    assert parts.before("run_1", 1) == parts.at("run_1", 9) == Own()
    for number in (1, 2, 4):
        parts.write("run_1", number, part(number))
    assert [value(parts.before("run_1", n)) for n in (1, 2, 3, 4, 5)] == [None, 1, 2, 2, 4]
    assert [value(parts.at("run_1", n)) for n in (1, 2, 3, 4, 9)] == [1, 2, 2, 4, 4]
    assert parts.at("run_1", 4).kept == ROWS
    assert parts.at("run_2", 4) == Own()


def test_the_same_part_has_the_same_bytes_and_its_owner_alone_reads_it(tmp_path: Path) -> None:
    parts = OwnParts(tmp_path)
    parts.write("run_1", 1, part(1))
    (path,) = (tmp_path / "run_1").iterdir()
    before = path.read_bytes()
    parts.write("run_1", 1, part(1))
    assert path.read_bytes() == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_old_rounds_go_and_a_late_evaluation_takes_the_nearest(tmp_path: Path) -> None:
    parts = OwnParts(tmp_path)
    for number in range(1, 9):
        parts.write("run_1", number, part(number))
    assert len(list((tmp_path / "run_1").iterdir())) == 4
    assert value(parts.at("run_1", 2)) == 5
    assert value(parts.before("run_1", 2)) is None, "a training never starts from a later round"


def test_runs_of_long_ago_go_but_not_the_one_in_use(tmp_path: Path) -> None:
    parts = OwnParts(tmp_path)
    for run in ("old", "used", "new"):
        parts.write(run, 1, part(1))
    long_ago = time.time() - 500 * 24 * 3600
    os.utime(tmp_path / "old", (long_ago, long_ago))
    os.utime(tmp_path / "used", (long_ago, long_ago))
    parts.prune("used")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "used"]


@pytest.mark.parametrize("content", [b"", b"rubbish", b"\x08\0\0\0\0\0\0\0{}      "])
def test_a_damaged_file_is_passed_over(tmp_path: Path, content: bytes) -> None:
    parts = OwnParts(tmp_path)
    parts.write("run_1", 1, part(1))
    parts.write("run_1", 2, part(2))
    (tmp_path / "run_1" / "2.safetensors").write_bytes(content)
    assert value(parts.before("run_1", 3)) == 1


def test_a_name_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ObjectMismatch):
        OwnParts(tmp_path).write("../run", 1, part(1))


def test_a_full_disk_leaves_the_earlier_rounds(small_disk: Path) -> None:
    parts = OwnParts(small_disk / "own")
    parts.write("run_1", 1, part(1))
    fill(small_disk)
    with pytest.raises(DiskFull):
        parts.write("run_1", 2, part(2))
    assert value(parts.before("run_1", 3)) == 1
