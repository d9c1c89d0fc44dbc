"""The Open University Learning Analytics data set (Kuzilek, Hlosta, Zdrahal, Scientific Data 4:170171, 2017).

Each course ("module" in the set's words) becomes a data folder, each presentation a class. Task: will a student who
did not withdraw fail, told from what is known on day D? Knowing who will withdraw is hindsight: the task measures a
model, it does not run a school.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

from worker.learning.data.importers.download import Download, Row
from worker.learning.data.importers.oulad_sheets import FAIRNESS, LABELS, sheets, task_name
from worker.learning.data.importers.results import Imported, Option, SourceFault
from worker.learning.data.write import empty_folder, write_dataset, write_sheets
from worker.protocol.text import _

LATENESS_LIMIT = 50
_STUDENT = (
    "code_module",
    "code_presentation",
    "id_student",
    "gender",
    "highest_education",
    "imd_band",
    "age_band",
    "num_of_prev_attempts",
    "studied_credits",
    "disability",
    "final_result",
)
_YES = {"Y": "Y", "N": "N", "True": "Y", "False": "N", "1": "Y", "0": "N"}
_NUMERIC = (
    "mean_score",
    "lowest_score",
    "scores",
    "mean_lateness",
    "no_submission",
    "previous_attempts",
    "credits",
)


@dataclass(frozen=True)
class OuladImporter:
    """`run(src, dst, day=120, fairness_columns=False, one_folder=False, split_seed=1)`."""

    name: ClassVar[str] = "oulad"
    title: ClassVar[str] = "Open University Learning Analytics (CC BY 4.0)"
    options: ClassVar[tuple[Option, ...]] = (
        Option("day", 120, "Use what is known on this day of the course."),
        Option(
            "fairness_columns", False, "Keep gender, deprivation, age and disability as inputs."
        ),
        Option("one_folder", False, "Write all courses into one folder."),
        Option("split_seed", 1, "Draws which students are the test; the same in every course."),
    )

    def run(self, src: Path, dst: Path, **options: Any) -> Imported:
        """`src`: the unpacked download, or its zip. Raises `SourceFault`, `DestinationInUse`."""
        chosen = {o.name: options.pop(o.name, o.default) for o in self.options}
        if options:
            raise SourceFault(_("Unknown option {name}.").format(name=sorted(options)[0]))
        download, day = Download(src), int(chosen["day"])
        records = _records(download, day, int(chosen["split_seed"]))
        if not records:
            raise SourceFault(_("The download holds no student who stayed to the end."))
        made = sheets(day, records, fairness=bool(chosen["fairness_columns"]))
        empty_folder(dst)
        folders: dict[str, Path] = {}
        for name, rows in _parts(records, one=bool(chosen["one_folder"])):
            folders[name] = dst / name
            columns = {c: [r[c] for r in rows] for c in rows[0]}
            if not chosen["fairness_columns"]:
                columns = {c: v for c, v in columns.items() if c not in FAIRNESS}
            dataset = _dataset(name, day, [s.name for s in made], tuple(columns))
            write_dataset(dst / name, dataset, {"records.csv.gz": columns})
        files = write_sheets(dst / "tasks", made)
        return Imported(folders, made, tuple(files), len(records), _notes(download, len(records)))


def _parts(records: list[Row], *, one: bool) -> Iterable[tuple[str, list[Row]]]:
    if one:
        return [("all", records)]
    courses = sorted({row["course"] for row in records})
    return [(c.lower(), [r for r in records if r["course"] == c]) for c in courses]


def _records(download: Download, day: int, split_seed: int) -> list[Row]:
    """One row per student and presentation, in the order of studentInfo; numbers as text, "" = unknown."""
    work = _work(download, day)
    records: list[Row] = []
    for row in download.rows("studentInfo", _STUDENT):
        result = row["final_result"]
        if result == "Withdrawn":
            continue
        if result not in LABELS:
            what = _("studentInfo has the final result {value!r}, which the set does not know.")
            raise SourceFault(what.format(value=result[:40]))
        presentation = (row["code_module"], row["code_presentation"])
        done = work.get((*presentation, row["id_student"]), _Work())
        records.append(
            {
                "student": row["id_student"],
                "class": "-".join(presentation),
                "term": row["code_presentation"],
                "split": _split(row["id_student"], split_seed),
                **done.columns(),
                "previous_attempts": row["num_of_prev_attempts"],
                "credits": row["studied_credits"],
                "course": row["code_module"],
                "education": row["highest_education"],
                "gender": row["gender"],
                "imd_band": "10-20%" if row["imd_band"] == "10-20" else row["imd_band"],
                "age_band": row["age_band"],
                "disability": _YES.get(row["disability"], ""),
                "outcome": LABELS[result],
            }
        )
    return records


@dataclass
class _Work:
    """What one student had handed in by the day."""

    total: float = 0.0
    lowest: float = 100.0
    scores: int = 0
    late: float = 0.0
    timed: int = 0
    submitted: bool = False

    def columns(self) -> Row:
        return {
            "mean_score": f"{self.total / self.scores:.4f}" if self.scores else "",
            "lowest_score": f"{self.lowest:g}" if self.scores else "",
            "scores": str(self.scores),
            "mean_lateness": f"{self.late / self.timed:.4f}" if self.timed else "",
            "no_submission": "0" if self.submitted else "1",
        }


def _work(download: Download, day: int) -> dict[tuple[str, str, str], _Work]:
    """(module, presentation, student) -> work by the day. Lateness is held within 50 days either way."""
    columns = ("code_module", "code_presentation", "id_assessment", "date")
    known = {r["id_assessment"]: r for r in download.rows("assessments", columns)}
    work: dict[tuple[str, str, str], _Work] = {}
    columns = ("id_assessment", "id_student", "date_submitted", "score")
    for row in download.rows("studentAssessment", columns):
        task = known.get(row["id_assessment"])
        handed_in = _number(row, "date_submitted")
        if task is None or handed_in is None or handed_in > day:
            continue
        who = (task["code_module"], task["code_presentation"], row["id_student"])
        done = work.setdefault(who, _Work())
        done.submitted = True
        score, due = _number(row, "score"), _number(task, "date")
        if score is not None:
            done.total, done.scores = done.total + score, done.scores + 1
            done.lowest = min(done.lowest, score)
        if due is not None:
            done.late += max(-LATENESS_LIMIT, min(LATENESS_LIMIT, handed_in - due))
            done.timed += 1
    return work


def _number(row: Row, column: str) -> float | None:
    try:
        return float(row[column]) if row[column] else None
    except ValueError as error:
        what = _("The download holds {value!r} where {column} should be a number.")
        raise SourceFault(what.format(value=row[column][:40], column=column)) from error


def _split(student: str, seed: int) -> str:
    """70 % train, 10 % validation, 20 % test, by student alone: the same in every course."""
    number = int(sha256(f"oulad|{seed}|{student}".encode()).hexdigest()[:12], 16) / 16**12
    return "test" if number < 0.2 else "validation" if number < 0.3 else "train"


def _dataset(name: str, day: int, tasks: list[str], columns: tuple[str, ...]) -> dict[str, Any]:
    inputs = dict.fromkeys(_NUMERIC, "numeric")
    inputs |= {c: "categorical" for c in ("course", "education", *FAIRNESS) if c in columns}
    return {
        "name": f"oulad-{name}-day{day}",
        "title": f"Open University Learning Analytics, {name.upper()}, day {day}",
        "simulated": False,
        "student": "student",
        "class": "class",
        "term": "term",
        "split": "split",
        "records": "records.csv.gz",
        "modalities": [{"kind": "table", "file": "records.csv.gz", "columns": inputs}],
        "tasks": {task: {"kind": "binary", "label": "outcome"} for task in tasks},
    }


def _notes(download: Download, records: int) -> tuple[str, ...]:
    notes = [_("{count} students who did not withdraw.").format(count=records)]
    if download.has("studentVle"):
        notes.append(_("studentVle is not read: this task uses no clicks."))
    return tuple(notes)


__all__ = ["OuladImporter", "task_name"]
