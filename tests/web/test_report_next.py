"""A next step by rules that can be said, and feedback: given here, read here and where classes are looked after."""

from typing import Any

import pytest
from sqlalchemy import select

from app.institutions.models import Institution
from app.institutions.states import InstitutionState
from app.reports.models import ReportFeedback
from app.reports.states import Fitting, StepTaken
from app.web.pages import report_next
from tests.runs.world import SHEET
from tests.web.browsing import send
from tests.web.populated import Populated
from tests.web.test_report_change import figures
from tests.web.test_report_page import page

RULED = {"pass": SHEET.model_copy(update={"simple_rule": SHEET.inputs[0].name})}


def path(hub: Populated) -> str:
    return f"/classes/{hub.ids['class_id']}/report/feedback"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"records": None}, "There are too few students to suggest anything."),
        ({"rule": 0.9}, "Go by “hours” alone for this class"),
        ({"missing": {"text": 0.25, "table": 0.0}}, "25 % of the class have none."),
        ({"missing": {"text": 0.2, "table": 0.4}}, "why 40 % of the class have no numbers"),
        ({"observed_mean": 0.45}, "on average it said 30 in 100, and it was 45."),
        ({"observed_mean": 0.35, "missing": {"text": 0.15}}, "Nothing here asks for a step."),
    ],
)
def test_the_step(values: dict[str, Any], said: str) -> None:
    assert said in report_next.step(figures(**values), RULED)


def test_what_was_said_is_shown_and_can_be_changed(hub: Populated) -> None:
    text = page(hub)
    assert "You: It fits in part. Step taken: the suggested one." in text
    assert "Change your feedback" in text
    answer = send(hub.client("instructor"), path(hub), fits="not", step="other")
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"/classes/{hub.ids['class_id']}/report?done=said",
    )
    with hub.world.hub.db.reading() as session:
        (row,) = session.scalars(select(ReportFeedback)).all()
    assert (row.fits, row.step) == (Fitting.NOT, StepTaken.OTHER)
    assert "It does not fit. Step taken: another one." in page(hub)


def test_what_is_missing_is_said_and_the_rest_kept(hub: Populated) -> None:
    with hub.world.hub.db.session() as session:
        session.delete(session.scalars(select(ReportFeedback)).one())
    answer = send(hub.client("instructor"), path(hub), fits="not")
    assert answer.status_code == 422
    assert "Choose which step you took." in answer.text
    assert 'value="not" checked' in answer.text


def test_there_is_no_room_for_text(hub: Populated) -> None:
    text = page(hub)
    main = text[text.index("<main") : text.index("</main>")]
    assert "<textarea" not in main
    assert 'type="text"' not in main


@pytest.mark.parametrize(
    ("role", "reads"), [("administrator", True), ("officer", True), ("reader", False)]
)
def test_who_looks_after_classes_reads_what_was_said(
    made: Populated, role: str, reads: bool
) -> None:
    here = f"/i/{made.ids['institution']}/classes/{made.ids['class_id']}"
    text = made.client(role).get(here).text
    assert ("on release 1: It fits in part." in text) is reads
    assert "30 in 100" not in text


def test_a_suspended_institution_reads_the_reason_instead(hub: Populated) -> None:
    with hub.world.hub.db.session() as session:
        row = session.get_one(Institution, hub.ids["institution"])
        row.state, row.state_reason = InstitutionState.SUSPENDED, "Which town?"
    text = page(hub)
    assert "The operators suspended you: Which town?" in text
    assert path(hub) not in text
    assert send(hub.client("instructor"), path(hub), fits="not", step="other").status_code == 403
