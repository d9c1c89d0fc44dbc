"""Rows of a model part that stay at the sites that moved them, because too few sites did. Names and numbers only.

A row is a row of a matrix, or a whole vector, as in the combination.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from worker.protocol import limits

Span = tuple[Annotated[int, Field(ge=0, lt=2**31)], Annotated[int, Field(ge=1, lt=2**31)]]
"""(first row, how many)."""
_Name = Annotated[str, Field(min_length=1, max_length=limits.TENSOR_NAME)]


class KeptRows(BaseModel):
    """Of one module. `whole`: all of it; else tensor to rows, in order and apart, at most `KEPT_SPANS` spans."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    whole: bool = False
    rows: dict[_Name, tuple[Span, ...]] = {}

    @field_validator("rows")
    @classmethod
    def _in_order(cls, rows: dict[str, tuple[Span, ...]]) -> dict[str, tuple[Span, ...]]:
        if sum(len(spans) for spans in rows.values()) > limits.KEPT_SPANS:
            raise ValueError("too many spans of rows")
        for spans in rows.values():
            if not spans:
                raise ValueError("a tensor is named without rows")
            for (first, count), (after, _) in pairwise(spans):
                if after <= first + count:
                    raise ValueError("spans of rows stand in order and apart")
        return rows

    @model_validator(mode="after")
    def _one_way(self) -> "KeptRows":
        if self.whole and self.rows:
            raise ValueError("a whole part needs no rows")
        return self

    def __bool__(self) -> bool:
        return self.whole or bool(self.rows)

    @property
    def count(self) -> int:
        """Rows named; 0 for a whole module."""
        return sum(count for spans in self.rows.values() for _, count in spans)

    def joined(self, rows: Mapping[str, tuple[Span, ...]]) -> "KeptRows":
        """These and more rows. What is over the limit is left out, of the new ones only."""
        if self.whole:
            return self
        found = dict(self.rows)
        room = limits.KEPT_SPANS - sum(len(spans) for spans in found.values())
        for name, spans in sorted(rows.items()):
            taken = spans[: max(room, 0)]
            if taken:
                found[name] = _merged((*found.get(name, ()), *taken))
                room -= len(taken)
        return KeptRows(rows=found)


def _merged(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    made: list[Span] = []
    for first, count in sorted(spans):
        if made and first <= sum(made[-1]):
            start, length = made[-1]
            made[-1] = (start, max(length, first + count - start))
        else:
            made.append((first, count))
    return tuple(made)


NO_ROWS = KeptRows()
WHOLE = KeptRows(whole=True)
Kept = Mapping[str, KeptRows]
"""Module to its kept rows. A module without any is absent."""


def joined(one: Kept, other: Kept) -> dict[str, KeptRows]:
    """Everything that either names; all that `one` names, also over the limit."""
    both = {}
    for module in sorted(one.keys() | other.keys()):
        first, second = one.get(module, NO_ROWS), other.get(module, NO_ROWS)
        both[module] = WHOLE if second.whole else first.joined(second.rows)
    return both
