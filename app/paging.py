"""A part of an ordered list, by the key of the item before it: inserts and removals shift nothing.

The key's last value is unique, so every item has a place of its own. `Down` marks what falls.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import total_ordering
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_
from sqlalchemy.orm import InstrumentedAttribute

from app.errors import Invalid
from app.text import _

Value = str | int | datetime
Key = tuple[Any, ...]
Row = TypeVar("Row")
LARGEST = 2**53


@total_ordering
@dataclass(frozen=True, eq=True)
class Down:
    """Sorts the other way round."""

    value: Any

    def __lt__(self, other: "Down") -> bool:
        return bool(other.value < self.value)


@dataclass(frozen=True)
class Part(Generic[Row]):
    """`after` is the cursor of the part that follows; None at the end."""

    rows: list[Row]
    after: str | None


@dataclass(frozen=True)
class Order:
    """A column that sorts a list in the database."""

    column: InstrumentedAttribute[Any]
    falling: bool = False


@dataclass(frozen=True)
class Cut:
    """At most `limit` items behind the key in the cursor `after`."""

    after: str | None
    limit: int

    def of(self, rows: Iterable[Row], key: Callable[[Row], Key]) -> Part[Row]:
        """Of a list in memory, sorted here. Raises Invalid for a cursor that is not of this list."""
        ordered = sorted(((key(row), row) for row in rows), key=lambda pair: pair[0])
        if self.after is not None and ordered:
            given = decode(self.after)
            bound = _like(ordered[0][0], given)
            ordered = [pair for pair in ordered if bound < pair[0]]
        shown = ordered[: self.limit]
        more = len(ordered) > self.limit
        return Part([row for _key, row in shown], encode(shown[-1][0]) if more else None)

    def select(self, wanted: Select[Any], *order: Order) -> Select[Any]:
        """`wanted` in that order, from the cursor on, one row more than asked: `cut` takes it off again."""
        if self.after is not None:
            wanted = wanted.where(_behind(order, decode(self.after)))
        columns = [o.column.desc() if o.falling else o.column.asc() for o in order]
        return wanted.order_by(*columns).limit(self.limit + 1)

    def cut(self, rows: Sequence[Row], *order: Order) -> Part[Row]:
        """What `select` found."""
        shown = list(rows[: self.limit])
        if len(rows) <= self.limit:
            return Part(shown, None)
        return Part(shown, encode(tuple(getattr(shown[-1], o.column.key) for o in order)))


def _behind(order: Sequence[Order], given: list[Value]) -> ColumnElement[bool]:
    kinds = [o.column.type.python_type for o in order]
    if len(given) != len(kinds) or not all(map(isinstance, given, kinds)):
        raise wrong()
    steps = []
    for place, (one, value) in enumerate(zip(order, given, strict=True)):
        before = [o.column == v for o, v in zip(order[:place], given[:place], strict=True)]
        steps.append(and_(*before, one.column < value if one.falling else one.column > value))
    return or_(*steps)


def _like(shape: Key, given: list[Value]) -> Key:
    """The values of a cursor, falling where this list's keys fall."""
    if len(shape) != len(given):
        raise wrong()
    made: list[Any] = []
    for model, value in zip(shape, given, strict=True):
        falls = isinstance(model, Down)
        if type(model.value if falls else model) is not type(value):
            raise wrong()
        made.append(Down(value) if falls else value)
    return tuple(made)


def wrong() -> Invalid:
    problem = _("This is no cursor of this list. Start again without “after”.")
    return Invalid(problem, {"after": problem})


def encode(key: Key) -> str:
    """Opaque, safe in an address."""
    plain = [_plain(v.value if isinstance(v, Down) else v) for v in key]
    text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode("ascii").rstrip("=")


def _plain(value: Value) -> Any:
    return {"t": value.isoformat()} if isinstance(value, datetime) else value


def decode(cursor: str) -> list[Value]:
    """Raises Invalid."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        found = json.loads(raw.decode())
        if not isinstance(found, list):
            raise wrong()
        return [_value(v) for v in found]
    except (binascii.Error, ValueError, RecursionError) as error:
        raise wrong() from error


def _value(value: Any) -> Value:
    if isinstance(value, dict) and isinstance(value.get("t"), str):
        moment = datetime.fromisoformat(value["t"])
        if moment.tzinfo is None:
            raise wrong()
        return moment
    if isinstance(value, str) and "\x00" not in value:
        return value
    if isinstance(value, int) and abs(value) < LARGEST:
        return value
    raise wrong()
