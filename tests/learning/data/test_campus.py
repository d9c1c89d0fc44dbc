"""The simulated campus says what it is, differs from site to site, and can be predicted well but not perfectly."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from worker.learning.data.check import check, classes, read_sheets
from worker.learning.data.folder import load
from worker.learning.data.importers.campus import CampusSite, campus_sheets, generate
from worker.learning.data.records import TaskData

AT_RISK, BAND, NEXT = campus_sheets()


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> list[CampusSite]:
    return generate(tmp_path_factory.mktemp("full"), seed=1)


@pytest.fixture(scope="module")
def at_risk(full: list[CampusSite]) -> list[TaskData]:
    return [
        load(site.folder, [AT_RISK], pseudonym_key=b"k" * 32).tasks[AT_RISK.name] for site in full
    ]


def test_four_sites_without_a_fault(full: list[CampusSite]) -> None:
    assert [(site.name, site.kind) for site in full] == [
        ("Lakeside District", "district"),
        ("Lakeside Hill School", "school"),
        ("Lakeside Bay School", "school"),
        ("Northmoor University", "university"),
    ]
    assert all(check(site.folder, campus_sheets()) == [] for site in full)


def test_sizes_and_classes_differ(full: list[CampusSite], at_risk: list[TaskData]) -> None:
    students = [len(set(task.student.tolist())) for task in at_risk]
    assert min(students) >= 170 and max(students) >= 1100
    assert len(set(students)) == 4
    assert [len(classes(site.folder)) for site in full] == [5, 10, 5, 20]


def test_everything_says_simulated(full: list[CampusSite]) -> None:
    for site in full:
        said = yaml.safe_load((site.folder / "dataset.yaml").read_text("utf-8"))
        assert said["simulated"] is True and "(simulated)" in said["title"]
        assert "no such student" in (site.folder / "README.md").read_text("utf-8")
    assert "Simulated" in (full[0].folder.parent / "README.md").read_text("utf-8")


def test_the_sheets_lie_beside_the_folders(full: list[CampusSite]) -> None:
    tasks = full[0].folder.parent / "tasks"
    assert {s for p in tasks.iterdir() for s in read_sheets(p)} == set(campus_sheets())
    assert [s.kind for s in campus_sheets()] == ["binary", "multiclass", "regression"]


def _content(folder: Path) -> dict[str, bytes]:
    files = (p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        generate(tmp_path / name, seed, 0.05)
    a, b, c = (_content(tmp_path / name) for name in "abc")
    assert a == b
    assert a["lakeside-district/records.csv.gz"][4:8] == bytes(4), "no time of day in the file"
    assert a["lakeside-bay-school/records.csv"] != c["lakeside-bay-school/records.csv"]


def test_generating_again_leaves_no_trace_of_the_first(tmp_path: Path) -> None:
    generate(tmp_path / "a", 5, 0.1)
    generate(tmp_path / "a", 6, 0.05)
    generate(tmp_path / "b", 6, 0.05)
    assert _content(tmp_path / "a") == _content(tmp_path / "b")


def _table(task: TaskData) -> np.ndarray:
    missing = np.isnan(task.numeric)
    groups = np.eye(5)[task.categorical[:, 0]]
    return np.hstack([np.where(missing, 0, task.numeric), missing, groups])


def test_risk_can_be_ranked_well_but_not_perfectly(at_risk: list[TaskData]) -> None:
    """One logistic regression over all sites, tested on students it has not seen."""
    x = np.vstack([_table(task) for task in at_risk])
    y = np.concatenate([task.label for task in at_risk])
    test = np.concatenate([task.split == "test" for task in at_risk])
    model = LogisticRegression(max_iter=1000).fit(x[~test], y[~test])
    assert 0.75 < roc_auc_score(y[test], model.predict_proba(x[test])[:, 1]) < 0.86
    assert 0.75 > y.mean() > 0.1


def test_words_alone_say_something(at_risk: list[TaskData]) -> None:
    said = [s for task in at_risk for s in task.text["reflection"]]
    y = np.concatenate([task.label for task in at_risk])
    test = np.concatenate([task.split == "test" for task in at_risk])
    has = np.array([bool(s) for s in said])
    words = TfidfVectorizer().fit_transform(said)
    model = LogisticRegression(max_iter=1000).fit(words[has & ~test], y[has & ~test])
    scores = model.predict_proba(words[has & test])[:, 1]
    assert 0.6 < roc_auc_score(y[has & test], scores) < 0.8


def test_every_band_and_both_outcomes_occur_at_every_site(full: list[CampusSite]) -> None:
    for site in full:
        tasks = load(site.folder, [AT_RISK, BAND], pseudonym_key=b"k" * 32).tasks
        assert set(tasks[AT_RISK.name].label.tolist()) == {0, 1}
        assert set(tasks[BAND.name].label.tolist()) == {0, 1, 2, 3}
