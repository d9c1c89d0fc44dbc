"""The example of docs/data.md, taken out of the page, is a folder that loads and fits."""

import re
from pathlib import Path

import numpy as np
import pytest

from worker.learning.data.check import inspect, read_sheets
from worker.learning.data.folder import load

PAGE = Path(__file__).resolve().parents[3] / "docs" / "data.md"


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """Every block of the page that follows a line naming its file."""
    found = re.findall(r"`([\w-]+\.\w+)`:\n\n```\w+\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert [name for name, _ in found] == [
        "dataset.yaml",
        "records.csv",
        "reflections.csv",
        "at-risk.yaml",
    ]
    for name, content in found:
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


def test_the_example_has_no_fault(example: Path) -> None:
    findings = inspect(example, read_sheets(example / "at-risk.yaml"))
    assert findings.faults == []
    [fit] = findings.fits
    assert (fit.usable, fit.rows, fit.records) == (True, 6, 5)
    assert fit.dropped == {"left out by your label mapping": 1}
    assert fit.absent == ("logins",)
    assert fit.splits == {"train": 3, "validation": 0, "test": 2}


def test_the_example_loads_as_it_says(example: Path) -> None:
    sheets = read_sheets(example / "at-risk.yaml")
    task = load(example, sheets, pseudonym_key=b"k" * 32).tasks["at-risk"]
    scores = (np.array([71.5, 64, 38, np.nan, 80], dtype=np.float32) - 62) / 14
    np.testing.assert_allclose(task.numeric[:, 0], scores, rtol=1e-6)
    assert np.isnan(task.numeric[2, 1])
    assert np.isnan(task.numeric[:, 2]).all()
    assert task.categorical[:, 0].tolist() == [1, 1, 2, 1, 2]
    assert task.label.tolist() == [0, 0, 1, 1, 0]
    assert task.groupings["first_in_family"].tolist() == ["yes", "yes", "no", "no", "yes"]
    assert [bool(said) for said in task.text["reflection"]] == [True, False, True, False, False]
    assert task.class_code.tolist() == ["MATH-7A", "SCI-7A", "MATH-7A", "SCI-7A", "SCI-7A"]
    assert task.student[0] == task.student[1] and not any("H-0" in s for s in task.student)
