"""The Open University Learning Analytics data set (Kuzilek, Hlosta, Zdrahal, Scientific Data 4:170171, 2017).

Each course ("module" in the set's words) becomes a data folder, each presentation a class. Task: will a student who
did not withdraw fail, told from what is known on day D? Knowing who will withdraw is hindsight: the task measures a
model, it does not run a school.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from worker.learning.data.importers.download import Download, Row
from worker.learning.data.importers.drawing import part
from worker.learning.data.importers.fields import (
    Field,
    kept,
    modalities,
    numeric,
    scaling,
    sheets,
)
from worker.learning.data.importers.importer import Importer
from worker.learning.data.importers.results import (
    FAIRNESS_COLUMNS,
    SPLIT_SEED,
    Chosen,
    Made,
    Option,
    SiteFolder,
    SourceFault,
)
from worker.protocol.text import N_, _

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
LABELS = {"Fail": "failed", "Pass": "passed", "Distinction": "passed"}
_UNKNOWN = "?"
_BANDS = tuple(f"{n}-{n + 10}%" for n in range(0, 100, 10))
FIELDS = (
    Field("mean_score", unit="points of 100"),
    Field("lowest_score", unit="points of 100"),
    Field("scores", unit="assessments"),
    Field("mean_lateness", unit="days, -50 to 50"),
    Field("no_submission", unit="1 = nothing handed in"),
    Field("previous_attempts", unit="attempts"),
    Field("credits", unit="credits"),
    Field("course", "categorical", values=("AAA", "BBB", "CCC", "DDD", "EEE", "FFF", "GGG")),
    Field(
        "education",
        "categorical",
        values=(
            "No Formal quals",
            "Lower Than A Level",
            "A Level or Equivalent",
            "HE Qualification",
            "Post Graduate Qualification",
        ),
    ),
    Field("gender", "categorical", values=("F", "M"), sensitive=True),
    Field("imd_band", "categorical", values=_BANDS, sensitive=True),
    Field("age_band", "categorical", values=("0-35", "35-55", "55<="), sensitive=True),
    Field("disability", "categorical", values=("N", "Y"), sensitive=True),
)


def _make(download: Download, chosen: Chosen) -> Made:
    day = int(chosen["day"])
    records = _records(download, day, int(chosen["split_seed"]))
    if not records:
        raise SourceFault(_("The download holds no student who stayed to the end."))
    fields = kept(FIELDS, chosen)
    dropped = {f.name for f in FIELDS} - {f.name for f in fields}
    scale = scaling(records, "course", numeric(FIELDS))
    return Made(
        sites=(
            SiteFolder(
                site=name,
                name=f"oulad-{name}-day{day}",
                title=f"Open University Learning Analytics, {name.upper()}, day {day}",
                records={c: [r[c] for r in rows] for c in rows[0] if c not in dropped},
                modalities=modalities(fields),
                of_age=True,
            )
            for name, rows in _parts(records, one=bool(chosen["one_folder"]))
        ),
        sheets=sheets(
            FIELDS,
            scale,
            chosen,
            name=task_name(day),
            target=f"Will a student who does not withdraw fail the course, told on day {day}?",
            kind="binary",
            label="outcome",
            labels=("passed", "failed"),
            cutoff_day=day,
            metric="auc",
            simple_rule="mean_score",
        ),
        notes=_notes(download, len(records)),
    )


def task_name(day: int, *, fairness: bool = False) -> str:
    return f"at-risk-day{day}" + ("-reference" if fairness else "")


def _parts(records: list[Row], *, one: bool) -> Iterable[tuple[str, list[Row]]]:
    if one:
        return [("all", records)]
    courses = sorted({row["course"] for row in records})
    return [(c.lower(), [r for r in records if r["course"] == c]) for c in courses]


def _records(download: Download, day: int, split_seed: int) -> list[Row]:
    """One row per student and presentation, in the order of studentInfo; numbers as text, "" = unknown."""
    work = _work(download, day)
    records: list[Row] = []
    for row in download.rows("studentInfo", _STUDENT, unknown=_UNKNOWN):
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
                "split": part("oulad", split_seed, row["id_student"]),
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
    known = {r["id_assessment"]: r for r in download.rows("assessments", columns, unknown=_UNKNOWN)}
    work: dict[tuple[str, str, str], _Work] = {}
    columns = ("id_assessment", "id_student", "date_submitted", "score")
    for row in download.rows("studentAssessment", columns, unknown=_UNKNOWN):
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


def _notes(download: Download, records: int) -> tuple[str, ...]:
    notes = [_("{count} students who did not withdraw.").format(count=records)]
    if download.has("studentVle"):
        notes.append(_("studentVle is not read: this task uses no clicks."))
    return tuple(notes)


OULAD = Importer(
    name="oulad",
    title="Open University Learning Analytics (CC BY 4.0)",
    options=(
        Option("day", 120, "Use what is known on this day of the course."),
        FAIRNESS_COLUMNS,
        Option("one_folder", False, "Write all courses into one folder."),
        SPLIT_SEED,
    ),
    make=_make,
    consent=N_(
        "Consent: a university's students, so the folders say that nobody is under age (`everyone_of_age`). The data "
        "steward corrects that where some are."
    ),
)
