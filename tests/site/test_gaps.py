"""Gaps between groups stay at the site unless the policy accepted there lets them out; topics go with the report."""

from dataclasses import replace
from typing import Any

import pytest

from tests.protocol.test_rules import OPEN, TERMS
from worker.learning.data.folder import load
from worker.learning.data.importers.campus import campus_sheets, generate
from worker.protocol.codes import Refusal
from worker.protocol.policy import Leaves, PolicyDocument
from worker.protocol.rules import objections
from worker.protocol.tasks import Grouping
from worker.protocol.update import ClassFigures, ClassPart, ClassTask, ReportAnswer
from worker.site.answering import without_gaps

PART = ClassPart(value="yes", students=20, seen=55.0, expected=60.0)
TASK = ClassTask(
    task="next-score",
    metric="rmse",
    shared=9.0,
    local=9.0,
    rule=9.0,
    topics=(PART,),
    groups={"first_in_family": (PART,)},
)
REPORT = ReportAnswer(classes=(ClassFigures(code="7B", term="2026", records=40, tasks=(TASK,)),))


@pytest.mark.parametrize("open_", [True, False])
def test_the_policy_accepted_here_decides(open_: bool) -> None:
    policy = PolicyDocument(leaves=Leaves(class_reports=True, group_gaps=open_))
    (task,) = without_gaps(REPORT, policy).classes[0].tasks
    assert (task.groups == TASK.groups) is open_
    assert task.topics == (PART,)
    assert task.shared == 9.0


def test_closed_by_default() -> None:
    assert PolicyDocument().leaves.group_gaps is False


def test_a_column_that_is_never_used_is_no_group_either() -> None:
    sheet = TERMS.tasks[0]
    grouped = sheet.model_copy(
        update={"groups": (Grouping(name="mode", values=("full", "part")),), "kind": "binary"}
    )
    terms = replace(TERMS, tasks=(grouped,))
    blocked = OPEN.model_copy(update={"blocked_inputs": ("mode",)})
    assert [o.code for o in objections(blocked, terms)] == [Refusal.INPUT]
    assert objections(OPEN, terms) == ()


def test_the_columns_of_a_folder_reach_the_report_and_no_model(tmp_path: Any) -> None:
    """The simulated campus names a topic and a group; neither is among what a model reads."""
    site = generate(tmp_path, seed=3, scale=0.1)[0]
    sheets = {sheet.name: sheet for sheet in campus_sheets()}
    data = load(site.folder, list(sheets.values()), pseudonym_key=b"k" * 32).tasks
    score = data["next-score"]
    assert set(score.groupings) == {"next_topic", "first_in_family"}
    assert set(data["at-risk-week6"].groupings) == {"first_in_family"}
    assert set(score.groupings["first_in_family"].tolist()) == {"yes", "no"}
    inputs = {i.name for i in sheets["next-score"].inputs}
    assert not inputs & set(score.groupings)
    assert score.numeric.shape[1] == sum(i.kind == "numeric" for i in sheets["next-score"].inputs)
