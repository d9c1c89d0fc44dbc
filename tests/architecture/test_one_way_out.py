"""What goes out by HTTP goes through `app.outbound`: no other module of the hub has a client."""

import ast

import pytest

from tests.architecture import tree

CLIENTS = {
    "aiohttp",
    "boto3",
    "http.client",
    "httplib2",
    "httpx",
    "requests",
    "urllib.request",
    "urllib3",
    "websockets",
}
ALLOWED = {
    "app/outbound.py": "the one way out",
    "app/demo/stage.py": "asks the demo's own hub, on this computer",
    "app/demo/visitor.py": "asks the demo's own hub, on this computer",
    "app/objects/answers.py": "the bucket that the hub's operator set up, and nobody else names",
}
HUB = ("app", "worker/hub")


def clients(module: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in names if any(f"{name}.".startswith(f"{c}.") for c in CLIENTS)}


def test_nobody_else_has_a_client() -> None:
    found = {tree.name(path): clients(tree.parsed(path)) for path in tree.python("app", "worker")}
    here = {name for name, what in found.items() if what and name.startswith(HUB)}
    assert here == ALLOWED.keys()


@pytest.mark.parametrize(
    "source",
    [
        "import httpx",
        "from urllib import request",
        "from urllib.request import urlopen",
        "import http.client as h",
        "def f():\n    from requests import get",
    ],
)
def test_a_client_is_found(source: str) -> None:
    assert clients(ast.parse(source))


@pytest.mark.parametrize("source", ["from urllib.parse import urlsplit", "import http.server"])
def test_what_is_no_client(source: str) -> None:
    assert not clients(ast.parse(source))
