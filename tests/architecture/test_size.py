"""The size budget: files 300 lines (500 never), functions 40 (60 never), templates 120."""

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from tests.architecture import exemptions, tree

FILE, FILE_NEVER = 300, 500
FUNCTION, FUNCTION_NEVER = 40, 60
TEMPLATE = 120
CODE = ("app", "worker", "migrations", "benchmarks", "tests")


def over(sizes: dict[str, int], budget: int) -> dict[str, int]:
    return {name: size for name, size in sizes.items() if size > budget}


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def files() -> dict[str, int]:
    # A revision is written by a program and read by one.
    made = tree.ROOT / "migrations" / "versions"
    return {tree.name(p): lines(p) for p in tree.python(*CODE) if p.parent != made}


@lru_cache
def functions() -> dict[str, int]:
    return {
        f"{tree.name(path)}::{node.name}": _length(node)
        for path in tree.python("app", "worker", "benchmarks")
        for node in _functions(tree.parsed(path))
    }


def _functions(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def templates() -> dict[str, int]:
    found = (p for p in tree.files() if "templates" in p.relative_to(tree.ROOT).parts)
    return {tree.name(p): lines(p) for p in found if p.suffix in (".html", ".txt")}


def test_files() -> None:
    assert over(files(), FILE_NEVER) == {}
    assert over(files(), FILE).keys() == exemptions.FILES.keys()


def test_functions() -> None:
    assert over(functions(), FUNCTION_NEVER) == {}
    assert over(functions(), FUNCTION).keys() == exemptions.FUNCTIONS.keys()


def test_templates() -> None:
    assert over(templates(), TEMPLATE).keys() == exemptions.TEMPLATES.keys()


def test_an_exempt_piece_has_not_grown() -> None:
    recorded = exemptions.FILES | exemptions.FUNCTIONS | exemptions.TEMPLATES
    sizes = files() | functions() | templates()
    assert {n: sizes[n] for n, size in recorded.items() if sizes[n] > size} == {}
