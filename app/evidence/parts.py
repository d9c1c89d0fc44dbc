"""What a document is made of: plain values, drawn alike as a page, as a file of HTML and as PDF."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from app.evidence.states import DocumentKind


@dataclass(frozen=True)
class Para:
    kind: ClassVar[str] = "para"
    text: str


@dataclass(frozen=True)
class Points:
    kind: ClassVar[str] = "points"
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Lines:
    """Label and value."""

    kind: ClassVar[str] = "lines"
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Grid:
    """The first cell of a row is its heading."""

    kind: ClassVar[str] = "grid"
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Gap:
    """What is missing, said. `path` on this hub is where it is set; empty: nowhere in this version."""

    kind: ClassVar[str] = "gap"
    text: str
    path: str = ""
    link: str = ""


@dataclass(frozen=True)
class Box:
    """A place, in the drawing's units. `fence`: a trust domain of its own."""

    x: float
    y: float
    width: float
    height: float
    title: str
    lines: tuple[str, ...] = ()
    fence: bool = False


@dataclass(frozen=True)
class Arrow:
    """From one point straight to another; `number` stands in the list of flows, at (`at_x`, `at_y`)."""

    x1: float
    y1: float
    x2: float
    y2: float
    number: str

    @property
    def at(self) -> tuple[float, float]:
        return (self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2

    @property
    def head(self) -> tuple[tuple[float, float], tuple[float, float], tuple[float, float]]:
        """The triangle at its end, 8 long and 8 wide."""
        length = ((self.x2 - self.x1) ** 2 + (self.y2 - self.y1) ** 2) ** 0.5
        ux, uy = (self.x2 - self.x1) / length, (self.y2 - self.y1) / length
        back_x, back_y = self.x2 - 8 * ux, self.y2 - 8 * uy
        left, right = (back_x - 4 * uy, back_y + 4 * ux), (back_x + 4 * uy, back_y - 4 * ux)
        return (self.x2, self.y2), left, right


@dataclass(frozen=True)
class Drawing:
    """Boxes and arrows. `says` is the whole of it in words, for whoever cannot see it."""

    kind: ClassVar[str] = "drawing"
    id: str
    title: str
    says: str
    width: float
    height: float
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


Block = Para | Points | Lines | Grid | Gap | Drawing


@dataclass(frozen=True)
class Section:
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Stamp:
    """What ties a document to its day and to the institution's audit chain: the chain's length and last digest."""

    at: datetime
    institution: str
    institution_name: str
    hub_name: str
    number: int
    head: str
    locale: str


@dataclass(frozen=True)
class Document:
    kind: DocumentKind
    title: str
    says: str
    stamp: Stamp
    sections: tuple[Section, ...]

    @property
    def gaps(self) -> tuple[Gap, ...]:
        return tuple(self._gaps())

    def _gaps(self) -> Iterator[Gap]:
        for section in self.sections:
            yield from (block for block in section.blocks if isinstance(block, Gap))
