"""speechocean762: sentences read aloud by learners of English, scored by experts (Zhang et al., Interspeech 2021).

Sites are age bands, classes groups of speakers; the set's own split keeps speakers apart. The download is OpenSLR 101
(`speechocean762.tar.gz`, or unpacked), with WAV files; a table `utterances.csv` with ready log-mel arrays
(`logmel_40x25fps.npz`) is read too. Half of the speakers are children: their voices are personal data.
"""

from collections.abc import Sequence
from functools import partial
from math import log
from pathlib import Path

from worker.learning.data.importers.download import Download, Row
from worker.learning.data.importers.drawing import held_out
from worker.learning.data.importers.fields import (
    Field,
    kept,
    modalities,
    numeric,
    scaling,
    score_sheets,
)
from worker.learning.data.importers.hearing import heard_sheets
from worker.learning.data.importers.importer import Importer
from worker.learning.data.importers.results import (
    FAIRNESS_COLUMNS,
    SPLIT_SEED,
    Chosen,
    Made,
    SiteFolder,
    SourceFault,
    smaller,
)
from worker.learning.data.importers.speechocean_files import SCORES, Source, source
from worker.protocol.meter import Told
from worker.protocol.tasks import TaskSheet
from worker.protocol.text import N_, _

OFFICIAL = 5_000
SPEAKERS_IN_CLASS = 12
_ADULTS = "age-26-up"
_BANDS = ((9, "age-6-9"), (15, "age-10-15"), (25, "age-16-25"), (200, _ADULTS))
_TERM = "2020"
FIELDS = (
    Field("words", unit="words"),
    Field("log_words", unit="natural logarithm"),
    Field("log_letters", unit="natural logarithm"),
    Field("prompt", "text"),
    Field("recording", "audio", scale=(-48.0, 17.5)),
    Field("age", unit="years", sensitive=True),
    Field("gender", "categorical", values=("f", "m"), sensitive=True),
)


def _records(found: Source, seed: int) -> list[Row]:
    records = []
    for row in found.utterances:
        train = row["part"] == "train"
        records.append(
            {
                "utterance": row["utterance"],
                "student": row["speaker"],
                "class": "",
                "term": _TERM,
                "split": held_out("speechocean762", seed, row["speaker"]) if train else "test",
                "site": _band(row),
                "recording": found.file(row["utterance"]),
                **_lengths(row["prompt"]),
                "prompt": row["prompt"],
                "age": row["age"],
                "gender": row["gender"],
                **{score: row[score] for score in SCORES},
            }
        )
    classes = _classes(records)
    return [row | {"class": classes[row["student"]]} for row in records]


def _lengths(prompt: str) -> Row:
    """Their logarithms beside that of the recording's seconds (`data.acoustics`) tell the pace as a plain sum."""
    words, letters = len(prompt.split()), sum(one.isalpha() for one in prompt)
    return {
        "words": str(words),
        "log_words": f"{log(max(words, 1)):.5f}",
        "log_letters": f"{log(max(letters, 1)):.5f}",
    }


def _band(row: Row) -> str:
    if not row["age"].isdecimal():
        what = _("Speaker {speaker} has no age: take the whole official download.")
        raise SourceFault(what.format(speaker=row["speaker"]))
    return next(name for most, name in _BANDS if int(row["age"]) <= most)


def _classes(records: Sequence[Row]) -> dict[str, str]:
    """Speaker -> group of up to twelve speakers of the same band, by their names."""
    made: dict[str, str] = {}
    for _most, band in _BANDS:
        speakers = sorted({row["student"] for row in records if row["site"] == band})
        for place, who in enumerate(speakers):
            made[who] = f"group-{place // SPEAKERS_IN_CLASS + 1}"
    return made


def _make(download: Download, chosen: Chosen) -> Made:
    found = source(download)
    records = _records(found, int(chosen["split_seed"]))
    fields = kept(FIELDS, chosen)
    scale = scaling(records, "site", [*numeric(FIELDS), *SCORES])
    wanted = ["utterance", "student", "class", "term", "split", *SCORES]
    wanted += [f.name for f in fields]
    sites = [band for _most, band in _BANDS if any(row["site"] == band for row in records)]
    sheets = score_sheets(
        FIELDS,
        scale,
        chosen,
        {score: f"speech-{score}" for score in SCORES},
        "Which score do experts give the reading aloud for {score}, from 0 to 10?",
        "points of 10",
        "pcc",
    )
    return Made(
        sites=(
            SiteFolder(
                site=site,
                name=f"speechocean762-{site}",
                title=f"speechocean762, {site.replace('-', ' ')}",
                records={c: [r[c] for r in records if r["site"] == site] for c in wanted},
                modalities=modalities(fields),
                key=("utterance",),
                of_age=site == _ADULTS,
            )
            for site in sites
        ),
        sheets=sheets,
        notes=_notes(len(records)),
        media_count=len(records),
        media=found.media({row["utterance"]: row["site"] for row in records}),
        heard=partial(_heard, sheets, records),
    )


def _heard(
    sheets: Sequence[TaskSheet], records: Sequence[Row], folder: Path, told: Told
) -> tuple[TaskSheet, ...]:
    train = [row for row in records if row["split"] == "train"]
    paths = [
        [folder / band / row["recording"] for row in train if row["site"] == band]
        for _most, band in _BANDS
    ]
    return heard_sheets(sheets, "recording", paths, told)


def _notes(count: int) -> tuple[str, ...]:
    notes = [_("These are voices of people, half of them children: keep the folders closed.")]
    return (*notes, *smaller(count, OFFICIAL))


SPEECHOCEAN = Importer(
    name="speechocean762",
    title="speechocean762, learners read aloud (free use, see OpenSLR 101)",
    options=(FAIRNESS_COLUMNS, SPLIT_SEED),
    make=_make,
    consent=N_(
        "Consent: half of the speakers are children, and the set has no columns of consent. Only the folder age-26-up "
        "says that nobody is under age (`everyone_of_age`); the data steward decides for the others in dataset.yaml."
    ),
)
