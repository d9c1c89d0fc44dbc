"""Topics and groups of a class: students counted once, small parts closed, the rest compared, nothing said of few."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.learning import build
from worker.learning import local
from worker.learning.evaluate import suppression
from worker.learning.evaluate.parts import parts
from worker.learning.evaluate.quality import Judged
from worker.protocol.tasks import Grouping, TaskSheet

TOPIC = Grouping(name="topic", values=("cells", "genes", "enzymes"))
MODE = Grouping(name="mode", values=("full", "part"))
SCORE = TaskSheet(**build.regression_sheet().model_dump() | {"topic": TOPIC, "groups": (MODE,)})


def judged(sheet: TaskSheet, label: list[float], students: int | None = None) -> Judged:
    count = len(label)
    who = np.array([f"s{n % (students or count)}" for n in range(count)])
    return Judged(sheet, np.array(label), np.full(count, 61.4), who)


def values(**sizes: int) -> np.ndarray:
    return np.repeat(list(sizes), list(sizes.values()))


def test_means_and_the_difference_to_the_rest() -> None:
    value = values(cells=30, genes=30)
    label = [70.0, 50.0] * 15 + [60.0, 40.0] * 15
    cells, genes = parts(judged(SCORE, label), value, TOPIC.values, 10)
    assert (cells.value, cells.students, cells.seen, cells.expected) == ("cells", 30, 60.0, 61.0)
    assert (cells.difference, genes.difference) == (10.0, -10.0)
    assert cells.low is not None and genes.high is not None
    assert cells.low > 0 and genes.high < 0


def test_a_value_that_does_not_occur_or_is_unknown_has_no_part() -> None:
    value = np.concatenate([values(cells=30), values(genes=20), np.array([""] * 9 + ["other"])])
    found = parts(judged(SCORE, [60.0] * 60), value, TOPIC.values, 10)
    assert [(p.value, p.students) for p in found] == [("cells", 30), ("genes", 20)]


def test_students_are_counted_not_records() -> None:
    """Forty records of eight students are a small part."""
    value = values(cells=40, genes=40)
    found = parts(judged(SCORE, [60.0] * 80, students=8), value, TOPIC.values, 10)
    assert [p.students for p in found] == [None, None]
    assert all(p.seen is None and p.difference is None for p in found)


def test_a_small_part_takes_the_next_larger_one_with_it() -> None:
    value = values(cells=30, genes=20, enzymes=4)
    found = parts(judged(SCORE, [60.0] * 54), value, TOPIC.values, 10)
    assert [(p.value, p.students) for p in found] == [
        ("cells", 30),
        ("genes", None),
        ("enzymes", None),
    ]


def test_a_share_never_says_all_or_none() -> None:
    sheet = build.binary_sheet(groups=(MODE,))
    label = [1.0] * 20 + [0.0] * 20
    given = Judged(sheet, np.array(label), np.full(40, 0.5), np.array([f"s{n}" for n in range(40)]))
    full, part = parts(given, values(full=20, part=20), MODE.values, 10)
    assert (full.seen, part.seen) == (0.95, 0.05)


@given(
    st.dictionaries(st.text("abcde", min_size=1, max_size=3), st.integers(0, 60), max_size=8),
    st.integers(5, 20),
)
def test_what_is_closed_is_never_a_small_cell_itself(counts: dict[str, int], cell: int) -> None:
    closed = suppression.suppressed(counts, cell)
    hidden = sum(counts[name] for name in closed)
    assert hidden == 0 or hidden >= cell or not set(counts) - closed


def records(count: int) -> object:
    task = build.records(SCORE, count, 1)
    numbers = np.arange(count)
    topic = np.array(["cells", "genes", "enzymes"])[numbers % 3]
    mode = np.where(numbers % 4 == 0, "part", "full")
    low = np.where(topic == "enzymes", task.label - 3, task.label).astype(np.float32)
    return replace(task, label=low, groupings={"topic": topic, "mode": mode})


def test_a_report_tells_them_of_the_class_it_is_about(tmp_path: Path) -> None:
    manifest = build.manifest([SCORE], classes=("C0",))
    modules = local.initial_modules(build.MODEL, [SCORE], bases={})
    site = build.site(records(600))
    (one,) = local.report(
        manifest, modules, site, own_dir=tmp_path, **build.folders(tmp_path)
    ).classes
    (task,) = one.tasks
    assert [p.value for p in task.topics] == ["cells", "genes", "enzymes"]
    lowest = min(task.topics, key=lambda p: p.difference)
    assert lowest.value == "enzymes" and lowest.high < 0
    assert [p.value for p in task.groups["mode"]] == ["full", "part"]
    assert sum(p.students for p in task.groups["mode"]) <= 300


def test_a_site_without_the_columns_reports_as_before(tmp_path: Path) -> None:
    manifest = build.manifest([SCORE], classes=("C0",))
    modules = local.initial_modules(build.MODEL, [SCORE], bases={})
    site = build.site(build.records(SCORE, 400, 1))
    (one,) = local.report(
        manifest, modules, site, own_dir=tmp_path, **build.folders(tmp_path)
    ).classes
    assert (one.tasks[0].topics, one.tasks[0].groups) == ((), {})
    assert one.tasks[0].shared is not None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"groups": ({"name": "score", "values": ("a", "b")},)}, "among the inputs"),
        ({"topic": {"name": "next", "values": ("a", "b")}}, "different columns"),
        ({"groups": ({"name": "mode", "values": ("a", "a")},)}, "lists a value twice"),
    ],
)
def test_a_sheet_keeps_groups_from_the_inputs(change: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        TaskSheet(**SCORE.model_dump() | change)
