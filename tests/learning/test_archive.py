"""`python -m worker.learning judge`: a release's file, opened and judged on a folder as a site would judge it."""

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from worker.learning import __main__ as command
from worker.learning import local, simulate
from worker.learning.data.check import read_sheets
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
        text_dir=None,
        cache_dir=tmp_path / "site",
        on_progress=lambda phase, step, steps: None,
    )
    assert printed == {one.task: one.value for one in answer.shared}
    assert len(printed) == len(tasks)


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
