"""Which function calls which, by reading the source of the slices: enough to ask what an act reaches."""

import ast
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
SLICES = (
    "people",
    "institutions",
    "policies",
    "sites",
    "federations",
    "runs",
    "releases",
    "reports",
    "notices",
    "evidence",
    "integrations",
)
READING = {"models", "queries", "states", "schemas", "errors", "__init__"}
MUTATING = {
    "flush",
    "add",
    "add_all",
    "delete",
    "merge",
    "bulk_insert_mappings",
    "bulk_save_objects",
}
STATEMENTS = {"update", "delete", "insert"}
"""Of SQLAlchemy: a function that builds one writes."""


@dataclass
class Function:
    """`calls` are full names (`app.people.roles.add`); `writes` says it changes rows by itself."""

    takes_session: bool
    calls: set[str] = field(default_factory=set)
    writes: bool = False


def functions(root: Path = ROOT) -> dict[str, Function]:
    """Every top-level function of `app`, by full name."""
    found: dict[str, Function] = {}
    for path in sorted((root / "app").rglob("*.py")):
        module = ".".join(path.relative_to(root).with_suffix("").parts)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = _imports(tree)
        own = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
        names |= {name: f"{module}.{name}" for name in own}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                found[f"{module}.{node.name}"] = _read(node, names)
            if isinstance(node, ast.ClassDef):
                for method in node.body:
                    if isinstance(method, ast.FunctionDef):
                        found[f"{module}.{node.name}.{method.name}"] = _read(method, names)
    return found


def _imports(tree: ast.Module) -> dict[str, str]:
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return names


def _read(node: ast.FunctionDef, names: dict[str, str]) -> Function:
    arguments = [a.arg for a in node.args.posonlyargs + node.args.args + node.args.kwonlyargs]
    function = Function("session" in arguments)
    for call in ast.walk(node):
        if not isinstance(call, ast.Call):
            continue
        if isinstance(call.func, ast.Name):
            _note(function, names.get(call.func.id, call.func.id))
        elif isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
            owner, name = call.func.value.id, call.func.attr
            if owner == "session" and name in MUTATING:
                function.writes = True
            if owner in names:
                _note(function, f"{names[owner]}.{name}")
    return function


def _note(function: Function, name: str) -> None:
    function.calls.add(name)
    package, _dot, last = name.rpartition(".")
    if package.startswith("sqlalchemy") and last in STATEMENTS:
        function.writes = True
    if name in ("app.states.move", "app.states.try_move"):
        function.writes = True


def acts(known: dict[str, Function]) -> list[str]:
    """Public functions of the slices that take a session and are no mere queries."""
    found = []
    for name, function in known.items():
        _app, slice_, *rest = name.split(".")
        if slice_ not in SLICES or rest[0] in READING or rest[-1].startswith("_"):
            continue
        if function.takes_session:
            found.append(name)
    return found


def reach(known: dict[str, Function], start: str) -> set[str]:
    """Every function that `start` may come to call, itself included; through re-exports too."""
    seen: set[str] = set()
    todo = [start]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in known:
            todo += known[name].calls
    return seen
