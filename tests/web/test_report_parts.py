"""Topics and gaps on the report's page: a sentence, a table, what is hidden said, and the step that follows."""

import pytest

from app.web.pages import report_next, report_parts
from tests.runs.world import SHEET
from tests.web import reported
from tests.web.populated import Populated
from tests.web.test_report_change import figures
from tests.web.test_report_page import page
from worker.protocol.update import ClassPart

SCORE = SHEET.model_copy(
    update={"kind": "regression", "labels": (), "metric": "rmse", "topic": reported.TOPIC}
)


def test_what_an_instructor_reads(hub: Populated) -> None:
    reported.parts(hub)
    text = page(hub)
    for said in (
        "Lower than the other topics: cells.",
        "−10 (−15 to −5)",
        "cell division",
        "Too small, or hidden so that no smaller one can be worked out",
        "No gap is large enough to be sure of.",
        "By “first in family”, over all students of the class.",
        "First in family. Never as an input.",
    ):
        assert said in text, said
    assert 'id="h-topics"' in text and 'id="h-gaps"' in text


def test_without_them_there_is_no_panel(made: Populated) -> None:
    text = page(made)
    assert 'id="h-topics"' not in text and 'id="h-gaps"' not in text


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([reported.part("a", -5), reported.part("b", 5)], "Lower than the other topics: a."),
        ([reported.part("a", 5), reported.part("b", 0)], "Higher than the other topics: a."),
        ([reported.part("a", 1), reported.part("b", -1)], "No topic stands apart"),
        ([ClassPart(value="a", students=None)], "Too few students to show any topic."),
    ],
)
def test_topics_in_a_sentence(parts: list[ClassPart], said: str) -> None:
    assert said in report_parts.topics_sentence(parts)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([reported.part("a", -5), reported.part("b", 5)], "At least one gap is larger than chance"),
        ([reported.part("a", 1), reported.part("b", -1)], "No gap is large enough to be sure of."),
        ([reported.part("a", None)], "Too few students to compare groups."),
    ],
)
def test_gaps_in_a_sentence(parts: list[ClassPart], said: str) -> None:
    assert said in report_parts.gaps_sentence(parts)


def test_a_weak_topic_is_the_step_to_take_where_less_is_worse() -> None:
    weak = (
        reported.part("cells", -3),
        reported.part("cell_division", -5),
        reported.part("enzymes", 8),
    )
    score = figures(metric="rmse", shared=8.0, rule=9.0, topics=weak)
    assert "Go over cell division again" in report_next.step(score, {"pass": SCORE})
    share = figures(topics=weak)
    assert "Go over" not in report_next.step(share, {"pass": SHEET})
