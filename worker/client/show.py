"""What is printed: JSON for programs, tables and facts for people."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

import click

from worker.protocol.text import _

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")


def cell(value: Any) -> str:
    """One line. What others wrote moves no cursor of this terminal."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(cell(v) for v in value) or "–"
    return _CONTROL.sub("", " ".join(str(value).split()))


def as_json(value: Any) -> None:
    """One object a line for a list, so that it can be read line by line."""
    lines = value if isinstance(value, list) else [value]
    for line in lines:
        click.echo(json.dumps(line, ensure_ascii=False))


def table(columns: Sequence[tuple[str, str]], rows: Iterable[dict[str, Any]]) -> None:
    """`columns`: heading and the name of the value; a dot goes into what is inside."""
    found = [[cell(inside(row, name)) for _head, name in columns] for row in rows]
    if not found:
        click.echo(_("Nothing here."))
        return
    lines = [[head for head, _name in columns], *found]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    for line in lines:
        cells = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def facts(value: dict[str, Any], names: Sequence[tuple[str, str]]) -> None:
    width = max(len(head) for head, _name in names)
    for head, name in names:
        click.echo(f"{head.ljust(width)}  {cell(inside(value, name))}")


def inside(value: Any, name: str) -> Any:
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
