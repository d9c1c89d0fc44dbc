"""The ILEA School set: exam scores of 15,362 pupils of 139 London schools, 1985 to 1987 (Goldstein 1991).

Each school becomes a data folder, each exam year a class. The download is `school.mat`, as the MALSAR package and
the code of Liu et al. (NeurIPS 2022, arXiv 2206.07902) carry it: cell arrays X (pupils × 28 numbers) and Y (scores).
What the columns mean is told by the literature, not by the file; codes are therefore numbers here.
"""

from collections.abc import Iterator

import numpy as np

from worker.learning.data.importers import matfile
from worker.learning.data.importers.download import Download, Row
from worker.learning.data.importers.drawing import part
from worker.learning.data.importers.fields import Field, Scaling, kept, modalities, numeric, sheets
from worker.learning.data.importers.importer import Importer
from worker.learning.data.importers.matfile import Matrix
from worker.learning.data.importers.results import (
    FAIRNESS_COLUMNS,
    SPLIT_SEED,
    Chosen,
    Made,
    SiteFolder,
    SourceFault,
    smaller,
)
from worker.protocol.text import N_, _

COLUMNS = 28
PUPILS = 15_362
_TERM = "1985-87"


def _codes(count: int) -> tuple[str, ...]:
    return tuple(str(code) for code in range(1, count + 1))


_ONE_HOT = {
    "year": (0, 3),
    "gender": (5, 7),
    "verbal_band": (7, 10),
    "ethnic_group": (10, 21),
    "school_gender": (21, 24),
    "denomination": (24, 27),
}
FIELDS = (
    Field("free_meals", unit="% of the school"),
    Field("top_band", unit="% of the school"),
    Field("year", "categorical", values=_codes(3)),
    Field("verbal_band", "categorical", values=_codes(3)),
    Field("school_gender", "categorical", values=_codes(3)),
    Field("denomination", "categorical", values=_codes(3)),
    Field("gender", "categorical", values=_codes(2), sensitive=True),
    Field("ethnic_group", "categorical", values=_codes(11), sensitive=True),
)


def schools(download: Download) -> list[tuple[Matrix, Matrix]]:
    """(pupils × 28, scores (pupils,)) per school, in the file's order. Raises `SourceFault`."""
    try:
        found = matfile.cells(download.read("school", (".mat",)))
    except matfile.NotReadable as error:
        what = _("{name} cannot be read to its end: download it again.")
        raise SourceFault(what.format(name="school.mat")) from error
    x, y = found.get("X", []), found.get("Y", [])
    scores = [one.reshape(-1) for one in y]
    shapes = [len(one) for one in x] == [len(one) for one in scores]
    if not x or not shapes or any(one.shape[1] != COLUMNS for one in x):
        what = _("{name} is not what the set has: {expected}. Take the official download.")
        expected = "X (pupils × 28), Y (pupils × 1)"
        raise SourceFault(what.format(name="school.mat", expected=expected))
    return list(zip(x, scores, strict=True))


def _rows(number: int, x: Matrix, scores: Matrix, seed: int) -> Iterator[Row]:
    """One row per pupil; a pupil's name is the school and the place in it, for the set has none."""
    codes = {name: _decoded(x[:, first:last]) for name, (first, last) in _ONE_HOT.items()}
    for place in range(len(x)):
        who = f"{number:03d}-{place + 1:03d}"
        coded = {name: column[place] for name, column in codes.items()}
        yield {
            "student": who,
            "class": f"year-{coded['year'] or '0'}",
            "term": _TERM,
            "split": part("school", seed, who),
            "score": f"{scores[place]:g}",
            "free_meals": f"{x[place, 3]:g}",
            "top_band": f"{x[place, 4]:g}",
            **coded,
        }


def _decoded(columns: Matrix) -> list[str]:
    """Which of the columns is 1, from "1" on; "" where none is."""
    known = columns.max(axis=1) > 0
    places = np.argmax(columns, axis=1) + 1
    return [str(place) if there else "" for place, there in zip(places, known, strict=True)]


def _make(download: Download, chosen: Chosen) -> Made:
    given, seed = schools(download), int(chosen["split_seed"])
    sites = {
        f"school-{number:03d}": list(_rows(number, x, scores, seed))
        for number, (x, scores) in enumerate(given, 1)
    }
    scale = Scaling([*numeric(FIELDS), "score"])
    for site, rows in sites.items():
        scale.add(site, rows)
    fields = kept(FIELDS, chosen)
    wanted = ["student", "class", "term", "split", "score", *(f.name for f in fields)]
    pupils = sum(len(rows) for rows in sites.values())
    return Made(
        sites=(
            SiteFolder(
                site=site,
                name=f"ilea-{site}",
                title=f"ILEA, {site.replace('-', ' ')}",
                records={c: [row[c] for row in rows] for c in wanted},
                modalities=modalities(fields),
            )
            for site, rows in sites.items()
        ),
        sheets=sheets(
            FIELDS,
            scale,
            chosen,
            name="exam-score",
            target="Which exam score does a pupil reach, from 1 to 70?",
            purpose="research",
            kind="regression",
            label="score",
            unit="points of 70",
            metric="rmse",
        ),
        notes=smaller(pupils, PUPILS),
    )


SCHOOL = Importer(
    name="school",
    title="ILEA School, exam scores (research; terms of origin unconfirmed)",
    options=(FAIRNESS_COLUMNS, SPLIT_SEED),
    make=_make,
    consent=N_(
        "Consent: pupils of schools. The set has no ages and no columns of consent, so under a policy that names an "
        "age nobody trains until the data steward says in dataset.yaml who may."
    ),
)
