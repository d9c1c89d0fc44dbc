"""Recordings and events in a data folder: read, checked, told plainly that they are not trained on yet."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from tests.learning.data.sets import sound
from worker.learning.data.check import check, describe, inspect
from worker.learning.data.folder import load
from worker.protocol.tasks import Input, TaskSheet

RECORDS = """pupil,group,year,part,score,words,recording
H-1,A,2026,train,4,3,media/one.wav
H-2,A,2026,train,5,4,media/two.npy
H-3,A,2026,validation,6,5,
H-4,A,2026,test,7,6,media/one.wav
"""
EVENTS = """pupil,group,year,place,skill,correct
H-1,A,2026,1,sums,1
H-1,A,2026,2,sums,0
H-2,A,2026,1,fractions,1
"""
DATASET: dict[str, Any] = {
    "name": "hill",
    "student": "pupil",
    "class": "group",
    "term": "year",
    "split": "part",
    "records": "records.csv",
    "modalities": [
        {"kind": "table", "file": "records.csv", "columns": {"words": "numeric"}},
        {"kind": "audio", "file": "records.csv", "columns": {"recording": "audio"}},
        {
            "kind": "events",
            "file": "answers.csv",
            "order": "place",
            "columns": {"skill": "categorical", "correct": "numeric"},
        },
    ],
    "tasks": {"reading": {"kind": "regression", "label": "score"}},
}
SHEET = TaskSheet(
    name="reading",
    target="Which score does an expert give?",
    kind="regression",
    label="score",
    metric="rmse",
    minimum_records=3,
    inputs=(Input(name="words"), Input(name="correct")),
)


@pytest.fixture
def hill(tmp_path: Path) -> Path:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "one.wav").write_bytes(sound())
    np.save(tmp_path / "media" / "two.npy", np.zeros((7, 40), np.float16))
    (tmp_path / "records.csv").write_text(RECORDS)
    (tmp_path / "answers.csv").write_text(EVENTS)
    write(tmp_path, DATASET)
    return tmp_path


def write(folder: Path, dataset: dict[str, Any]) -> None:
    (folder / "dataset.yaml").write_text(yaml.safe_dump(dataset, sort_keys=False))


def blocking(folder: Path) -> list[tuple[str, int | None, str]]:
    return [(f.file, f.row, f.what) for f in check(folder) if f.blocks]


def test_a_whole_folder_passes_and_is_told_what_is_not_trained_on(hill: Path) -> None:
    found = inspect(hill, [SHEET])
    assert found.usable
    told = describe(found.faults, found.fits)
    assert "The modality audio is read and checked, but this version does not train on it" in told
    assert "The modality events is read and checked, but this version does not train on it" in told
    [fit] = found.fits
    assert fit.usable and fit.present == {"words": "words"} and fit.absent == ("correct",)
    data = load(hill, [SHEET], pseudonym_key=b"k" * 32).tasks["reading"]
    assert np.isnan(data.numeric[:, 1]).all(), "an event is no value of a record"


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda f: (f / "media/one.wav").unlink(), "is missing"),
        (lambda f: (f / "media/one.wav").write_bytes(sound(channels=2)), "with one channel"),
        (lambda f: (f / "media/one.wav").write_bytes(sound(rate=4000)), "8 to 48 kHz"),
        (lambda f: (f / "media/one.wav").write_bytes(sound()[:400]), "empty or cut off"),
        (lambda f: (f / "media/one.wav").write_bytes(b"ID3 music"), "no WAV file"),
    ],
)
def test_a_recording_that_cannot_be_used_is_told_by_row(
    hill: Path, damage: Callable[[Path], object], says: str
) -> None:
    damage(hill)
    told = blocking(hill)
    assert [(file, row) for file, row, _what in told] == [("records.csv", 2), ("records.csv", 5)]
    assert all(says in what for _file, _row, what in told)


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros((7, 40)), "float16 or float32"),
        (np.zeros(7, np.float32), "float16 or float32"),
        (np.zeros((0, 40), np.float32), "no frame"),
        (np.zeros((2, 600), np.float32), "1 to 512 bands"),
        (np.array([[{}]], object), "no array"),
    ],
)
def test_an_array_that_cannot_be_used_is_told(hill: Path, array: Any, says: str) -> None:
    np.save(hill / "media" / "two.npy", array, allow_pickle=True)
    [(file, row, what)] = blocking(hill)
    assert (file, row) == ("records.csv", 3) and says in what


@pytest.mark.parametrize("name", ["../one.wav", "/etc/one.wav", "C:\\one.wav", "media/one.mp3"])
def test_a_name_outside_or_of_another_kind_is_refused(hill: Path, name: str) -> None:
    (hill / "records.csv").write_text(RECORDS.replace("media/two.npy", name))
    [(_file, row, what)] = blocking(hill)
    assert row == 3 and ("outside" in what or "ends in .wav or .npy" in what)


def test_an_event_twice_and_one_without_a_place_are_told(hill: Path) -> None:
    (hill / "answers.csv").write_text(EVENTS + "H-1,A,2026,2,sums,1\nH-2,A,2026,soon,sums,yes\n")
    told = {(row, what) for _file, row, what in blocking(hill)}
    assert (5, "This row repeats row 3: the same pupil, group, year, place.") in told
    assert {(6, "'soon' is not a number."), (6, "'yes' is not a number.")} <= told


def test_an_event_of_no_record_is_a_hint(hill: Path) -> None:
    (hill / "answers.csv").write_text(EVENTS + "H-9,A,2026,1,sums,1\n")
    [hint] = [f for f in check(hill) if f.file == "answers.csv"]
    assert (hint.row, hint.blocks) == (5, False) and "belongs to no record" in hint.what


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"order": ""}, "order names the column"),
        ({"order": "skill"}, "cannot be one of them"),
        ({"columns": {"skill": "text"}}, "goes with modality text"),
        ({"file": "records.csv"}, "it can hold nothing else"),
        ({"kind": "table"}, "order names the column"),
    ],
)
def test_a_modality_that_makes_no_sense_is_told(
    hill: Path, change: dict[str, Any], says: str
) -> None:
    *others, events = DATASET["modalities"]
    write(hill, DATASET | {"modalities": [*others, events | change]})
    assert any(says in what for _file, _row, what in blocking(hill))


def test_an_input_mapped_to_an_event_is_told(hill: Path) -> None:
    task = DATASET["tasks"]["reading"] | {"inputs": {"words": "correct"}}
    write(hill, DATASET | {"tasks": {"reading": task}})
    assert any("is of the modality events" in f.what for f in check(hill, [SHEET]) if f.blocks)


def test_no_sheet_asks_for_what_is_not_trained_on() -> None:
    with pytest.raises(ValidationError, match="not on audio yet"):
        Input(name="recording", modality="audio")
