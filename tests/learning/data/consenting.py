"""A small folder whose records say who may take part."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from worker.protocol.tasks import Input, TaskSheet

SHEET = TaskSheet(
    name="pass",
    target="Whether the student passes.",
    label="passed",
    labels=("no", "yes"),
    inputs=(Input(name="hours"),),
    minimum_records=1,
)


def folder_of(
    folder: Path,
    rows: Mapping[str, Sequence[str]],
    columns: Sequence[str],
    consent: Mapping[str, Any] | None,
) -> Path:
    """A record for each student, with what `columns` say of it."""
    folder.mkdir(parents=True, exist_ok=True)
    dataset: dict[str, Any] = {
        "name": "test",
        "student": "pupil",
        "class": "group",
        "term": "year",
        "records": "records.csv",
        "modalities": [{"kind": "table", "file": "records.csv", "columns": {"hours": "numeric"}}],
        "tasks": {"pass": {"kind": "binary", "label": "passed"}},
    }
    if consent is not None:
        dataset["consent"] = dict(consent)
    (folder / "dataset.yaml").write_text(yaml.safe_dump(dataset), encoding="utf-8")
    with (folder / "records.csv").open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["pupil", "group", "year", "hours", "passed", *columns])
        for number, (student, said) in enumerate(rows.items()):
            passed = "yes" if number % 2 else "no"
            writer.writerow([student, "A", "2026", f"{number / 10:.1f}", passed, *said])
    return folder
