"""Every act of every slice writes an event, in the transaction of the act. By reading the source of all of them."""

import shutil
from pathlib import Path

import pytest

from app.audit import kinds
from tests.audit import calls, silent

RECORD = "app.audit.service.record"


@pytest.fixture(scope="module")
def known() -> dict[str, calls.Function]:
    return calls.functions()


def writes(known: dict[str, calls.Function], name: str) -> bool:
    """Whether it changes rows, itself or through what it calls; writing an event does not count."""
    reached = calls.reach(known, name)
    return any(known[n].writes for n in reached if n in known and not n.startswith("app.audit."))


def forgotten(known: dict[str, calls.Function]) -> list[str]:
    return [
        name
        for name in calls.acts(known)
        if name not in silent.ACTS
        and writes(known, name)
        and RECORD not in calls.reach(known, name)
    ]


def test_every_act_writes_an_event(known: dict[str, calls.Function]) -> None:
    assert forgotten(known) == [], (
        "record an event, or name it in tests/audit/silent.py and say why"
    )


def test_silence_is_never_kept_longer_than_needed(known: dict[str, calls.Function]) -> None:
    """A function named there that is gone, writes nothing, or writes an event after all is taken off the list."""
    needless = [
        name
        for name in silent.ACTS
        if name not in known or not writes(known, name) or RECORD in calls.reach(known, name)
    ]
    assert needless == []


def test_what_only_reads_lives_in_queries(known: dict[str, calls.Function]) -> None:
    """Queries change nothing, so they need no event."""
    queries = [
        n for n in known if n.split(".")[2:3] == ["queries"] and n.split(".")[1] in calls.SLICES
    ]
    assert queries
    assert [n for n in queries if writes(known, n)] == []


def test_the_acts_are_really_found(known: dict[str, calls.Function]) -> None:
    """So that a change of layout cannot make this test pass by looking at nothing."""
    found = calls.acts(known)
    for name in (
        "app.people.roles.grant",
        "app.institutions.verification.decide",
        "app.policies.service.approve",
        "app.sites.inbox.post",
        "app.federations.founding.found",
        "app.runs.service.propose",
    ):
        assert name in found
        assert writes(known, name)


def test_every_kind_is_written_somewhere() -> None:
    source = "".join(p.read_text(encoding="utf-8") for p in (calls.ROOT / "app").rglob("*.py"))
    declared = [name for name, kind in vars(kinds).items() if isinstance(kind, kinds.Kind)]
    assert declared
    assert [name for name in declared if f"kinds.{name}" not in source] == []


FORGETFUL = """

def forget_everything(session, person_id):
    session.add(person_id)


def forget_by_statement(session):
    session.execute(update(Person))


def forget_through_another(session):
    _quietly(session)


def _quietly(session):
    session.delete(1)
"""


def test_an_act_without_an_event_is_found(tmp_path: Path) -> None:
    shutil.copytree(calls.ROOT / "app", tmp_path / "app", ignore=shutil.ignore_patterns("static"))
    target = tmp_path / "app" / "people" / "roles.py"
    source = "from sqlalchemy import update\n" + target.read_text(encoding="utf-8") + FORGETFUL
    target.write_text(source, encoding="utf-8")
    assert {
        "app.people.roles.forget_everything",
        "app.people.roles.forget_by_statement",
        "app.people.roles.forget_through_another",
    } <= set(forgotten(calls.functions(tmp_path)))
