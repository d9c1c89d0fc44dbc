"""An exported chain is checked without the hub: any change, cut, swap or other signature is found."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy.orm import Session

from app.audit import export, kinds
from app.audit.check import Broken, check
from app.audit.service import record
from app.cli import main
from app.errors import NotAllowed, NotFound
from tests.cast import Cast
from worker.protocol.canonical import digest_of
from worker.protocol.signatures import PrivateKey

KEY = PrivateKey()


@pytest.fixture
def lines(session: Session, cast: Cast) -> list[str]:
    """Of an institution's chain with at least three events; another chain is in the checkpoint too."""
    for chain in (cast.institution, cast.other):
        for number in range(3):
            record(
                session,
                cast.officer.person,
                kinds.POLICY_DRAFTED,
                chain=chain,
                subject=cast.officer.person,
                body={"number": number},
            )
    session.expire_all()
    found = export.as_lines(session, cast.officer, cast.institution, KEY)
    return found.decode().splitlines()


def test_what_was_exported_holds(lines: list[str], cast: Cast) -> None:
    held = check(lines, KEY.public.text)
    assert held.events == len(lines) - 1 >= 3
    assert held.head == json.loads(lines[-2])["digest"]
    assert check(lines).key == KEY.public.text
    assert cast.other not in lines[-1] and cast.institution not in lines[-1], "leaves name no one"


def _changed(lines: list[str]) -> None:
    row = json.loads(lines[1])
    row["actor"] = "hub"
    lines[1] = json.dumps(row)


def _changed_with_its_digest(lines: list[str]) -> None:
    row = json.loads(lines[1])
    row.pop("digest")
    row["actor"] = "hub"
    lines[1] = json.dumps({**row, "digest": digest_of(row)})


def _another_checkpoint(lines: list[str]) -> None:
    row = json.loads(lines[-1])
    signed = row["checkpoint"]
    signed["payload"] = signed["payload"].replace('"leaves":["', '"leaves":["0')
    lines[-1] = json.dumps(row)


FAULTS: dict[str, tuple[Callable[[list[str]], None], str]] = {
    "changed": (_changed, "it was changed"),
    "changed with its digest": (_changed_with_its_digest, "event before it"),
    "one taken out": (lambda lines: lines.pop(1) and None, "event 2 should stand here"),
    "two swapped": (lambda lines: lines.insert(0, lines.pop(1)), "event 1 should stand here"),
    "last one taken out": (lambda lines: lines.pop(-2) and None, "another end of this chain"),
    "checkpoint cut off": (lambda lines: lines.pop() and None, "checkpoint is missing"),
    "checkpoint changed": (_another_checkpoint, "not signed by this key"),
    "no JSON": (lambda lines: lines.insert(1, "{"), "this is no JSON"),
    "no event": (lambda lines: lines.insert(1, "[]"), "this is no event"),
    "nothing but the end": (lambda lines: lines.__delitem__(slice(0, -1)), "there is no event"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(lines: list[str], name: str) -> None:
    damage, says = FAULTS[name]
    damage(lines)
    with pytest.raises(Broken, match=says):
        check(lines, KEY.public.text)


def test_a_chain_rewritten_as_a_whole_has_another_key(
    session: Session, cast: Cast, lines: list[str]
) -> None:
    forged = export.as_lines(session, cast.officer, cast.institution, PrivateKey())
    assert check(forged.decode().splitlines()).events == len(lines) - 1
    with pytest.raises(Broken, match="not signed by this key"):
        check(forged.decode().splitlines(), KEY.public.text)


def test_csv_for_reading(session: Session, cast: Cast, lines: list[str]) -> None:
    text = export.as_csv(session, cast.officer, cast.institution).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [r["digest"] for r in rows] == [json.loads(line)["digest"] for line in lines[:-1]]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_a_formula_is_disarmed(cell: str) -> None:
    assert export.safe(cell) == f"'{cell}"
    assert export.safe(f"a{cell}") == f"a{cell}"


def test_who_may_export(session: Session, cast: Cast, lines: list[str]) -> None:
    for actor in (cast.reader, cast.instructor):
        with pytest.raises(NotAllowed):
            export.as_lines(session, actor, cast.institution, KEY)
    for actor in (cast.stranger, cast.operator):
        with pytest.raises(NotFound):
            export.as_csv(session, actor, cast.institution)


def test_the_command(lines: list[str], tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    good = CliRunner().invoke(main, ["audit", "check", str(file), "--key", KEY.public.text])
    assert (good.exit_code, "whole, in order, unchanged" in good.output) == (0, True)
    assert "Compare it" in CliRunner().invoke(main, ["audit", "check", str(file)]).output
    file.write_text("\n".join(lines[1:]), encoding="utf-8")
    bad = CliRunner().invoke(main, ["audit", "check", str(file)])
    assert bad.exit_code == 1 and "line 1: event 1 should stand here" in bad.output
