"""Who takes part is decided on the folder's own columns, and nobody else reaches a job."""

import csv
from datetime import date
from pathlib import Path

import pytest
import yaml

from tests.learning.data.consenting import SHEET, folder_of
from worker.learning.data import consent
from worker.learning.data.check import check, describe, inspect
from worker.learning.data.consent import Excluded
from worker.learning.data.folder import examine, load

KEY = b"k" * 32
TODAY = date(2026, 11, 26)
ROWS = {
    # student: (born, parent, objects, health)
    "adult": ("2000-01-01", "", "", ""),
    "child with": ("2015-05-30", "yes", "", ""),
    "child without": ("2015-05-30", "no", "", ""),
    "unknown": ("", "", "", ""),
    "unknown with": ("", "yes", "", ""),
    "objects": ("2000-01-01", "yes", "x", ""),
    "noted": ("2000-01-01", "yes", "", "asthma"),
    "birthday today": ("2010-11-26", "", "", ""),
    "birthday tomorrow": ("2010-11-27", "", "", ""),
}
RULES = {
    "parent": {"column": "parent", "yes": ["yes"]},
    "opt_out": {"column": "objects", "yes": ["x"]},
    "birth_date": "born",
    "special": {"health": ["asthma"]},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_of(tmp_path / "data", ROWS, ("born", "parent", "objects", "health"), RULES)


def rules(folder: Path, **changed: object) -> None:
    place = folder / "dataset.yaml"
    said = yaml.safe_load(place.read_text(encoding="utf-8"))
    said["consent"] = {k: v for k, v in {**said["consent"], **changed}.items() if v is not None}
    place.write_text(yaml.safe_dump(said), encoding="utf-8")


def left_out(folder: Path, age: int | None) -> dict[str, Excluded]:
    """By the student's own name: the key of pseudonyms is known here."""
    from worker.learning.data.tables import pseudonym

    found = examine(folder, (SHEET,), pseudonym_key=KEY, consent_age=age).decided.excluded
    return {who: found[pseudonym(who, KEY)] for who in ROWS if pseudonym(who, KEY) in found}


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    decide = consent.decide
    monkeypatch.setattr(consent, "decide", lambda d, t, age, _day: decide(d, t, age, TODAY))


def test_the_policy_s_age_decides_who_needs_a_parent(folder: Path) -> None:
    assert left_out(folder, 16) == {
        "child without": Excluded.NO_PARENT,
        "unknown": Excluded.AGE_UNKNOWN,
        "objects": Excluded.OPTED_OUT,
        "noted": Excluded.SPECIAL,
        "birthday tomorrow": Excluded.NO_PARENT,
    }


def test_without_an_age_everyone_needs_a_parent_where_a_column_says_so(folder: Path) -> None:
    found = left_out(folder, None)
    assert found["adult"] is Excluded.NO_PARENT and "child with" not in found


def test_the_folder_may_be_stricter_than_the_policy_and_never_looser(folder: Path) -> None:
    rules(folder, age_of_consent=18)
    assert left_out(folder, 13)["birthday today"] is Excluded.NO_PARENT
    rules(folder, age_of_consent=8)
    assert left_out(folder, 16)["child without"] is Excluded.NO_PARENT


def test_a_policy_with_an_age_and_a_folder_that_says_nothing_lets_nobody_take_part(
    folder: Path,
) -> None:
    place = folder / "dataset.yaml"
    said = yaml.safe_load(place.read_text(encoding="utf-8"))
    del said["consent"]
    place.write_text(yaml.safe_dump(said), encoding="utf-8")
    assert set(left_out(folder, 13).values()) == {Excluded.AGE_UNKNOWN}
    assert left_out(folder, None) == {}
    said["consent"] = {"everyone_of_age": "true"}
    place.write_text(yaml.safe_dump(said), encoding="utf-8")
    assert left_out(folder, 13) == {}


def test_one_row_that_says_no_takes_out_all_of_the_student(folder: Path) -> None:
    with (folder / "records.csv").open("a", newline="", encoding="utf-8") as out:
        csv.writer(out).writerow(["adult", "B", "2026", "0.5", "yes", "2000-01-01", "", "x", ""])
    assert left_out(folder, 16)["adult"] is Excluded.OPTED_OUT


def test_who_takes_no_part_is_in_no_record_and_is_counted_here_only(folder: Path) -> None:
    data = load(folder, (SHEET,), pseudonym_key=KEY, consent_age=16).tasks["pass"]
    assert len(data.label) == len(ROWS) - 5
    everyone = load(folder, (SHEET,), pseudonym_key=KEY, consent_age=None).tasks["pass"]
    assert set(everyone.student) != set(data.student)
    found = inspect(folder, (SHEET,), 16)
    assert sum(found.excluded.values()) == 5
    assert found.fits[0].records == len(ROWS) - 5 == found.fits[0].rows - 5
    text = describe(found.faults, found.fits, found.excluded)
    assert "Who takes no part" in text and "2 students: under the age of consent" in text


def test_rules_that_leave_nobody_are_named(folder: Path) -> None:
    rules(folder, student={"column": "objects", "yes": ["agreed"]})
    found = inspect(folder, (SHEET,), None)
    assert found.usable and found.nobody and found.fits[0].records == 0
    (told,) = [f for f in found.faults if not f.blocks and "Nobody takes part" in f.what]
    assert "under `consent`" in told.what
    text = describe(found.faults, found.fits, found.excluded, nobody=found.nobody)
    assert "would train nobody" in text and "no consent of the student" in text


def test_a_column_that_decides_and_is_missing_stops_everything(folder: Path) -> None:
    rules(folder, opt_out={"column": "objekts", "yes": ["x"]})
    told = [f for f in check(folder, (SHEET,)) if f.column == "objekts"]
    assert told and told[0].blocks


@pytest.mark.parametrize("cell", ["30.5.2011", "2011-13-01", "soon"])
def test_a_birth_date_that_is_none_is_told_with_its_row(folder: Path, cell: str) -> None:
    place = folder / "records.csv"
    place.write_text(place.read_text(encoding="utf-8").replace("2015-05-30", cell, 1))
    told = [f for f in check(folder, (SHEET,)) if f.column == "born"]
    assert [(f.row, f.blocks) for f in told] == [(3, True)]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"age": "parent"}, "birth_date or age"),
        ({"everyone_of_age": "true"}, "needs no age and no parent"),
        ({"parents": "parent"}, "unknown"),
        ({"parent": {"column": "hours", "yes": ["1"]}}, "cannot be an input"),
        ({"age_of_consent": "99"}, "less than or equal to 25"),
    ],
)
def test_rules_that_contradict_are_told(
    folder: Path, changed: dict[str, object], says: str
) -> None:
    rules(folder, **changed)
    assert any(says in fault.what for fault in check(folder))
