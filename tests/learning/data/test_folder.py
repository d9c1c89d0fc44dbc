"""What `load` promises: alignment, scaling, one part per student, pseudonyms, a digest that notices every change."""

import shutil
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.learning.data import damage
from worker.learning.data import tables
from worker.learning.data.check import inspect
from worker.learning.data.folder import drawn_split, load
from worker.learning.data.importers.campus import CampusSite, campus_sheets, generate
from worker.learning.data.records import SiteData
from worker.learning.data.write import write_dataset

KEY = b"k" * 32
SHEETS = campus_sheets()


def parts_of(data: SiteData) -> dict[str, set[str]]:
    parts: dict[str, set[str]] = defaultdict(set)
    for task in data.tasks.values():
        for student, part in zip(task.student.tolist(), task.split.tolist(), strict=True):
            parts[student].add(part)
    return parts


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**31 - 1), scale=st.sampled_from([0.0, 0.05, 0.3]))
def test_a_generated_campus_loads(
    tmp_path_factory: pytest.TempPathFactory, seed: int, scale: float
) -> None:
    for site in generate(tmp_path_factory.mktemp("campus"), seed, scale):
        data = load(site.folder, SHEETS, pseudonym_key=KEY)
        assert set(data.tasks) == {sheet.name for sheet in SHEETS}
        for task in data.tasks.values():
            n = len(task.label)
            assert n >= 40
            assert task.numeric.shape == (n, 4) and task.numeric.dtype == np.float32
            assert task.categorical.shape == (n, 1) and task.categorical.dtype == np.int64
            assert task.label.dtype == (np.float32 if task.sheet.kind == "regression" else np.int64)
            aligned = (task.student, task.class_code, task.term, task.split)
            assert {len(column) for column in (*aligned, *task.text.values())} == {n}
            assert not np.isinf(task.numeric).any()
        assert all(len(parts) == 1 for parts in parts_of(data).values())


def test_values_are_scaled_by_the_sheet(hill: Path) -> None:
    rows = damage.read(hill / "records.csv")
    average, score = rows[0].index("average"), rows[0].index("next_score")
    task = load(hill, SHEETS, pseudonym_key=KEY).tasks["next-score"]
    for row, z, label in zip(rows[1:], task.numeric[:, 0], task.label, strict=True):
        if row[average]:
            assert z == pytest.approx((float(row[average]) - 62) / 14, abs=1e-5)
        else:
            assert np.isnan(z)
        assert label == pytest.approx((float(row[score]) - 62) / 15, abs=1e-5)


def test_own_values_reach_the_sheets(hill: Path) -> None:
    rows = damage.read(hill / "records.csv")
    track, outcome = rows[0].index("track"), rows[0].index("outcome")
    task = load(hill, SHEETS, pseudonym_key=KEY).tasks["at-risk-week6"]
    assert [["GEN", "ADV", "TEC", "ART"][k - 1] for k in task.categorical[:, 0]] == [
        row[track] for row in rows[1:]
    ]
    assert [["passed", "not passed"][k] for k in task.label] == [row[outcome] for row in rows[1:]]


def test_texts_of_another_file_find_their_record(district: Path) -> None:
    records, _ = tables.read(district, "records.csv.gz")
    texts, _ = tables.read(district, "reflections.csv.gz")
    assert records and texts
    keys = ("student_id", "class_code", "term")
    said = dict(
        zip(
            zip(*(texts.columns[k] for k in keys), strict=True),
            texts.columns["reflection"],
            strict=True,
        )
    )
    wanted = [said.get(key, "") for key in zip(*(records.columns[k] for k in keys), strict=True)]
    task = load(district, SHEETS, pseudonym_key=KEY).tasks["final-band"]
    assert task.text["reflection"] == wanted
    assert "" in wanted and len(set(wanted)) > 10


def test_a_site_without_texts_loads_with_none(campus: dict[str, CampusSite]) -> None:
    data = load(campus["lakeside-bay-school"].folder, SHEETS, pseudonym_key=KEY)
    assert all(set(task.text["reflection"]) == {""} for task in data.tasks.values())


def test_a_row_without_any_input_drops_out(hill: Path) -> None:
    for column in ("average", "late", "logins_week", "prior_attempts", "track", "reflection"):
        damage.cell(9, column, "")(hill)
    [fit] = inspect(hill, SHEETS[:1]).fits
    assert (fit.rows, fit.records) == (124, 123)
    assert fit.dropped == {"no input has a value": 1}
    task = load(hill, SHEETS[:1], pseudonym_key=KEY).tasks[SHEETS[0].name]
    assert len(task.label) == len(task.text["reflection"]) == len(task.student) == 123


