"""Every way to damage a folder is told, in its place, with a fix; and `load` refuses just what blocks."""

from pathlib import Path

import pytest

from tests.learning.data import damage
from tests.learning.data.damage import DISTRICT, HILL, Case
from worker.learning.data.check import check, classes, describe, inspect, read_sheets
from worker.learning.data.findings import DataFault
from worker.learning.data.folder import load
from worker.learning.data.importers.campus import CampusSite, campus_sheets
from worker.learning.data.write import write_sheets
from worker.protocol.codes import Failure

KEY = b"k" * 32


def assert_told(folder: Path, case: Case) -> None:
    case.damage(folder)
    faults = check(folder, campus_sheets())
    found = [
        f
        for f in faults
        if case.says in f.what
        and (f.file, f.column, f.blocks) == (case.file, case.column, case.blocks)
        and case.row in (f.row, None)
    ]
    assert found, f"not told; told were {faults}"
    assert case.fixes in found[0].fix and found[0].fix
    blocked = any(f.blocks for f in faults)
    assert blocked == case.blocks
    if blocked:
        with pytest.raises(DataFault) as caught:
            load(folder, campus_sheets(), pseudonym_key=KEY)
        assert caught.value.faults == faults
        assert caught.value.code is Failure.DATA_FAULT
    else:
        load(folder, campus_sheets(), pseudonym_key=KEY)


@pytest.mark.parametrize("case", HILL, ids=lambda case: case.name)
def test_damage_is_told(hill: Path, case: Case) -> None:
    assert_told(hill, case)


@pytest.mark.parametrize("case", DISTRICT, ids=lambda case: case.name)
def test_damage_of_two_files_is_told(district: Path, case: Case) -> None:
    assert_told(district, case)


def test_a_truncated_parquet_is_told(campus: dict[str, CampusSite], tmp_path: Path) -> None:
    source = campus["northmoor-university"].folder
    for file in source.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    whole = (tmp_path / "records.parquet").read_bytes()
    (tmp_path / "records.parquet").write_bytes(whole[: len(whole) // 2])
    faults = check(tmp_path, campus_sheets())
    assert [(f.file, f.blocks) for f in faults] == [("records.parquet", True)]


def test_every_fault_is_told_at_once(hill: Path) -> None:
    for one in (
        damage.cell(3, "average", "many"),
        damage.cell(4, "class_code", "#"),
        damage.cell(5, "outcome", "unsure"),
        damage.cell(6, "student_id", ""),
        damage.yaml(
            "records.csv\n  columns:\n    reflection", "texts.csv\n  columns:\n    reflection"
        ),
    ):
        one(hill)
    faults = check(hill, campus_sheets())
    rows = {(f.file, f.row) for f in faults if f.blocks}
    assert {("records.csv", n) for n in (3, 4, 5, 6)} | {("texts.csv", None)} == rows


def test_many_equal_faults_are_counted(hill: Path) -> None:
    damage.cells(range(10, 30), "average", "?")(hill)
    faults = check(hill)
    assert [f.row for f in faults] == [10, 11, 12, None]
    assert faults[-1].what == "17 more rows have the same fault."


def test_unseen_values_beyond_three_are_counted(hill: Path) -> None:
    for row in range(2, 8):
        damage.cell(row, "track", f"NEW{row}")(hill)
    [told] = {f.what for f in check(hill, campus_sheets())}
    assert "6 rows" in told and told.count("NEW") == 3 and "and 3 others" in told


def test_a_student_in_two_parts_is_told(hill: Path) -> None:
    rows = damage.read(hill / "records.csv")
    column, part = rows[0].index("student_id"), rows[0].index("part")
    second = next(n for n in range(2, len(rows)) if rows[n][column] == rows[n - 1][column])
    other = "train" if rows[second][part] == "test" else "test"
    damage.cell(second + 1, "part", other)(hill)
    [fault] = check(hill)
    assert (fault.row, fault.column, fault.blocks) == (second + 1, "part", True)
    assert "two parts" in fault.what


def test_faults_name_no_student(hill: Path) -> None:
    """A pseudonym or an id in a sentence could travel by a copied terminal."""
    ids = {row[0] for row in damage.read(hill / "records.csv")[1:]}
    damage.repeat(11)(hill)
    damage.cell(3, "outcome", "withdrawn")(hill)
    told = describe(check(hill, campus_sheets()))
    assert "repeats row 11" in told
    assert not any(one in told for one in ids)


def test_a_task_the_folder_lacks_does_not_fit(hill: Path) -> None:
    other = campus_sheets()[0].model_copy(update={"name": "at-risk-week7"})
    findings = inspect(hill, [other])
    assert findings.faults == []
    [fit] = findings.fits
    assert not fit.usable and "Did you mean at-risk-week6?" in fit.reason
    assert load(hill, [other], pseudonym_key=KEY).tasks == {}


def test_description_reads_as_a_page(hill: Path) -> None:
    damage.cell(7, "outcome", "withdrawn")(hill)
    damage.cell(8, "next_score", "")(hill)
    findings = inspect(hill, campus_sheets())
    page = describe(findings.faults, findings.fits)
    assert page.startswith("The folder cannot be used yet: 1 fault.\n")
    assert "  records.csv, row 7, column outcome: 'withdrawn' is no label" in page
    assert "Task next-score: fits, 123 of 124 rows." in page
    assert "  1 row drops out: no label." in page
    assert "  mean_score ← average" in page


def test_classes_are_the_folders(campus: dict[str, CampusSite]) -> None:
    found = classes(campus["northmoor-university"].folder)
    assert len(found) == 20
    assert ("BIO-101", "2025-autumn") in {(c.code, c.term) for c in found}


def test_sheets_are_read_from_json_and_yaml(tmp_path: Path) -> None:
    for path, sheet in zip(write_sheets(tmp_path, campus_sheets()), campus_sheets(), strict=True):
        assert read_sheets(path) == (sheet,)
    several = tmp_path / "all.yaml"
    texts = [p.read_text("utf-8") for p in sorted(tmp_path.glob("*.json"))]
    several.write_text("tasks: [" + ",\n".join(texts) + "]", encoding="utf-8")
    assert {s.name for s in read_sheets(several)} == {s.name for s in campus_sheets()}


def test_a_wrong_sheet_is_told(tmp_path: Path) -> None:
    path = tmp_path / "sheet.yaml"
    path.write_text("name: at-risk\ntarget: Too little is written here\nkind: binary\n", "utf-8")
    with pytest.raises(DataFault) as caught:
        read_sheets(path)
    assert {"label", "inputs"} == {f.what.split(":")[0] for f in caught.value.faults}
    with pytest.raises(DataFault):
        read_sheets(tmp_path / "nowhere.yaml")
