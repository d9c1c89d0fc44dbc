"""`python -m worker.learning judge` and `predict`: a release's file at work without the hub."""

import csv
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from tests.learning import build
from worker.learning import __main__ as command
from worker.learning import local, simulate
from worker.learning.data import unlabelled
from worker.learning.data.check import read_sheets
from worker.learning.data.findings import DataFault
from worker.learning.data.folder import load
from worker.learning.data.importers.campus import generate
from worker.protocol import codec
from worker.protocol.archive import DESCRIPTION, Description, member
from worker.protocol.canonical import canonical
from worker.protocol.manifest import ModelSpec, Training


def test_it_gives_the_figures_a_site_would(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    campus = generate(tmp_path / "campus", 1, 0.2)
    tasks = tuple(
        sheet
        for file in sorted((tmp_path / "campus" / "tasks").iterdir())
        for sheet in read_sheets(file)
    )
    model = ModelSpec(width=8, layers=0, heads=1)
    plan = simulate.Plan(tasks, model, Training(epochs=1, lr=0.01), rounds=1)
    folder = campus[0].folder
    data = load(folder, tasks, pseudonym_key=b"x")
    folders = simulate.Folders(tmp_path / "work")
    modules = simulate.run(plan, {"a": data, "b": data}, folders).modules
    release = written(tmp_path / "release.zip", plan, modules)
    work = str(tmp_path / "judged")
    assert command.main(["judge", str(release), "--data", str(folder), "--work", work]) == 0
    printed = {one["task"]: one["value"] for one in json.loads(capsys.readouterr().out)}
    answer = local.evaluate(
        simulate.manifest(plan, "a", 1, modules, simulate.JobKind.EVALUATE),
        modules,
        data,
        bases={},
        cache_dir=tmp_path / "site",
        on_progress=lambda phase, step, steps: None,
    )
    assert printed == {one.task: one.value for one in answer.shared}
    assert len(printed) == len(tasks)


def test_a_release_predicts_the_rows_of_a_csv_by_itself(tiny_text: Path, tmp_path: Path) -> None:
    """A process of its own: the archive, the text model and a table, no hub, no site, no labels."""
    sheets = (build.text_sheet(), build.multiclass_sheet())
    spec = build.MODEL.model_copy(update={"text": build.TEXT_MODEL, "rank": 4})
    plan = simulate.Plan(sheets, spec, Training(epochs=1), rounds=1)
    modules = local.initial_modules(spec, sheets, bases={"text": tiny_text})
    modules["adapter/text"] = build.random_b(modules, 1)
    release = written(tmp_path / "release.zip", plan, modules)
    rows = ["score,answer,unused", "1.5,the closed path,x", ",open gap,x", "-2,,x"]
    (tmp_path / "rows.csv").write_text("\n".join(rows), encoding="utf-8")
    out = predicted(tmp_path, release, tiny_text)
    data = replace(
        build.records(build.text_sheet(), 3, 1),
        numeric=np.array([[1.5], [np.nan], [-2.0]], np.float32),
        text={"answer": ["the closed path", "open gap", ""]},
        split=np.array(["test"] * 3),
    )
    only = replace(plan, tasks=sheets)
    wanted = simulate.judged(
        only, modules, build.site(data), simulate.Folders(tmp_path / "w", tiny_text)
    )
    assert [row["row"] for row in out] == ["2", "3", "4"]
    given = [float(row["correct"]) for row in out]
    assert given == pytest.approx(list(wanted["correct"].prediction), rel=1e-5)
    assert len(set(given)) == 3
    for row in out:
        assert sum(float(row[f"grade={label}"]) for label in "abc") == pytest.approx(1, abs=1e-4)


def predicted(folder: Path, release: Path, text: Path) -> list[dict[str, str]]:
    command_line = [sys.executable, "-m", "worker.learning", "predict", str(release)]
    command_line += ["--csv", str(folder / "rows.csv"), "--out", str(folder / "out.csv")]
    command_line += ["--text", str(text), "--work", str(folder / "work")]
    done = subprocess.run(command_line, check=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == {
        "rows": 3,
        "columns": ["correct", "grade=a", "grade=b", "grade=c"],
    }
    with (folder / "out.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_csv_without_any_input_of_the_release_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("name\nx\n", encoding="utf-8")
    with pytest.raises(DataFault) as raised:
        unlabelled.read(tmp_path / "rows.csv", [build.binary_sheet()])
    assert "score, late, band" in raised.value.faults[0].what


def test_what_cannot_be_read_is_told_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "release.zip").write_bytes(b"none")
    given = ["--csv", "x.csv", "--out", str(tmp_path / "o"), "--work", str(tmp_path)]
    assert command.main(["predict", str(tmp_path / "release.zip"), *given]) == 2
    assert "Download it again" in capsys.readouterr().err


def written(path: Path, plan: simulate.Plan, modules: simulate.Modules) -> Path:
    said = Description(
        federation="federation_1",
        federation_name="Test",
        number=1,
        run="run_1",
        published=datetime(2026, 1, 1, tzinfo=UTC),
        tasks=plan.tasks,
        model=plan.model,
        modules=simulate.digests(modules),
    )
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(DESCRIPTION, canonical(said))
        for name, tensors in modules.items():
            file.writestr(member(name), codec.encode(tensors))
    return path
