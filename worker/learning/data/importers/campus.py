"""A simulated campus for the demo: invented institutions, invented students, and nothing else.

Every site draws its own shift (grading, deadlines, use of the platform, how much each trait counts) from the same
distributions. No parameter depends on a site's size, place or rank, and none was chosen by looking at who wins:
neither the federation, nor a site alone, nor the simple rule. The numbers were set once, so that the best possible
prediction of `at-risk-week6` ranks well but far from perfectly.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from worker.learning.data.importers import campus_topics
from worker.learning.data.importers import campus_words as words
from worker.learning.data.importers.campus_model import Person, Shift, outcome, people
from worker.learning.data.importers.campus_sheets import campus_sheets
from worker.learning.data.importers.campus_sites import PROFILES, Profile
from worker.learning.data.write import place, write_dataset, write_sheets

__all__ = ["CampusSite", "campus_sheets", "generate"]

FEWEST_STUDENTS = 40
NO_TEXT = 0.1
README = """# Simulated campus

Everything in this folder was made by a generator (seed {seed}, scale {scale:g}). There is no such institution and
no such student. Nothing here says anything about real schools. `tasks/` holds the task sheets.
"""


@dataclass(frozen=True)
class CampusSite:
    name: str
    kind: str
    folder: Path


def generate(dst: Path, seed: int, scale: float = 1.0) -> list[CampusSite]:
    """Writes four data folders and `tasks/` under `dst`. The same seed and scale give the same bytes."""
    dst.mkdir(parents=True, exist_ok=True)
    sites = [_site(dst, profile, seed, scale) for profile in PROFILES]
    write_sheets(dst / "tasks", campus_sheets())
    place(dst / "README.md", README.format(seed=seed, scale=scale).encode())
    return sites


def _site(dst: Path, profile: Profile, seed: int, scale: float) -> CampusSite:
    rng = np.random.default_rng([seed, zlib.crc32(profile.slug.encode())])
    count = max(FEWEST_STUDENTS, round(profile.students * scale))
    columns = _records(profile, rng, count, seed)
    folder = dst / profile.slug
    write_dataset(folder, _dataset(profile), _files(profile, columns))
    place(folder / "README.md", README.format(seed=seed, scale=scale).encode())
    return CampusSite(profile.name, profile.kind, folder)


def _records(
    profile: Profile, rng: np.random.Generator, count: int, seed: int
) -> dict[str, list[Any]]:
    """Column -> values, in the sheets' words; one row per student, class and term."""
    shift = Shift.draw(rng)
    hardness = {code: rng.normal(0, 0.4) for code in profile.classes}
    odds = np.array([profile.first_class, *[1.0] * (len(profile.classes) - 1)])
    odds /= odds.sum()
    rows: list[dict[str, Any]] = []
    for number, person in enumerate(people(rng, count), 1):
        student = f"{profile.slug[:1].upper()}{number:05d}"
        for term in profile.terms:
            taken = min(len(profile.classes), _classes(rng, profile.load))
            for code in sorted(rng.choice(profile.classes, taken, replace=False, p=odds).tolist()):
                row = {"student_id": student, "class_code": code, "term": term}
                row |= {"part": _part(profile.slug, student)}
                row |= outcome(rng, person, shift, hardness[code])
                rows.append(row | {"reflection": _reflection(rng, person, code)})
    campus_topics.add(rows, profile.slug, seed)
    return {name: [row[name] for row in rows] for name in rows[0]}


def _classes(rng: np.random.Generator, load: float) -> int:
    return int(load) + int(rng.random() < load % 1)


def _part(slug: str, student: str) -> str:
    """Written into the folder, so that every machine trains on the same rows."""
    number = int(sha256(f"campus|{slug}|{student}".encode()).hexdigest()[:8], 16) % 10
    return "test" if number < 2 else "validation" if number == 2 else "train"


def _reflection(rng: np.random.Generator, person: Person, code: str) -> str:
    """Two to four sentences that show ability, effort and strain through noise; sometimes nothing."""
    if rng.random() < NO_TEXT:
        return ""
    seen = (person.ability + rng.normal(0, 0.9), person.effort + rng.normal(0, 0.9))
    strained = person.strain + rng.normal(0, 0.7) > 0.6
    pools = [
        words.MASTERY[int(np.digitize(seen[0], (-0.9, 0.0, 0.9)))],
        words.EFFORT[int(np.digitize(seen[1], (-0.9, 0.0, 0.9)))],
        words.STRAIN if strained else words.EASE,
        words.ASIDE,
    ]
    topic = str(rng.choice(words.TOPICS[code.split("-")[0]]))
    kept = [
        pool
        for pool, odds in zip(pools, (0.85, 0.75, 0.75, 0.5), strict=True)
        if rng.random() < odds
    ]
    kept = kept or [words.ASIDE]
    order = rng.permutation(len(kept))
    said = (str(rng.choice(kept[i])) for i in order)
    return " ".join(s.format(topic=topic, Topic=topic[:1].upper() + topic[1:]) for s in said)


def _files(profile: Profile, columns: Mapping[str, list[Any]]) -> dict[str, dict[str, list[Any]]]:
    records, texts = profile.files
    theirs = {v: k for k, v in profile.programmes.items()}
    first = {profile.columns.get(k, k): v for k, v in columns.items() if k != "reflection"}
    track = profile.columns.get("programme", "programme")
    first[track] = [theirs.get(v, v) for v in first[track]]
    first["outcome"] = [profile.outcomes[v == "at-risk"] for v in first["outcome"]]
    if texts is None:
        return {records: first}
    if texts == records:
        return {records: first | {"reflection": columns["reflection"]}}
    keys = ("student_id", "class_code", "term", "reflection")
    wrote = [i for i, said in enumerate(columns["reflection"]) if said]
    return {records: first, texts: {k: [columns[k][i] for i in wrote] for k in keys}}


def _dataset(profile: Profile) -> dict[str, Any]:
    records, texts = profile.files
    own = profile.columns
    kinds = {"mean_score": "numeric", "days_late": "numeric", "logins_week": "numeric"}
    kinds |= {"prior_attempts": "numeric", "programme": "categorical"}
    modalities = [
        {
            "kind": "table",
            "file": records,
            "columns": {own.get(name, name): kind for name, kind in kinds.items()},
        }
    ]
    if texts is not None:
        modalities.append({"kind": "text", "file": texts, "columns": {"reflection": "text"}})
    return {
        "name": profile.slug,
        "title": f"{profile.name} (simulated)",
        "simulated": True,
        "student": "student_id",
        "class": "class_code",
        "term": "term",
        "split": "part",
        "records": records,
        "modalities": modalities,
        "tasks": {sheet.name: _task(profile, sheet.kind, sheet.label) for sheet in campus_sheets()},
        "consent": {"everyone_of_age": True},
    }


def _task(profile: Profile, kind: str, label: str) -> dict[str, Any]:
    task: dict[str, Any] = {"kind": kind, "label": label}
    if kind == "binary" and profile.outcomes != ("on-track", "at-risk"):
        task["labels"] = dict(zip(profile.outcomes, ("on-track", "at-risk"), strict=True))
    if profile.columns:
        task["inputs"] = dict(profile.columns)
    if profile.programmes:
        task["values"] = {"programme": dict(profile.programmes)}
    return task
