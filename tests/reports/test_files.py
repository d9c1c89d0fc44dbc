"""A report as a file: what the page shows, one number a line, and a line in the trail for whoever took it."""

import csv
import io
import json

import pytest
from sqlalchemy import select

from app.audit.models import Event
from app.errors import Invalid, NotFound
from app.institutions.models import SchoolClass
from app.reports import files
from app.reports.files import File, FileKind
from tests.reports.test_reports import FIGURES, add_class, finished
from tests.runs import world as acting
from tests.runs.world import World
from worker.protocol.update import ClassFigures


def reported(world: World, figures: ClassFigures = FIGURES) -> str:
    class_id = add_class(world, world.lead)
    finished(world)
    assert acting.report_all(world, world.lead, figures) == 1
    return class_id


def taken(world: World, class_id: str, kind: FileKind) -> File:
    with world.hub.db.session() as session:
        return files.download(session, world.lead.instructor, class_id, kind)


def rows(file: File) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.content.decode())))


def test_every_number_is_a_line(world: World) -> None:
    file = taken(world, reported(world), FileKind.CSV)
    assert (file.name, file.media) == ("report-7B-release-1.csv", "text/csv; charset=utf-8")
    found = {(r["task"], r["what"], r["of"]): r for r in rows(file)}
    assert found["", "students", ""]["students"] == "40"
    shared = found["pass", "auc", "shared model"]
    assert (shared["value"], shared["low"], shared["high"]) == ("0.8", "0.7", "0.9")
    assert found["pass", "auc", "site alone"]["value"] == "0.7"
    assert found["pass", "goes by", "head"]["value"] == ""
    assert found["pass", "seen", "expected 0.2"]["students"] == "30"
    assert {(r["term"], r["code"], r["release"]) for r in rows(file)} == {("2026", "7B", "1")}
    # What was too few to show is a line without a number.
    assert found["pass", "expected", "class"]["value"] == ""


def test_a_small_class_is_a_file_without_numbers(world: World) -> None:
    small = FIGURES.model_copy(update={"records": 4})
    file = taken(world, reported(world, small), FileKind.CSV)
    (only,) = rows(file)
    assert (only["what"], only["students"]) == ("students", "")


def test_a_cell_that_a_table_program_would_run_is_text(world: World) -> None:
    class_id = reported(world)
    with world.hub.db.session() as session:
        session.get_one(SchoolClass, class_id).code = "=1+1"
    file = taken(world, class_id, FileKind.CSV)
    assert {r["code"] for r in rows(file)} == {"'=1+1"}
    assert file.name == "report-1-1-release-1.csv"


def test_json_holds_all_that_is_stored(world: World) -> None:
    file = taken(world, reported(world), FileKind.JSON)
    said = json.loads(file.content)
    assert said["class"] == {"term": "2026", "code": "7B", "title": ""}
    assert (said["release"], said["minimum_cell"], said["noise_added"]) == (1, 10, False)
    assert said["figures"]["tasks"][0]["shared"] == 0.8


def test_who_took_it_is_written_down(world: World) -> None:
    class_id = reported(world)
    taken(world, class_id, FileKind.JSON)
    with world.hub.db.reading() as session:
        kinds = ("report.viewed", "report.downloaded")
        events = session.scalars(select(Event).where(Event.kind.in_(kinds))).all()
    assert [e.kind for e in sorted(events, key=lambda e: e.number)] == list(kinds)
    assert events[-1].body == {"person": world.lead.instructor.person, "kind": "json"}


def test_nobody_else_takes_it_and_without_a_report_nobody(world: World) -> None:
    class_id = add_class(world, world.lead)
    with world.hub.db.session() as session:
        for actor in (world.lead.instructor, world.lead.officer, world.operator):
            with pytest.raises(NotFound):
                files.download(session, actor, class_id, FileKind.CSV)
    with pytest.raises(Invalid):
        files.kind_of("exe")
    assert files.kind_of("") is FileKind.CSV
