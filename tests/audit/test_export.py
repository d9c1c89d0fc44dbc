"""An exported chain is checked without the hub, by a script that needs nothing but Python: what was done is named."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy.orm import Session

from app.audit import export, kinds
from app.audit.collegium_audit import check
from app.audit.marks import Broken
from app.audit.service import record
from app.cli import main
from app.errors import NotAllowed, NotFound
from tests.cast import Cast
from worker.protocol.canonical import canonical, digest_of
from worker.protocol.signatures import PrivateKey

KEY = PrivateKey()


def more(session: Session, cast: Cast, chain: str, count: int) -> None:
    person = cast.officer.person
    for number in range(count):
        body = {"number": number}
        record(session, person, kinds.POLICY_DRAFTED, chain=chain, subject=person, body=body)
    session.expire_all()


@pytest.fixture
def lines(session: Session, cast: Cast) -> list[bytes]:
    """Of an institution's chain of eight events or more; another chain is in the checkpoint too."""
    for chain in (cast.institution, cast.other):
        more(session, cast, chain, 8)
    return exported(session, cast)


def exported(session: Session, cast: Cast, key: PrivateKey = KEY) -> list[bytes]:
    pieces = export.as_lines(lambda: nullcontext(session), cast.officer, cast.institution, key)
    return b"".join(pieces).splitlines()


def test_what_was_exported_holds(lines: list[bytes], cast: Cast) -> None:
    held = check(lines, KEY.public.text)
    assert held.events == len(lines) - 1 >= 8
    assert held.head == json.loads(lines[-2])["digest"]
    assert check(lines).key == KEY.public.text
    last = lines[-1].decode()
    assert cast.other not in last and cast.institution not in last, "leaves name no one"


def edited(line: bytes, *, anew: bool = False, **fields: object) -> bytes:
    row = json.loads(line) | fields
    if anew:
        row["digest"] = digest_of({k: v for k, v in row.items() if k != "digest"})
    return canonical(row)


def change(lines: list[bytes]) -> None:
    lines[3] = edited(lines[3], actor="hub")


def change_with_its_digest(lines: list[bytes]) -> None:
    lines[3] = edited(lines[3], anew=True, actor="hub")


def rewrite_from_there(lines: list[bytes]) -> None:
    previous = json.loads(lines[2])["digest"]
    for at in range(3, len(lines) - 1):
        lines[at] = edited(lines[at], anew=True, actor="hub", previous=previous)
        previous = json.loads(lines[at])["digest"]


def change_its_predecessor(lines: list[bytes]) -> None:
    lines[3] = edited(lines[3], anew=True, previous="0" * 64)


def repeat(lines: list[bytes]) -> None:
    lines.insert(4, lines[3])


def two_bodies(lines: list[bytes]) -> None:
    lines[3] = lines[3].replace(b'"body":{', b'"body":{"number":9},"body":{', 1)


def add_one(lines: list[bytes]) -> None:
    last = json.loads(lines[-2])
    more = edited(lines[-2], anew=True, number=last["number"] + 1, previous=last["digest"])
    lines.insert(-1, more)


def other_chain(lines: list[bytes]) -> None:
    lines[3] = edited(lines[3], anew=True, chain="institution_0000000000000000000000")


def change_checkpoint(lines: list[bytes]) -> None:
    row = json.loads(lines[-1])
    signed = row["checkpoint"]
    signed["payload"] = signed["payload"].replace('"leaves":["', '"leaves":["0')
    lines[-1] = canonical(row)


def change_the_number_told(lines: list[bytes]) -> None:
    lines[-1] = canonical(json.loads(lines[-1]) | {"number": 3})


def take_out(*places: int) -> Callable[[list[bytes]], None]:
    def do(lines: list[bytes]) -> None:
        for place in sorted(places, reverse=True):
            del lines[place]

    return do


