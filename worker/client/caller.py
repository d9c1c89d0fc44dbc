"""Who calls, opened when a command first needs the hub, so that `--help` needs neither address nor token."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import click

from worker.client import show
from worker.client.hub import Hub, read_token
from worker.protocol.text import current_locale

Columns = Sequence[tuple[str, str]]


class Caller:
    def __init__(self, url: str, token_file: Path | None, as_json: bool) -> None:
        self._url, self._token_file, self.as_json = url, token_file, as_json
        self._opened = False

    @cached_property
    def hub(self) -> Hub:
        """Raises Refused."""
        made = Hub(self._url, read_token(self._token_file), current_locale())
        self._opened = True
        return made

    @cached_property
    def home(self) -> str:
        """The path of the institution that the token is of."""
        return f"/institutions/{self.hub.get('/me')['institution']}"

    def close(self) -> None:
        if self._opened:
            self.hub.close()

    def list(self, columns: Columns, path: str, most: int, **query: Any) -> None:
        items = list(self.hub.every(path, most, **query))
        if self.as_json:
            show.as_json(items)
        else:
            show.table(columns, items)

    def one(self, names: Columns, value: dict[str, Any]) -> None:
        if self.as_json:
            show.as_json(value)
        else:
            show.facts(value, names)


pass_caller = click.make_pass_decorator(Caller)
