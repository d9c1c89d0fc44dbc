"""Recordings, images and events in a data folder: read, checked, and laid ready for training."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from tests.learning.data.sets import sound
from worker.learning.data import perceived
from worker.learning.data.check import check, inspect
from worker.learning.data.folder import load
from worker.protocol.tasks import EventColumn, Input, TaskSheet

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


RECORDING = Input(name="recording", kind="audio", modality="audio", mean=-40, sd=20)
ANSWERS = Input(
    name="answers",
    kind="events",
    modality="events",
    columns=(
        EventColumn(name="skill", values=("sums", "fractions")),
        EventColumn(name="correct", kind="numeric"),
    ),
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


def test_an_input_of_a_table_is_never_read_from_events(hill: Path) -> None:
    found = inspect(hill, [SHEET])
    assert found.usable
    [fit] = found.fits
    assert fit.usable and fit.present == {"words": "words"} and fit.absent == ("correct",)
    data = load(hill, [SHEET], pseudonym_key=b"k" * 32).tasks["reading"]
    assert np.isnan(data.numeric[:, 1]).all(), "an event is no value of a record"


def test_recordings_and_events_become_inputs(hill: Path) -> None:
    sheet = SHEET.model_copy(update={"inputs": (Input(name="words"), RECORDING, ANSWERS)})
    found = inspect(hill, [sheet])
    [fit] = found.fits
    assert found.usable and fit.missing == {"words": 0.0, "recording": 0.25, "answers": 0.5}
    data = load(hill, [sheet], pseudonym_key=b"k" * 32).tasks["reading"]
    media, events = data.media["recording"], data.events["answers"]
    assert [Path(path).name for path in media.paths] == ["one.wav", "two.npy", "", "one.wav"]
    assert [bool(digest) for digest in media.digests] == [True, True, False, True]
    assert media.digests[0] == media.digests[3] != media.digests[1]
    assert events.lengths.tolist() == [2, 1, 0, 0]
    assert events.categorical.tolist() == [[1], [1], [2]]
    assert events.numeric.tolist() == [[1.0], [0.0], [1.0]]


def test_the_digest_follows_what_a_recording_holds_and_the_order_of_events(hill: Path) -> None:
    sheet = SHEET.model_copy(update={"inputs": (RECORDING, ANSWERS)})

    def now() -> str:
        return load(hill, [sheet], pseudonym_key=b"k" * 32).digest

    first = now()
    assert first == now()
    np.save(hill / "media" / "two.npy", np.ones((7, 40), np.float16))
    second = now()
    (hill / "answers.csv").write_text(EVENTS.replace("1,sums,1", "3,sums,1"))
    assert len({first, second, now()}) == 3


def test_other_bands_than_the_sheet_names_are_told(hill: Path) -> None:
    other = RECORDING.model_copy(update={"bands": 64})
    sheet = SHEET.model_copy(update={"inputs": (other,)})
    assert any("have 40 bands" in f.what for f in check(hill, [sheet]) if f.blocks)


def test_a_next_answer_cuts_sequences_into_pieces_and_wants_0_or_1(hill: Path) -> None:
    rows = [f"H-1,A,2026,{n},sums,{n % 2}" for n in range(1, 8)]
    (hill / "answers.csv").write_text(
        "\n".join([EVENTS.splitlines()[0], *rows, "H-2,A,2026,1,odd,1"])
    )
    task = {"next": {"kind": "next_answer", "label": "correct"}}
    write(hill, DATASET | {"tasks": task})
    short = ANSWERS.model_copy(update={"length": 3})
    sheet = TaskSheet(
        name="next",
        target="Will the next answer be right?",
        kind="next_answer",
        label="correct",
        minimum_records=1,
        inputs=(short,),
    )
    data = load(hill, [sheet], pseudonym_key=b"k" * 32).tasks["next"]
    assert data.events["answers"].lengths.tolist() == [3, 3], "a single answer predicts nothing"
    assert data.events["answers"].numeric[:, 0].tolist() == [1, 0, 1, 0, 1, 0]
    assert len(set(data.student)) == 1
    (hill / "answers.csv").write_text(EVENTS.replace("2,sums,0", "2,sums,7"))
    assert any("not 0 or 1" in f.what for f in check(hill, [sheet]) if f.blocks)


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
    assert any("is one of events" in f.what for f in check(hill, [SHEET]) if f.blocks)


def test_images_are_read_and_bad_ones_told(hill: Path) -> None:
    from PIL import Image

    Image.new("RGB", (30, 20), (255, 0, 0)).save(hill / "media" / "red.png")
    columns = {"records": RECORDS.replace("media/two.npy", "media/red.png")}
    (hill / "records.csv").write_text(columns["records"].replace("media/one.wav", ""))
    table, audio, events = DATASET["modalities"]
    pictures = {**audio, "kind": "image", "columns": {"recording": "image"}}
    write(hill, DATASET | {"modalities": [table, pictures, events]})
    image = Input(name="recording", kind="image", modality="image", size=8)
    sheet = SHEET.model_copy(update={"inputs": (image,)})
    media = load(hill, [sheet], pseudonym_key=b"k" * 32).tasks["reading"].media["recording"]
    [path] = [path for path in media.paths if path]
    found = perceived.pixels(Path(path), 8)
    assert found.shape == (24, 8) and (found[:8] == 1).all() and (found[8:] == -1).all()
    (hill / "media" / "red.png").write_bytes(b"no image")
    assert any("no PNG or JPEG" in f.what for f in check(hill, [sheet]) if f.blocks)


def test_a_tone_rings_in_its_band(tmp_path: Path) -> None:
    """A sine of 1,000 Hz is loudest in the band whose filter stands nearest, at any rate of sampling."""
    for rate in (8_000, 16_000, 44_100):
        wave = np.sin(2 * np.pi * 1_000 * np.arange(rate) / rate).astype(np.float32)
        found = perceived.of_samples(wave, rate, 40)
        assert found.shape == (len(range(0, rate - round(0.05 * rate) + 1, round(0.04 * rate))), 40)
        mel = 2595 * np.log10(1 + np.array([60, min(7_600, rate / 2), 1_000]) / 700)
        nearest = (mel[2] - mel[0]) / (mel[1] - mel[0]) * 41 - 1
        assert abs(found.mean(axis=0).argmax() - nearest) <= 1


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"kind": "audio"}, "goes with modality audio"),
        ({"kind": "events", "modality": "events"}, "list columns"),
        ({"kind": "categorical"}, "lists its values"),
        ({"columns": [{"name": "skill", "values": ["a"]}]}, "list columns"),
    ],
)
def test_an_input_that_contradicts_itself_is_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Input.model_validate({"name": "one"} | wrong)
