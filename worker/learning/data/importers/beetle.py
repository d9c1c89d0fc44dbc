"""Beetle: short answers typed to a tutor of electricity, judged five ways (Dzikovska et al., SemEval-2013 Task 7).

Sites are the three modules, or groups of students: the same 73 students answer in all modules. A class is a question,
a term a lesson. The set's own three parts cross students, so they stand in a column of their own, and the folder's
split goes by student. The download is the five-way release, an XML file for each question; a table made of it,
`beetle_5way.csv`, is read too.
"""

from collections.abc import Iterable, Iterator

from worker.learning.data.importers.beetle_xml import answers
from worker.learning.data.importers.download import Download, Row
from worker.learning.data.importers.drawing import groups, part
from worker.learning.data.importers.fields import Field, Scaling, modalities, sheets
from worker.learning.data.importers.importer import Importer
from worker.learning.data.importers.results import (
    SPLIT_SEED,
    Chosen,
    Made,
    Option,
    SiteFolder,
    SourceFault,
    smaller,
)
from worker.protocol.tasks import TaskSheet
from worker.protocol.text import N_, _

PARTS = ("train", "test-unseen-answers", "test-unseen-questions")
LABELS = (
    "correct",
    "partially_correct_incomplete",
    "contradictory",
    "irrelevant",
    "non_domain",
)
OFFICIAL = 5_199
FIELDS = (Field("answer", "text"), Field("references", "text"), Field("question", "text"))
_TABLE = "beetle_5way"
_COLUMNS = (
    "id",
    "split",
    "module",
    "qid",
    "student",
    "lesson",
    "question",
    "answer",
    "references",
    "label5",
)
_RECORDS = (
    "answer_id",
    "student",
    "class",
    "term",
    "split",
    "official_part",
    "answer",
    "references",
    "question",
    "verdict",
    "judgement",
)


def _make(download: Download, chosen: Chosen) -> Made:
    seed = int(chosen["split_seed"])
    given = download.rows(_TABLE, _COLUMNS) if download.has(_TABLE) else answers(download)
    records = list(_records(given, seed))
    lacking = [one for one in PARTS if not any(row["official_part"] == one for row in records)]
    if lacking:
        what = _("The part {part} is not in {path}: take the whole five-way release.")
        raise SourceFault(what.format(part=lacking[0], path=download.src))
    site = _Sites(records, str(chosen["sites"]))
    names = sorted({site(row) for row in records})
    return Made(
        sites=(
            SiteFolder(
                site=name,
                name=f"beetle-{name}",
                title=f"Beetle, {name}",
                records={c: [r[c] for r in records if site(r) == name] for c in _RECORDS},
                modalities=modalities(FIELDS),
                key=("answer_id",),
            )
            for name in names
        ),
        sheets=_sheets(),
        notes=_notes(str(chosen["sites"]), len(records)),
    )


def _records(given: Iterable[Row], seed: int) -> Iterator[Row]:
    for row in given:
        if row["label5"] not in LABELS or row["split"] not in PARTS:
            what = _("{name} is not what the set has: {expected}. Take the official download.")
            expected = ", ".join(LABELS)
            raise SourceFault(what.format(name=row["id"][:80], expected=expected))
        yield {
            "answer_id": row["id"],
            "student": row["student"],
            "class": row["qid"],
            "term": row["lesson"],
            "split": part("beetle", seed, row["student"]),
            "official_part": row["split"],
            "module": row["module"],
            "answer": row["answer"],
            "references": row["references"],
            "question": row["question"],
            "verdict": "correct" if row["label5"] == "correct" else "incorrect",
            "judgement": row["label5"],
        }


class _Sites:
    """Row -> its site: the module, or the group of its student."""

    def __init__(self, records: list[Row], wanted: str) -> None:
        self._groups: dict[str, int] | None = None
        if wanted == "modules":
            return
        students = {row["student"] for row in records}
        if not wanted.isdecimal() or not 2 <= int(wanted) <= len(students):
            what = _("{flag} takes one of: {values}.")
            values = f"modules, 2 … {len(students)}"
            raise SourceFault(what.format(flag="--sites", values=values))
        self._groups = groups(students, int(wanted), 0)

    def __call__(self, row: Row) -> str:
        if self._groups is None:
            return row["module"].lower()
        return f"group-{self._groups[row['student']] + 1}"


def _sheets() -> tuple[TaskSheet, ...]:
    none = Scaling(())
    return sheets(
        FIELDS,
        none,
        {},
        name="correct-answer",
        target="Is the answer of the student correct?",
        purpose="feedback",
        kind="binary",
        label="verdict",
        labels=("incorrect", "correct"),
        metric="auc",
    ) + sheets(
        FIELDS,
        none,
        {},
        name="judgement",
        target="How does a tutor judge the answer of the student, in five ways?",
        purpose="feedback",
        kind="multiclass",
        label="judgement",
        labels=LABELS,
        metric="macro_f1",
    )


def _notes(sites: str, count: int) -> tuple[str, ...]:
    notes = [_("The set's own test parts cross students: column official_part names them.")]
    if sites == "modules":
        notes.append(_("All students answer in all modules: these sites are not independent."))
    return (*notes, *smaller(count, OFFICIAL))


BEETLE = Importer(
    name="beetle",
    title="Beetle, SemEval-2013 Task 7 (research; terms to verify)",
    options=(
        Option("sites", "modules", "The three modules (modules), or so many groups of students."),
        SPLIT_SEED,
    ),
    make=_make,
    consent=N_(
        "Consent: the set has no ages and no columns of consent, so under a policy that names an age nobody trains "
        "until the data steward says in dataset.yaml who may."
    ),
)
