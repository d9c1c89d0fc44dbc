"""The Open University importer: a small official-looking download worked out by hand, and the real one."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from tests import needs
from tests.learning.data import official
from worker.learning.data import tables
from worker.learning.data.check import check, classes, inspect, read_sheets
from worker.learning.data.folder import load
from worker.learning.data.importers import REGISTRY, Imported, SourceFault
from worker.learning.data.records import TaskData
from worker.learning.data.tables import Table
from worker.learning.data.write import DestinationInUse

KEY = b"k" * 32
OULAD = REGISTRY["oulad"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return official.as_folder(tmp_path / "download")


def table(folder: Path) -> Table:
    read, faults = tables.read(folder, "records.csv.gz")
    assert read is not None and faults == []
    return read


def test_a_folder_per_course_without_a_fault(source: Path, tmp_path: Path) -> None:
    made = OULAD.run(source, tmp_path / "out", day=120)
    assert list(made.folders) == ["aaa", "bbb"]
    assert made.records == 2 * 2 * official.STUDENTS * 4 // 5
    for folder in made.folders.values():
        findings = inspect(folder, made.sheets)
        assert findings.faults == [] and [fit.usable for fit in findings.fits] == [True]
    found = classes(made.folders["aaa"])
    assert [(c.code, c.term) for c in found] == [("AAA-2013J", "2013J"), ("AAA-2014B", "2014B")]


def test_inputs_are_what_was_known_on_the_day(source: Path, tmp_path: Path) -> None:
    """Student n hands the first work in on day 18 + n (due 20), with 50 + n points; tens hand nothing in."""
    day30 = table(OULAD.run(source, tmp_path / "30", day=30).folders["aaa"])
    day200 = table(OULAD.run(source, tmp_path / "200", day=200).folders["aaa"])
    names = [
        "mean_score",
        "lowest_score",
        "scores",
        "mean_lateness",
        "no_submission",
        "previous_attempts",
    ]

    def row(of: Table, who: int) -> list[str]:
        place = of.columns["student"].index(str(who))
        return [of.columns[name][place] for name in names]

    assert row(day30, 2) == ["52.0000", "52", "1", "0.0000", "0", "0"]
    assert row(day30, 12) == ["62.0000", "62", "1", "10.0000", "0", "0"], "the day itself counts"
    assert row(day30, 14) == ["", "", "0", "", "1", "0"], "day 32 comes after day 30"
    assert row(day30, 10) == ["", "", "0", "", "1", "0"]
    assert row(day30, 7) == ["", "", "0", "5.0000", "0", "1"], "handed in, score unknown"
    assert row(day200, 2) == ["71.0000", "52", "2", "0.5000", "0", "0"]
    assert row(day200, 7) == ["90.0000", "90", "1", "3.0000", "0", "1"]


def test_lateness_is_held_within_fifty_days(source: Path, tmp_path: Path) -> None:
    path = source / "studentAssessment.csv"
    path.write_bytes(path.read_bytes().replace(b'"1","2","20"', b'"1","2","119"'))
    made = OULAD.run(source, tmp_path / "out", day=120)
    columns = table(made.folders["aaa"]).columns
    assert columns["mean_lateness"][columns["student"].index("2")] == "50.0000"


def test_who_withdrew_is_left_out_and_failing_is_the_positive_label(
    source: Path, tmp_path: Path
) -> None:
    made = OULAD.run(source, tmp_path / "out")
    columns = table(made.folders["bbb"]).columns
    outcome = dict(zip(columns["student"], columns["outcome"], strict=True))
    assert all(int(who) % 5 != 3 for who in outcome)
    assert all((said == "failed") == (int(who) % 5 in (1, 4)) for who, said in outcome.items())
    assert made.sheets[0].labels == ("passed", "failed")


def test_a_student_is_in_the_same_part_in_every_course(source: Path, tmp_path: Path) -> None:
    made = OULAD.run(source, tmp_path / "one")
    other = OULAD.run(source, tmp_path / "two", split_seed=2)

    def parts(of: Imported) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for folder in of.folders.values():
            columns = table(folder).columns
            for who, part in zip(columns["student"], columns["split"], strict=True):
                found.setdefault(who, set()).add(part)
        return found

    assert all(len(found) == 1 for found in parts(made).values())
    assert parts(made) != parts(other)


def test_scaling_comes_from_the_training_students_of_all_courses(
    source: Path, tmp_path: Path
) -> None:
    made = OULAD.run(source, tmp_path / "out", day=200)
    values: list[float] = []
    for folder in made.folders.values():
        columns = table(folder).columns
        pairs = zip(columns["mean_score"], columns["split"], strict=True)
        values += [float(v) for v, part in pairs if v and part == "train"]
    entry = next(i for i in made.sheets[0].inputs if i.name == "mean_score")
    assert entry.mean == pytest.approx(np.mean(values), rel=1e-5)
    assert entry.sd == pytest.approx(np.std(values), rel=1e-5)


def test_sensitive_columns_stay_out_unless_asked_for(source: Path, tmp_path: Path) -> None:
    sensitive = {"gender", "imd_band", "age_band", "disability"}
    plain = OULAD.run(source, tmp_path / "plain")
    assert [s.name for s in plain.sheets] == ["at-risk-day120"]
    assert not sensitive & {i.name for s in plain.sheets for i in s.inputs}
    assert not sensitive & set(table(plain.folders["aaa"]).columns)
    asked = OULAD.run(source, tmp_path / "asked", fairness_columns=True)
    default, reference = asked.sheets
    assert default == plain.sheets[0]
    assert reference.name == "at-risk-day120-reference"
    assert sensitive < {i.name for i in reference.inputs}
    columns = table(asked.folders["aaa"]).columns
    assert set(columns["disability"]) == {"N", "Y"}
    assert set(columns["imd_band"]) == {"0-10%", "10-20%", "90-100%", ""}
    assert check(asked.folders["aaa"], asked.sheets) == []


def test_sheets_lie_beside_the_folders(source: Path, tmp_path: Path) -> None:
    made = OULAD.run(source, tmp_path / "out", day=60)
    assert [p.name for p in made.sheet_files] == ["at-risk-day60.json"]
    assert read_sheets(tmp_path / "out" / "tasks" / "at-risk-day60.json") == made.sheets
    assert made.sheets[0].cutoff_day == 60


def test_one_folder_holds_all_courses(source: Path, tmp_path: Path) -> None:
    made = OULAD.run(source, tmp_path / "out", one_folder=True)
    assert list(made.folders) == ["all"]
    assert set(table(made.folders["all"]).columns["course"]) == set(official.COURSES)
    assert check(made.folders["all"], made.sheets) == []


def test_plain_gzipped_and_zip_give_the_same(source: Path, tmp_path: Path) -> None:
    sources = [
        source,
        official.as_folder(tmp_path / "gz", gzipped=True),
        official.as_zip(tmp_path / "anonymisedData.zip"),
    ]
    (tmp_path / "holder").mkdir()
    sources.append(official.as_zip(tmp_path / "holder" / "anonymisedData.zip").parent)
    made = [OULAD.run(src, tmp_path / f"out{n}") for n, src in enumerate(sources)]
    first = {
        name: folder.joinpath("records.csv.gz").read_bytes()
        for name, folder in made[0].folders.items()
    }
    for other in made[1:]:
        assert {
            n: f.joinpath("records.csv.gz").read_bytes() for n, f in other.folders.items()
        } == first
    assert any("studentVle is not read" in note for note in made[2].notes)
    assert len(made[0].notes) == 2


def test_a_university_s_folders_say_that_nobody_is_under_age(source: Path, tmp_path: Path) -> None:
    made = OULAD.run(source, tmp_path / "out")
    assert made.notes[-1].startswith("Consent: a university's students")
    for folder in made.folders.values():
        found = inspect(folder, made.sheets, 18)
        assert not found.nobody and found.excluded == {}


def test_a_faulty_download_is_told(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    info = (source / "studentInfo.csv").read_bytes()

    def told(says: str) -> None:
        with pytest.raises(SourceFault, match=says):
            OULAD.run(source, out)
        assert not out.exists()

    (source / "studentInfo.csv").write_bytes(info.replace(b"final_result", b"result"))
    told("lacks the column final_result")
    (source / "studentInfo.csv").write_bytes(info.replace(b'"Fail"', b'"Lost"'))
    told("final result 'Lost'")
    (source / "studentInfo.csv").write_bytes(info)
    work = (source / "studentAssessment.csv").read_bytes()
    (source / "studentAssessment.csv").write_bytes(work.replace(b'"151"', b'"soon"', 1))
    told("'soon' where date_submitted should be a number")
    (source / "studentAssessment.csv").unlink()
    told("studentAssessment.csv is not in")


def test_a_cut_off_zip_or_gzip_is_told(tmp_path: Path) -> None:
    whole = official.as_zip(tmp_path / "whole.zip").read_bytes()
    (tmp_path / "half.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceFault, match="cut off"):
        OULAD.run(tmp_path / "half.zip", tmp_path / "out")
    folder = official.as_folder(tmp_path / "gz", gzipped=True)
    path = folder / "studentInfo.csv.gz"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(SourceFault, match="cannot be read to its end"):
        OULAD.run(folder, tmp_path / "out")
    with pytest.raises(SourceFault, match="is not there"):
        OULAD.run(tmp_path / "nowhere", tmp_path / "out")


def test_nothing_is_written_over(source: Path, tmp_path: Path) -> None:
    OULAD.run(source, tmp_path / "out")
    with pytest.raises(DestinationInUse):
        OULAD.run(source, tmp_path / "out")
    with pytest.raises(SourceFault, match="Unknown option days"):
        OULAD.run(source, tmp_path / "other", days=3)


def _inputs(task: TaskData) -> np.ndarray:
    groups = [len(i.values) + 1 for i in task.sheet.inputs if i.kind == "categorical"]
    columns = [np.eye(n)[task.categorical[:, k]] for k, n in enumerate(groups)]
    return np.hstack([np.nan_to_num(task.numeric), *columns])


def test_the_real_set_gives_the_reference(tmp_path: Path) -> None:
    """Scenario 1b: 22,437 students, 31.43 % fail, central logistic regression about .836 on day 120."""
    made = OULAD.run(needs.data("oulad"), tmp_path / "out", day=120, fairness_columns=True)
    assert made.records == 22_437 and len(made.folders) == 7
    name = "at-risk-day120-reference"
    tasks = [load(f, made.sheets, pseudonym_key=KEY).tasks[name] for f in made.folders.values()]
    y = np.concatenate([task.label for task in tasks])
    test = np.concatenate([task.split == "test" for task in tasks])
    assert len(y) == 22_437 and y.mean() == pytest.approx(0.3143, abs=5e-5)
    assert test.mean() == pytest.approx(0.2, abs=0.01)
    x = np.vstack([_inputs(task) for task in tasks])
    model = LogisticRegression(max_iter=2000).fit(x[~test], y[~test])
    assert roc_auc_score(y[test], model.predict_proba(x[test])[:, 1]) == pytest.approx(
        0.836, abs=0.01
    )