def test_students_are_pseudonyms_under_the_sites_key(hill: Path) -> None:
    ids = {row[0] for row in damage.read(hill / "records.csv")[1:]}
    one, two = (load(hill, SHEETS, pseudonym_key=key) for key in (KEY, b"other" * 8))
    for data in (one, two):
        for task in data.tasks.values():
            assert not ids & set(task.student.tolist())
            assert len(set(task.student.tolist())) == len(ids)
    mine, theirs = (set(d.tasks["final-band"].student.tolist()) for d in (one, two))
    assert not mine & theirs
    assert {tables.pseudonym(i, KEY) for i in ids} == mine


def test_training_data_do_not_depend_on_the_key_where_the_folder_names_the_split(
    hill: Path,
) -> None:
    one, two = (load(hill, SHEETS, pseudonym_key=key) for key in (KEY, b"other" * 8))
    for name, task in one.tasks.items():
        np.testing.assert_array_equal(task.numeric, two.tasks[name].numeric)
        np.testing.assert_array_equal(task.split, two.tasks[name].split)


def test_without_a_split_column_the_site_draws_one_by_student(
    campus: dict[str, CampusSite], tmp_path: Path
) -> None:
    folder = tmp_path / "university"
    shutil.copytree(campus["northmoor-university"].folder, folder)
    damage.yaml("split: part\n", "")(folder)
    data = load(folder, SHEETS, pseudonym_key=KEY)
    parts = parts_of(data)
    assert all(len(found) == 1 for found in parts.values())
    assert all(drawn_split(who) in found for who, found in parts.items())


def test_the_drawn_split_is_seventy_ten_twenty() -> None:
    drawn = [drawn_split(tables.pseudonym(str(i), KEY)) for i in range(20_000)]
    shares = {part: drawn.count(part) / len(drawn) for part in ("train", "validation", "test")}
    assert shares == pytest.approx({"train": 0.7, "validation": 0.1, "test": 0.2}, abs=0.01)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(row=st.integers(2, 125), data=st.data())
def test_the_digest_notices_every_change(hill: Path, row: int, data: st.DataObject) -> None:
    before = load(hill, SHEETS, pseudonym_key=KEY).digest
    whole = (hill / "records.csv").read_bytes()
    rows = damage.read(hill / "records.csv")
    used = [c for c in rows[0] if c not in ("final_band", "part")]
    column = data.draw(st.sampled_from(used))
    old = rows[row - 1][rows[0].index(column)]
    new = {
        "track": "ADV" if old != "ADV" else "ART",
        "outcome": "passed" if old != "passed" else "not passed",
        "student_id": "SOMEONE",
        "class_code": "NEW-1",
        "term": "2027",
        "next_topic": "functions" if old != "functions" else "probability",
        "first_in_family": "no" if old != "no" else "yes",
        "reflection": old + " More.",
    }.get(column) or str(float(old or 0) + 1)
    damage.cell(row, column, new)(hill)
    if column == "student_id":
        damage.cell(row, "part", "train")(hill)
    try:
        assert load(hill, SHEETS, pseudonym_key=KEY).digest != before
    finally:
        (hill / "records.csv").write_bytes(whole)
    assert load(hill, SHEETS, pseudonym_key=KEY).digest == before


def test_the_digest_notices_a_record_more_or_less(hill: Path) -> None:
    before = load(hill, SHEETS, pseudonym_key=KEY).digest
    rows = damage.read(hill / "records.csv")
    damage.write(hill / "records.csv", rows[:-1])
    assert load(hill, SHEETS, pseudonym_key=KEY).digest != before


def test_the_file_format_does_not_matter(hill: Path) -> None:
    csv = load(hill, SHEETS, pseudonym_key=KEY)
    table, _ = tables.read(hill, "records.csv")
    assert table
    typed = {
        name: [float(c) if c else None for c in column]
        if name in ("average", "late", "next_score")
        else column
        for name, column in table.columns.items()
    }
    text = (hill / "dataset.yaml").read_text("utf-8").replace("records.csv", "records.parquet")
    write_dataset(hill, yaml.safe_load(text), {"records.parquet": typed})
    assert load(hill, SHEETS, pseudonym_key=KEY).digest == csv.digest


def test_a_utf8_mark_and_windows_line_ends_are_no_fault(hill: Path) -> None:
    before = load(hill, SHEETS, pseudonym_key=KEY).digest
    unix = (hill / "records.csv").read_bytes().replace(b"\r\n", b"\n")
    (hill / "records.csv").write_bytes(b"\xef\xbb\xbf" + unix.replace(b"\n", b"\r\n"))
    assert load(hill, SHEETS, pseudonym_key=KEY).digest == before


def test_loading_imports_no_torch_and_no_server() -> None:
    import subprocess
    import sys

    code = (
        "import sys; import worker.learning.data.check, worker.learning.data.importers.campus;"
        "print(sorted({'torch','pandas','celery','sqlalchemy','transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
