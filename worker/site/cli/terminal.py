"""What every command has: the site's folder, opened when it is needed, and a way to print."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import click

from worker.site.home import Home
from worker.site.site import Site, open_site

Command = TypeVar("Command")


@dataclass(frozen=True)
class Context:
    home: Home

    def site(self) -> Site:
        """Raises NotJoined."""
        return open_site(self.home)


pass_context = click.make_pass_decorator(Context)


def say(sentence: str = "") -> None:
    click.echo(sentence)


def table(rows: Sequence[tuple[str, ...]]) -> None:
    """Columns as wide as their widest cell; the last one as it comes."""
    if not rows:
        return
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        say("  ".join([*cells, row[-1]]).rstrip())
