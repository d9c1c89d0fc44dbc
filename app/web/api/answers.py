"""Shapes that every noun of the API shares: bodies asked and told, lists by cursor, revisions, where a thing now is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Header, Path, Query, Response
from pydantic import BaseModel, ConfigDict

from app.errors import HubError, Invalid
from app.paging import Cut, Key, Part
from app.text import _

PREFIX = "/api/v1"
DEFAULT_LIMIT = 50
LARGEST_LIMIT = 200

Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Cursor = Annotated[
    str | None,
    Query(
        max_length=2000,
        pattern=r"^[A-Za-z0-9_-]*$",
        description="`next` of the page before; leave it out for the first page.",
    ),
]


def only(what: str) -> Any:
    """A filter of a list: left out, it lets everything through."""
    return Query(description=what)


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

    cut: Cut

    def page(
        self, rows: Iterable[Row], key: Callable[[Row], Key], told: Callable[[Row], Item]
    ) -> Page[Item]:
        """Of a list in memory, sorted here by `key`, whose last value is unique. Raises Invalid."""
        return page(self.cut.of(rows, key), told)


def page(part: Part[Row], told: Callable[[Row], Item]) -> Page[Item]:
    return Page(items=[told(row) for row in part.rows], next=part.after)


def _window(after: Cursor = None, limit: Limit = DEFAULT_LIMIT) -> Window:
    return Window(Cut(after or None, limit))


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
