"""Import directions (the contracts of pyproject.toml), and edges that do not query."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture import tree

EDGES = ("app/web", "app/demo", "app/main.py", "app/cli.py", "app/cli")
QUERYING = {"select", "text", "insert", "update", "delete", "func"}
SESSION_READS = {"get", "scalar", "scalars", "execute", "query", "get_one"}


def test_import_contracts() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter, "--no-cache"], cwd=tree.ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_contracts_can_fail(tmp_path: Path) -> None:
    """A page that imports torch breaks a contract: the check looks where it should."""
    for folder in ("app", "worker"):
        ignored = shutil.ignore_patterns("__pycache__", "static")
        shutil.copytree(tree.ROOT / folder, tmp_path / folder, ignore=ignored)
    shutil.copy(tree.ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "app" / "people" / "wrong.py").write_text("import torch\n", encoding="utf-8")
    # Explicit path first, so the copy is looked at and not the installed tree.
    program = "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports_command as go; go()"
    done = subprocess.run(
        [sys.executable, "-c", program, "--no-cache"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1, done.stdout
    assert "app.people.wrong" in done.stdout


def edges() -> list[Path]:
    return [p for p in tree.python("app") if tree.name(p).startswith(EDGES)]


def faults(module: ast.Module) -> list[str]:
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
            found += [f"imports {a.name}" for a in node.names if a.name in QUERYING]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            named = isinstance(owner, ast.Name) and owner.id == "session"
            if named and node.func.attr in SESSION_READS:
                found.append(f"line {node.lineno}: session.{node.func.attr}")
    return found


def test_edges_do_not_query() -> None:
    found = {tree.name(path): faults(tree.parsed(path)) for path in edges()}
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize("source", ["from sqlalchemy import select", "session.get(Row, 1)"])
def test_a_query_at_an_edge_is_found(source: str) -> None:
    assert faults(ast.parse(source))
