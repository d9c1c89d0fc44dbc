"""ASSISTments 2009: answers of students to a maths tutor, in order (Feng, Heffernan, Koedinger 2009).

Sites are groups of students, drawn here: the set is one platform. A record is one student in one class, its answers
are events. The download is the corrected skill-builder table, collapsed or not; the split of the DKVMN authors
(`assist2009_updated_train1`, `_valid1`, `_test`) is read too. The two number skills differently: never mix them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from worker.learning.data.importers.download import CSV, Download
from worker.learning.data.importers.drawing import groups, part
from worker.learning.data.importers.importer import Importer
from worker.learning.data.importers.results import (
    SPLIT_SEED,
    Chosen,
    Made,
    Option,
    SiteFolder,
    SourceFault,
)
from worker.protocol.tasks import EventColumn, Input, TaskSheet
from worker.protocol.text import N_, _

TABLES = ("skill_builder_data_corrected_collapsed", "skill_builder_data_corrected")
UPDATED = {"train": "train1", "validation": "valid1", "test": "test"}
EVENTS = "answers.csv.gz"
_TERM = "2009-10"
_ONE_CLASS = "all"
_MOST_SITES = 200


@dataclass
class Sequence:
    """One student in one class: skills and 0 or 1, in order."""

    student: str
    class_code: str
    split: str
    skills: list[str] = field(default_factory=list)
    correct: list[str] = field(default_factory=list)


def sequences(download: Download, seed: int) -> list[Sequence]:
    """Every sequence with an answer, in the order of the download. Raises `SourceFault`."""
    if download.has("assist2009_updated_train1"):
        return [one for split in UPDATED for one in _updated(download, split)]
    table = next((name for name in TABLES if download.has(name)), TABLES[0])
    return _official(download, table, seed)


def _updated(download: Download, split: str) -> Iterator[Sequence]:
    """Three lines a student: how many, skills, correct. The students have no names: part and place stand for one."""
    name = f"assist2009_updated_{UPDATED[split]}"
    lines = (line.rstrip(",") for line in download.lines(name, CSV))
    for number, count in enumerate(lines, 1):
        skills, correct = next(lines, "").split(","), next(lines, "").split(",")
        whole = count.isdecimal() and int(count) == len(skills) == len(correct)
        if not whole or not {*correct} <= {"0", "1"}:
            what = _("{name} is cut off near line {line}: download it again.")
            raise SourceFault(what.format(name=name, line=3 * number))
        yield Sequence(f"{split}-{number:04d}", _ONE_CLASS, split, skills, correct)


@dataclass
class _Answers:
    """Of one student in one class: order number -> skills of the problem, and whether it was right."""

    skills: dict[int, list[str]] = field(default_factory=dict)
    correct: dict[int, str] = field(default_factory=dict)


def _official(download: Download, table: str, seed: int) -> list[Sequence]:
    """Answers to main problems with a skill. Rows that repeat an answer for a second skill become one event."""
    wanted = ("order_id", "user_id", "original", "correct", "skill_id")
    found: dict[tuple[str, str], _Answers] = {}
    rows = download.rows(table, wanted, encoding="latin-1", optional=("student_class_id",))
    for row in rows:
        if row["original"] == "0" or row["skill_id"] in ("", "NA"):
            continue
        if not row["order_id"].isdecimal() or row["correct"] not in ("0", "1"):
            what = _("{name} is not what the set has: {expected}. Take the official download.")
            expected = "order_id (a number), correct (0, 1)"
            raise SourceFault(what.format(name=f"{table}.csv", expected=expected))
        who = (row["user_id"], row["student_class_id"] or _ONE_CLASS)
        own, order = found.setdefault(who, _Answers()), int(row["order_id"])
        own.skills.setdefault(order, []).append(row["skill_id"])
        own.correct[order] = row["correct"]
    return [
        Sequence(
            student,
            class_code,
            part("assistments2009", seed, student),
            ["_".join(dict.fromkeys(own.skills[order])) for order in sorted(own.skills)],
            [own.correct[order] for order in sorted(own.skills)],
        )
        for (student, class_code), own in found.items()
    ]


def _make(download: Download, chosen: Chosen) -> Made:
    given = sequences(download, int(chosen["split_seed"]))
    count = int(chosen["sites"])
    students = {one.student for one in given}
    if not 1 <= count <= min(_MOST_SITES, len(students)):
        what = _("{flag} takes one of: {values}.")
        most = min(_MOST_SITES, len(students))
        raise SourceFault(what.format(flag="--sites", values=f"1 … {most}"))
    site: dict[str, int] = {}
    for split in UPDATED:
        theirs = {one.student for one in given if one.split == split}
        site |= groups(theirs, count, int(chosen["site_seed"]))
    answers = sum(len(one.correct) for one in given)
    return Made(
        sites=(
            _folder(number, [one for one in given if site[one.student] == number])
            for number in range(count)
        ),
        sheets=(_sheet(given),),
        notes=(
            _("{count} answers of {students} students.").format(
                count=answers, students=len(students)
            ),
            _("The sites are drawn groups of students, not schools."),
        ),
    )


def _sheet(given: list[Sequence]) -> TaskSheet:
    """The skills of the training part; others count as unlisted. By number where they are numbers."""
    skills = {skill for one in given if one.split == "train" for skill in one.skills}
    listed = sorted(skills, key=lambda skill: (not skill.isdecimal(), skill.zfill(8)))
    columns = (
        EventColumn(name="skill", values=tuple(listed)),
        EventColumn(name="correct", kind="numeric"),
    )
    return TaskSheet(
        name="next-answer",
        target="Will the student answer the next question, of a known skill, right?",
        purpose="feedback",
        kind="next_answer",
        label="correct",
        inputs=(Input(name="answers", modality="events", kind="events", columns=columns),),
        metric="auc",
    )


def _folder(number: int, given: list[Sequence]) -> SiteFolder:
    site = f"site-{number + 1:02d}"
    keys = [(one.student, one.class_code, _TERM) for one in given]
    rows = [
        (*key, place, skill, right)
        for key, one in zip(keys, given, strict=True)
        for place, (skill, right) in enumerate(zip(one.skills, one.correct, strict=True), 1)
    ]
    columns = ("student", "class", "term", "place", "skill", "correct")
    return SiteFolder(
        site=site,
        name=f"assistments2009-{site}",
        title=f"ASSISTments 2009, {site.replace('-', ' ')}",
        records={
            "student": [key[0] for key in keys],
            "class": [key[1] for key in keys],
            "term": [key[2] for key in keys],
            "split": [one.split for one in given],
        },
        modalities=(
            {
                "kind": "events",
                "file": EVENTS,
                "order": "place",
                "columns": {"skill": "categorical", "correct": "numeric"},
            },
        ),
        tables={EVENTS: {c: [row[k] for row in rows] for k, c in enumerate(columns)}},
    )


ASSISTMENTS = Importer(
    name="assistments2009",
    title="ASSISTments 2009-10, skill builder (research terms of ASSISTments)",
    options=(
        Option("sites", 20, "So many groups of students, as sites."),
        Option("site_seed", 0, "Draws the groups."),
        SPLIT_SEED,
    ),
    make=_make,
    consent=N_(
        "Consent: pupils of schools. The set has no ages and no columns of consent, so under a policy that names an "
        "age nobody trains until the data steward says in dataset.yaml who may."
    ),
)
