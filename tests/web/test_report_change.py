"""What changed: against the report before, in a sentence; every number in a table; a line from the third report on."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest

from app.releases.models import Release
from app.reports.models import ClassReport
from app.reports.queries import Earlier
from app.web.pages import report_change
from tests.runs.world import SHEET
from tests.web import reported
from tests.web.browsing import send
from tests.web.populated import Populated
from tests.web.test_report_page import page
from worker.protocol.update import ClassFigures, ClassTask

SHEETS = {"pass": SHEET}


def figures(records: int | None = 60, **values: Any) -> ClassFigures:
    given: dict[str, Any] = {"task": "pass", "metric": "auc", "shared": 0.8, "local": 0.7}
    given |= {"rule": 0.7, "predicted_mean": 0.3}
    task = ClassTask(**(given | values))
    return ClassFigures(code="A", term="T", records=records, tasks=(task,))


def earlier(of: ClassFigures) -> Earlier:
    at = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
    report = ClassReport(id="r", class_id="c", release_id="x", minimum_cell=10, as_of=at)
    return Earlier(report, Release(id="x", number=3), of)


def test_the_first_report_says_so(hub: Populated) -> None:
    assert "This is the first report of this class." in page(hub)


def test_against_the_one_before(hub: Populated) -> None:
    reported.before(hub, {"predicted_mean": 0.25, "shared": 0.6})
    text = page(hub)
    assert "for 30 % of the class, 5 points more than in the report of" in text
    assert "It is better here than it was." in text
    assert "from release 99 to release 1" in text
    assert 'id="change-pass-title"' not in text


def test_a_line_from_the_third_report_on(hub: Populated) -> None:
    reported.before(hub, {"predicted_mean": 0.25}, {"predicted_mean": 0.2})
    text = page(hub)
    assert 'id="change-pass-title"' in text
    assert "20 % at first, 30 % now" in text


def test_a_report_that_showed_nothing_breaks_no_line(hub: Populated) -> None:
    reported.before(hub, {"predicted_mean": None}, {"predicted_mean": 0.2})
    text = page(hub)
    assert "There are too few students to compare with the report of" in text
    assert 'id="change-pass-title"' not in text


@pytest.mark.parametrize(
    ("now", "then", "said"),
    [
        ({}, {}, "for 30 % of the class, as in the report of 20 November 2026."),
        ({}, {"predicted_mean": 0.34}, "for 30 % of the class, 4 points less than in the report"),
        ({}, {"shared": 0.8}, "It is about as good here as it was."),
        ({"shared_interval": (0.7, 0.9)}, {"shared": 0.75}, "somewhat better here than it was"),
        ({"shared_interval": (0.7, 0.9)}, {"shared": 0.85}, "somewhat worse here than it was"),
        ({}, {"shared": 0.9}, "It is worse here than it was."),
        ({}, {"task": "other"}, "The report of 20 November 2026 had nothing to compare with."),
        ({"records": None}, {}, "There are too few students to compare"),
    ],
)
def test_the_sentence(now: dict[str, Any], then: dict[str, Any], said: str) -> None:
    assert said in report_change.sentence(figures(**now), earlier(figures(**then)), SHEETS)


def test_a_mean_of_a_number_has_no_points() -> None:
    sheet = SHEET.model_copy(update={"kind": "regression", "labels": (), "metric": "rmse"})
    task = {"metric": "rmse", "predicted_mean": 62.0}
    then = figures(metric="rmse", predicted_mean=58.0)
    said = report_change.sentence(figures(**task), earlier(then), {"pass": sheet})
    assert "expects 62.0 on average, and expected 58.0 in the report of" in said


def test_the_page_gives_its_numbers_as_a_file(made: Populated) -> None:
    path = f"/classes/{made.ids['class_id']}/report/download"
    answer = send(made.client("instructor"), path, form="csv")
    assert answer.headers["content-disposition"].endswith('.csv"')
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {"0.79", "0.78", "0.7"} <= {row["value"] for row in rows}
    answer = send(made.client("instructor"), path, form="json")
    assert answer.json()["figures"]["records"] == 60
    assert send(made.client("instructor"), path, form="exe").status_code == 422
