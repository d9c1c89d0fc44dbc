"""Shapes that every noun of the API shares: bodies asked and told, lists by cursor, revisions, where a thing now is."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Header, Path, Query, Response
from pydantic import BaseModel, ConfigDict

from app.errors import HubError, Invalid
from app.text import _

PREFIX = "/api/v1"
DEFAULT_LIMIT = 50
LARGEST_LIMIT = 200

Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Cursor = Annotated[
    str | None,
    Query(
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="`next` of the page before; leave it out for the first page.",
    ),
]
Limit = Annotated[int, Query(ge=1, le=LARGEST_LIMIT, description="Most items of one page.")]


class Asked(BaseModel):
    """A body a program sends. Unknown fields are mistakes, not silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Told(BaseModel):
    """A body the hub answers with. Times are ISO 8601 in UTC."""

    model_config = ConfigDict(frozen=True)


Item = TypeVar("Item")
Row = TypeVar("Row")


class Page(Told, Generic[Item]):
    """`next` goes into `?after=` for the page that follows; null at the end."""

    items: list[Item]
    next: str | None


@dataclass(frozen=True)
class Window:
    """Which part of a list is asked for."""

    after: str | None
    limit: int

    def cut(
        self, rows: Iterable[Row], key: Callable[[Row], str], told: Callable[[Row], Item]
    ) -> Page[Item]:
        """The page of an ordered list that begins behind the row whose key is `after`. Raises Invalid."""
        ordered = list(rows)
        start = self._start([key(row) for row in ordered])
        shown = ordered[start : start + self.limit]
        more = start + self.limit < len(ordered)
        return Page(items=[told(r) for r in shown], next=key(shown[-1]) if more else None)

    def _start(self, keys: Sequence[str]) -> int:
        if self.after is None:
            return 0
        if self.after not in keys:
            problem = _("This list has no such item any more. Start again without “after”.")
            raise Invalid(problem, {"after": problem})
        return keys.index(self.after) + 1


def _window(after: Cursor = None, limit: Limit = DEFAULT_LIMIT) -> Window:
    return Window(after, limit)


Windowed = Annotated[Window, Depends(_window)]


class RevisionNeeded(HubError):
    """Without it, one program would overwrite what another person saved."""

    status = 428
    code = "revision-needed"


def _revision(
    if_match: Annotated[
        str | None,
        Header(description='The ETag of what you changed, such as `"3"`.', max_length=40),
    ] = None,
) -> int:
    text = (if_match or "").strip().removeprefix("W/").strip('"')
    if not text:
        raise RevisionNeeded(_("Send “If-Match” with the ETag of what you read."))
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        problem = _('“If-Match” is the ETag of what you read, such as "3".')
        raise Invalid(problem, {"If-Match": problem})
    return int(text)


Revision = Annotated[int, Depends(_revision)]
"""The revision named by `If-Match`. Raises RevisionNeeded, Invalid."""


def mark(response: Response, revision: int) -> None:
    """The ETag that a later save names in `If-Match`."""
    response.headers["ETag"] = f'"{revision}"'


def at(response: Response, path: str) -> None:
    """Where the created thing is, below the API's root."""
    response.headers["Location"] = f"{PREFIX}{path}"
