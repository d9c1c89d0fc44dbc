"""Topics and groups once more at the hub: the sheet's values only, small ones closed in company, gaps by policy."""

import math
from typing import Any

import pytest

from app.reports import queries
from app.reports.cells import suppressed
from tests.reports.test_reports import FIGURES, TASK, add_class, finished, receive, report_jobs
from tests.runs import world as acting
from tests.runs.world import POLICY, SHEET, World
from worker.protocol.tasks import Grouping
from worker.protocol.update import ClassFigures, ClassPart, ClassTask

TOPIC = Grouping(name="topic", values=("cells", "genes", "enzymes"))
MODE = Grouping(name="mode", values=("full", "part"))
GROUPED = SHEET.model_copy(update={"topic": TOPIC, "groups": (MODE,)})


def part(value: str, students: int | None = 20, **more: Any) -> ClassPart:
    given: dict[str, Any] = {"seen": 0.4, "expected": 0.42, "difference": 0.1}
    return ClassPart(value=value, students=students, **(given | {"low": 0.0, "high": 0.2} | more))


def cleaned(*topics: ClassPart, gaps: bool = True, **groups: tuple[ClassPart, ...]) -> ClassTask:
    task = TASK.model_copy(update={"topics": topics, "groups": groups})
    given = FIGURES.model_copy(update={"tasks": (task,)})
    (found,) = suppressed(given, 10, (GROUPED,), gaps=gaps).tasks
    return found


def test_only_the_sheets_values_once_and_in_its_order() -> None:
    found = cleaned(part("genes"), part("Ann Lee"), part("cells"), part("genes", 30))
    assert [(p.value, p.students) for p in found.topics] == [("cells", 20), ("genes", 20)]


def test_a_small_part_never_stands_alone() -> None:
    found = cleaned(part("cells", 40), part("genes", 25), part("enzymes", 4))
    assert [(p.value, p.students) for p in found.topics] == [
        ("cells", 40),
        ("genes", None),
        ("enzymes", None),
    ]
    assert found.topics[1] == ClassPart(value="genes", students=None)


def test_numbers_that_are_none() -> None:
    given = (part("cells", 40, high=math.inf), part("genes", seen=math.nan), part("enzymes"))
    cells, genes, enzymes = cleaned(*given).topics
    assert (cells.students, cells.seen, cells.difference) == (40, 0.4, None)
    assert genes.students is None
    assert enzymes.students is None, "one that is closed never stands alone"


def test_groups_the_sheet_does_not_name_are_dropped() -> None:
    found = cleaned(mode=(part("full"), part("part")), income=(part("full"),))
    assert list(found.groups) == ["mode"]
    assert cleaned(mode=(part("full"), part("part")), gaps=False).groups == {}


def test_a_sheet_without_topics_takes_none() -> None:
    task = TASK.model_copy(update={"topics": (part("cells"),), "groups": {"mode": (part("full"),)}})
    given = FIGURES.model_copy(update={"tasks": (task,)})
    (found,) = suppressed(given, 10, (SHEET,)).tasks
    assert (found.topics, found.groups) == ((), {})


@pytest.mark.parametrize("open_", [True, False])
def test_the_institutions_own_policy_decides(
    world: World, monkeypatch: pytest.MonkeyPatch, open_: bool
) -> None:
    """What a site sent against its institution's policy is not kept."""
    class_id = add_class(world, world.lead)
    leaves = POLICY.leaves.model_copy(update={"group_gaps": open_})
    with world.hub.db.session() as session:
        policy = POLICY.model_copy(update={"leaves": leaves})
        acting.set_policy(session, world.lead, policy)
    job = report_jobs(world, finished(world))[world.lead.site]
    told: list[bool] = []

    def noted(figures: ClassFigures, *rest: Any, gaps: bool) -> ClassFigures:
        told.append(gaps)
        return suppressed(figures, *rest, gaps=gaps)

    monkeypatch.setattr("app.reports.service.suppressed", noted)
    assert receive(world, job, FIGURES) == 1
    assert told == [open_]
    with world.hub.db.reading() as session:
        assert queries.get(session, world.lead.instructor, class_id).report is not None
