"""A class report: careful sentences, hidden small groups, a curve from 50 records on, and who looked."""

from typing import Any

import pytest
from sqlalchemy import select

from app.reports.models import ClassReport, ReportFeedback
from app.web.pages import report_words
from tests.web.populated import Populated
from worker.protocol.update import ClassFigures, ClassTask


def page(hub: Populated, role: str = "instructor") -> str:
    answer = hub.client(role).get(f"/classes/{hub.ids['class_id']}/report")
    assert answer.status_code == 200
    return answer.text


def change(hub: Populated, **values: Any) -> None:
    with hub.world.hub.db.session() as session:
        row = session.scalars(select(ClassReport)).one()
        row.figures = {**row.figures, **values}


def task(**values: Any) -> ClassTask:
    given: dict[str, Any] = {"task": "pass", "metric": "auc", "shared": 0.8, "local": 0.8}
    return ClassTask(**(given | {"rule": 0.7} | values))


def test_what_an_instructor_reads(hub: Populated) -> None:
    text = page(hub)
    for said in (
        "For about 30 % of the class the model expects “yes”. It does better than a simple rule here.",
        "About 60",
        "On average it said 30 in 100, and it was 33 in 100.",
        "20 % have no texts.",
        "its last step (head) and a small one before it (adapter) fitted to this class.",
        "0.72 to 0.86",
        "Our site alone",
        "Whether the student passes the course.",
        "It is not for grading.",
        "privacy-officer@school0.example",
        "release 1 of Early support",
    ):
        assert said in text, said
    assert 'id="cal-pass-title"' in text
    assert "ε" not in text and "privacy budget" not in text


def test_who_looked_is_listed_at_once(hub: Populated) -> None:
    """The first visit shows itself; a second one by the same person moves the time and adds no line."""
    assert page(hub).count("<p>You</p>") == 1
    assert page(hub).count("<p>You</p>") == 1


def test_too_few_to_show(hub: Populated) -> None:
    change(hub, records=None, tasks=[])
    text = page(hub)
    assert "too few to show" in text
    assert "Too few students to show anything about this class." in text
    assert "About 60" not in text and "0.79" not in text
    listed = hub.client("instructor").get("/classes").text
    assert "Too few students to show anything about this class." in listed


def test_a_curve_only_from_fifty_records(hub: Populated) -> None:
    change(hub, records=40)
    text = page(hub)
    assert 'id="cal-pass-title"' not in text
    assert "On average it said 30 in 100" in text


def test_no_report_yet(hub: Populated) -> None:
    with hub.world.hub.db.session() as session:
        session.delete(session.scalars(select(ReportFeedback)).one())
        session.flush()
        session.delete(session.scalars(select(ClassReport)).one())
    assert "No report yet." in page(hub)
    assert "No report yet" in hub.client("instructor").get("/classes").text


@pytest.mark.parametrize("role", ["administrator", "officer", "reader", "member", "stranger"])
def test_nobody_else_opens_it(made: Populated, role: str) -> None:
    client = made.client(role)
    assert client.get(f"/classes/{made.ids['class_id']}/report").status_code == 404
    assert "BIO-101" not in client.get("/classes").text


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"rule": 0.70, "shared_interval": (0.75, 0.85)}, "It does better than a simple rule"),
        ({"rule": 0.76, "shared_interval": (0.75, 0.85)}, "somewhat better than a simple rule"),
        ({"rule": 0.795}, "about as well as a simple rule"),
        ({"rule": 0.84, "shared_interval": (0.75, 0.85)}, "A simple rule does somewhat better"),
        ({"rule": 0.90, "shared_interval": (0.75, 0.85)}, "A simple rule does better here."),
        ({"rule": None}, "There is no simple rule"),
        ({"shared": None}, "could not be measured"),
    ],
)
def test_the_finding_against_a_simple_rule(values: dict[str, Any], said: str) -> None:
    figures = ClassFigures(code="A", term="T", records=60, tasks=(task(**values),))
    assert said in report_words.finding(figures, {})


def test_smaller_errors_are_better() -> None:
    errs = task(metric="rmse", shared=8.1, local=8.4, rule=9.6, shared_interval=(7.3, 8.9))
    figures = ClassFigures(code="A", term="T", records=60, tasks=(errs,))
    said = report_words.fit_sentence(figures, {})
    assert "better than a simple rule" in said
    assert "not much different from your site alone" in said


def test_a_rule_that_wins_is_said_plainly() -> None:
    figures = ClassFigures(code="A", term="T", records=60, tasks=(task(rule=0.95),))
    assert report_words.fit_sentence(figures, {}).startswith("Do not lean on it for this class")


def test_a_class_that_could_not_be_measured_is_not_called_fit() -> None:
    """As a small class with its own hold-out may be: reported, and without a figure."""
    figures = ClassFigures(code="A", term="T", records=30, tasks=(task(shared=None, rule=None),))
    assert report_words.fit_sentence(figures, {}).startswith("Nobody knows")
    one = ClassFigures(
        code="A", term="T", records=30, tasks=(task(shared=None, rule=None), task(rule=0.95))
    )
    assert "a simple rule does better" in report_words.fit_sentence(one, {})
