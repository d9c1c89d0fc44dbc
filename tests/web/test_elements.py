"""`/ui` shows every element that a page can be made of, so that a change of one can be looked at."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, get_args

import pytest

from app.web import cells, parts
from app.web.pages import elements

KINDS = {one.kind for one in (*get_args(parts.Part), *get_args(cells.Cell)) if hasattr(one, "kind")}


def inside(value: Any) -> Iterator[str]:
    """The kinds of a value and of all it holds."""
    if isinstance(value, tuple | list):
        for one in value:
            yield from inside(one)
    elif is_dataclass(value) and not isinstance(value, type):
        if hasattr(value, "kind"):
            yield value.kind
        for field in fields(value):
            yield from inside(getattr(value, field.name))


def test_every_element_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(elements.render, "sheet", lambda _visit, sheet: shown.append(sheet))
    elements.elements(None)  # type: ignore[arg-type]
    assert KINDS - set(inside(shown)) == set()
    assert len(KINDS) >= 30