FAULTS: dict[str, tuple[Callable[[list[bytes]], None], str, int | None]] = {
    "changed": (change, "changed", 4),
    "changed with its digest": (change_with_its_digest, "changed-with-digest", 4),
    "its predecessor changed with its digest": (change_its_predecessor, "changed-with-digest", 4),
    "a field twice": (two_bodies, "changed", 4),
    "written in another way": (lambda lines: lines.__setitem__(3, lines[3] + b" "), "changed", 4),
    "one taken out": (take_out(3), "missing", 4),
    "three taken out": (take_out(3, 4, 5), "missing", 4),
    "two swapped": (lambda lines: lines.insert(3, lines.pop(5)), "order", 4),
    "one twice": (repeat, "twice", 4),
    "of another chain": (other_chain, "other-chain", 4),
    "no JSON": (lambda lines: lines.insert(3, b"{"), "unreadable", 4),
    "no event": (lambda lines: lines.insert(3, b"[]"), "unreadable", 4),
    "checkpoint changed": (change_checkpoint, "unsigned", None),
    "the number beside it changed": (change_the_number_told, "end-changed", None),
    "nothing but the end": (lambda lines: lines.__delitem__(slice(0, -1)), "cut-off", None),
    "more after the end": (lambda lines: lines.append(lines[0]), "after-end", None),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_named(lines: list[bytes], name: str) -> None:
    damage, code, event = FAULTS[name]
    damage(lines)
    with pytest.raises(Broken) as found:
        check(lines, KEY.public.text)
    assert (found.value.code, found.value.event) == (code, event)
    assert event is None or f"event {event}" in found.value.what or code == "missing"


def test_what_is_cut_off_or_added_at_the_end_is_named(lines: list[bytes]) -> None:
    count = len(lines) - 1
    for damage, code, event in (
        (take_out(-1), "cut-off", count),
        (take_out(-1, -1, -1), "cut-off", count - 2),
        (take_out(-2, -2), "missing", count - 1),
        (add_one, "added", count + 1),
        (rewrite_from_there, "rewritten", count),
    ):
        damaged = list(lines)
        damage(damaged)
        with pytest.raises(Broken) as found:
            check(damaged, KEY.public.text)
        assert (found.value.code, found.value.event) == (code, event)


def test_an_earlier_file_finds_what_the_hub_itself_rewrote(
    session: Session, cast: Cast, lines: list[bytes]
) -> None:
    more(session, cast, cast.institution, 2)
    later = exported(session, cast)
    assert check(later, KEY.public.text, lines).events == len(lines) + 1
    rewritten = list(lines)
    rewrite_from_there(rewritten)
    for now, code, event in ((later, "earlier", 4), (later[:2], "cut-off", 2)):
        with pytest.raises(Broken) as found:
            check(now, KEY.public.text, rewritten)
        assert (found.value.code, found.value.event) == (code, event)
    with pytest.raises(Broken, match="the earlier file has event") as found:
        check(lines, KEY.public.text, later)
    assert found.value.event == len(lines)


def test_a_chain_rewritten_as_a_whole_has_another_key(
    session: Session, cast: Cast, lines: list[bytes]
) -> None:
    forged = exported(session, cast, PrivateKey())
    assert check(forged).events == len(lines) - 1
    with pytest.raises(Broken, match="not signed by this key"):
        check(forged, KEY.public.text)


def test_csv_for_reading(session: Session, cast: Cast, lines: list[bytes]) -> None:
    pieces = export.as_csv(lambda: nullcontext(session), cast.officer, cast.institution)
    text = b"".join(pieces).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [r["digest"] for r in rows] == [json.loads(line)["digest"] for line in lines[:-1]]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_a_formula_is_disarmed(cell: str) -> None:
    assert export.safe(cell) == f"'{cell}"
    assert export.safe(f"a{cell}") == f"a{cell}"


def test_who_may_export(session: Session, cast: Cast, lines: list[bytes]) -> None:
    def reading() -> AbstractContextManager[Session]:
        raise AssertionError("nothing is read for who may not see it")

    for actor in (cast.reader, cast.instructor):
        with pytest.raises(NotAllowed):
            export.as_lines(reading, actor, cast.institution, KEY)
    for actor in (cast.stranger, cast.operator):
        with pytest.raises(NotFound):
            export.as_csv(reading, actor, cast.institution)
    for actor in (cast.officer, cast.stranger):
        with pytest.raises(NotFound):
            export.as_lines(reading, actor, None, KEY)


def test_the_command(lines: list[bytes], tmp_path: Path) -> None:
    file, key = tmp_path / "audit.jsonl", KEY.public.text
    file.write_bytes(b"\n".join(lines) + b"\n")
    good = CliRunner().invoke(main, ["audit", "check", str(file), "--key", key])
    assert (good.exit_code, "whole, in order, unchanged" in good.output) == (0, True)
    assert "Compare it" in CliRunner().invoke(main, ["audit", "check", str(file)]).output
    file.write_bytes(b"\n".join(lines[1:]))
    bad = CliRunner().invoke(main, ["audit", "check", str(file)])
    assert bad.exit_code == 1 and "line 1: event 1 is missing" in bad.output


def alone(script: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """With Python's own library and nothing else: -I and -S leave out every other package and folder."""
    command = [sys.executable, "-I", "-S", str(script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_script_runs_where_there_is_nothing_but_python(
    lines: list[bytes], tmp_path: Path
) -> None:
    script, file, key = tmp_path / "check.py", tmp_path / "audit.jsonl", KEY.public.text
    written = CliRunner().invoke(main, ["audit", "script", str(script)])
    assert written.exit_code == 0
    assert b"from app" not in script.read_bytes()
    file.write_bytes(b"\n".join(lines) + b"\n")
    good = alone(script, str(file), "--key", key)
    assert (good.returncode, "unchanged" in good.stdout) == (0, True), good.stderr
    file.write_bytes(b"\n".join([*lines[:3], *lines[4:]]) + b"\n")
    bad = alone(script, str(file), "--key", key)
    assert (bad.returncode, "line 4: event 4 is missing" in bad.stdout) == (1, True)
