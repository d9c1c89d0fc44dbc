"""What docs/failures.md and docs/threats.md promise is shown by tests that exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

NAMED = re.compile(r"`(tests/[\w/]+(?:\.py)?)(?:::(\w+))?`")
DOCS = ("docs/failures.md", "docs/threats.md")


@cache
def functions_of(path: Path) -> frozenset[str]:
    module = ast.parse(path.read_text(encoding="utf-8"))
    found = (n.name for n in ast.walk(module) if isinstance(n, ast.FunctionDef))
    return frozenset(name for name in found if name.startswith("test_"))


def missing(text: str) -> list[str]:
    """What is named and is not there."""
    gone = []
    for path, name in NAMED.findall(text):
        place = ROOT / path
        if not place.exists() or (name and name not in functions_of(place)):
            gone.append(f"{path}::{name}" if name else path)
    return gone


def rows(text: str) -> list[str]:
    """The lines of tables, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    heads = {i for i, line in enumerate(lines) if set(line) <= set("|-")}
    return [line for i, line in enumerate(lines) if i not in heads and i + 1 not in heads]


@pytest.mark.parametrize("doc", DOCS)
def test_every_test_named_is_there(doc: str) -> None:
    text = (ROOT / doc).read_text(encoding="utf-8")
    assert missing(text) == []
    assert "::" in text


def test_no_line_about_a_failure_is_without_a_test() -> None:
    text = (ROOT / "docs/failures.md").read_text(encoding="utf-8")
    assert len(rows(text)) > 40
    assert [line for line in rows(text) if not NAMED.search(line.rpartition(" | ")[2])] == []


def test_one_that_is_gone_is_found() -> None:
    here = "tests/architecture/test_named_tests.py"
    told = f"`{here}::test_gone`, `tests/nowhere/test_x.py::test_y`, `tests/none`"
    assert len(missing(told)) == 3
    assert missing(f"`{here}::test_one_that_is_gone_is_found`, `tests/door`") == []
