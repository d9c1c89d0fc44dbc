"""What a browser does with a form: takes the token from the page, sends it back."""

import re

from httpx import Response
from starlette.testclient import TestClient

_TOKEN = re.compile(r'<meta name="csrf" content="([^"]*)">')


def token(client: TestClient, page: str = "/privacy") -> str:
    found = _TOKEN.search(client.get(page).text)
    assert found, "the page carries no token"
    return found.group(1)


def send(client: TestClient, path: str, **fields: str | list[str]) -> Response:
    """A form of our own page."""
    return client.post(path, data={"csrf": token(client), **fields})
