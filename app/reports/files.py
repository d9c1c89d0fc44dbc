"""A class report as a file to keep: CSV for a table program, JSON for a program. What the page shows, and no more."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from enum import StrEnum

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.audit import kinds
from app.audit.export import safe
from app.audit.service import record
from app.errors import Invalid, NotFound
from app.reports import service
from app.reports.queries import Shown
from app.text import _
from worker.protocol.update import ClassFigures, ClassPart, ClassTask


class FileKind(StrEnum):
    CSV = "csv"
    JSON = "json"

    @property
    def media(self) -> str:
        return "application/json" if self is FileKind.JSON else "text/csv; charset=utf-8"


@dataclass(frozen=True)
class File:
    name: str
    media: str
    content: bytes


@dataclass(frozen=True)
class Line:
    """One number of the CSV. `what` is closed (`measured`, `expected`, …), `of` says of which; an empty `value` was
    too few to show. `goes by` has no number: `of` is what the class uses."""

    task: str
    what: str
    of: str
    value: float | None
    low: float | None = None
    high: float | None = None
    students: int | None = None


def kind_of(text: str) -> FileKind:
    """CSV where nothing is said. Raises Invalid."""
    try:
        return FileKind(text or FileKind.CSV)
    except ValueError:
        said = _("There is no such file. Choose csv or json.")
        raise Invalid(said, {"form": said}) from None


def download(session: Session, actor: Actor, class_id: str, kind: FileKind) -> File:
    """The newest report of a class this person teaches; that they read it and took it is written down.

    Raises NotFound for anyone else, and while there is no report.
    """
    shown = service.view(session, actor, class_id)
    if shown.report is None or shown.figures is None:
        raise NotFound(_("This class has no report yet."))
    record(
        session,
        actor.id,
        kinds.REPORT_DOWNLOADED,
        chain=shown.school_class.institution_id,
        subject=shown.report.id,
        body={"person": actor.person, "kind": kind},
    )
    content = as_json(shown) if kind is FileKind.JSON else as_csv(shown)
    number = shown.release.number if shown.release else 0
    code = re.sub(r"[^A-Za-z0-9]+", "-", shown.school_class.code).strip("-") or "class"
    return File(f"report-{code}-release-{number}.{kind}", kind.media, content)


def as_json(shown: Shown) -> bytes:
    """Everything stored, with what it is about."""
    assert shown.report and shown.figures
    row = shown.school_class
    said = {
        "class": {"term": row.term, "code": row.code, "title": row.title},
        "as_of": shown.report.as_of.isoformat(),
        "release": shown.release.number if shown.release else None,
        "minimum_cell": shown.report.minimum_cell,
        "noise_added": False,
        "figures": shown.figures.model_dump(mode="json"),
    }
    return json.dumps(said, indent=1, ensure_ascii=False).encode() + b"\n"


def as_csv(shown: Shown) -> bytes:
    """One number a line, with class, term, release and moment beside each, so that files can be laid together."""
    assert shown.report and shown.figures
    row = shown.school_class
    place = (row.term, row.code, shown.release.number if shown.release else None)
    text = io.StringIO()
    table = csv.writer(text)
    names = [field.name for field in fields(Line)]
    table.writerow(["term", "code", "release", "as_of", *names])
    for line in lines(shown.figures):
        cells = (*place, shown.report.as_of.isoformat(), *astuple(line))
        table.writerow([_cell(value) for value in cells])
    return text.getvalue().encode()


def _cell(value: str | float | None) -> str:
    """A number may begin with a minus; a text that a table program would take for a formula gets an apostrophe."""
    if value is None:
        return ""
    return safe(value) if isinstance(value, str) else str(value)


def lines(figures: ClassFigures) -> Iterator[Line]:
    yield Line("", "students", "", None, students=figures.records)
    for task in figures.tasks:
        yield from _of_task(task)


def _of_task(task: ClassTask) -> Iterator[Line]:
    low, high = task.shared_interval or (None, None)
    yield Line(task.task, task.metric, "shared model", task.shared, low, high)
    yield Line(task.task, task.metric, "site alone", task.local)
    yield Line(task.task, task.metric, "simple rule", task.rule)
    if task.use is not None:
        yield Line(task.task, "goes by", task.use.value, None)
    yield Line(task.task, "expected", "class", task.predicted_mean)
    yield Line(task.task, "seen", "class", task.observed_mean)
    for modality, share in task.missing.items():
        yield Line(task.task, "missing", modality, share)
    for point in task.curve:
        said = f"expected {point.predicted:g}"
        yield Line(task.task, "seen", said, point.observed, students=point.records)
    for part in task.topics:
        yield from _of_part(task.task, "topic", part.value, part)
    for name, parts in task.groups.items():
        for part in parts:
            yield from _of_part(task.task, name, part.value, part)


def _of_part(task: str, what: str, of: str, part: ClassPart) -> Iterator[Line]:
    """What was seen, what was expected, and the difference to the rest of the class."""
    yield Line(task, f"seen by {what}", of, part.seen, students=part.students)
    yield Line(task, f"expected by {what}", of, part.expected)
    yield Line(task, f"difference by {what}", of, part.difference, part.low, part.high)
