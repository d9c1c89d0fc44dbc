"""What pages are made of: frozen values that `templates/ui/` knows how to draw. No HTML here, no database."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal

from app.evidence.parts import Drawing
from app.web.cells import (
    Act,
    Acts,
    Cell,
    Code,
    Few,
    Link,
    Muted,
    New,
    No,
    Nothing,
    Old,
    Quoted,
    Said,
    Status,
    When,
    Whisk,
    Yes,
)
from app.web.charts import CalibrationChart, LineChart
from app.web.fields import Button, Field, Form, Option


@dataclass(frozen=True)
class Column:
    label: str
    number: bool = False


@dataclass(frozen=True)
class Table:
    """The first cell of a row is its heading."""

    kind: ClassVar[str] = "table"
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    diff: bool = False


@dataclass(frozen=True)
class Facts:
    """`narrow` for a column at the side, `stacked` for one with long values: the label stands above."""

    kind: ClassVar[str] = "facts"
    lines: tuple[tuple[str, Cell], ...]
    narrow: bool = False
    stacked: bool = False


@dataclass(frozen=True)
class Step:
    """`href` makes the title itself a link: to go back to an answer."""

    title: str
    state: Literal["done", "now", "to-come"]
    text: str = ""
    link: Link | None = None
    href: str = ""


@dataclass(frozen=True)
class Steps:
    kind: ClassVar[str] = "steps"
    steps: tuple[Step, ...]
    across: bool = False
    label: str = ""


@dataclass(frozen=True)
class Task:
    """What waits for a person. `due` is words; the first task of a page has the filled button."""

    title: str
    text: str
    href: str
    action: str
    due: str = ""
    order: datetime | None = None


@dataclass(frozen=True)
class Tasks:
    kind: ClassVar[str] = "tasks"
    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class LogLine:
    at: datetime
    when: str
    text: str
    link: Link | None = None


@dataclass(frozen=True)
class Log:
    kind: ClassVar[str] = "log"
    lines: tuple[LogLine, ...]


@dataclass(frozen=True)
class Text:
    kind: ClassVar[str] = "text"
    text: str
    muted: bool = False
    small: bool = False


@dataclass(frozen=True)
class Heading:
    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True)
class Note:
    kind: ClassVar[str] = "note"
    text: str
    link: Link | None = None


@dataclass(frozen=True)
class Bullets:
    kind: ClassVar[str] = "bullets"
    lines: tuple[str, ...]
    two: bool = False
    """In two columns where there is room."""


@dataclass(frozen=True)
class Empty:
    """One sentence why, one button for the next step."""

    kind: ClassVar[str] = "empty"
    text: str
    link: Link | None = None


@dataclass(frozen=True)
class Copy:
    kind: ClassVar[str] = "copy"
    id: str
    label: str
    text: str


@dataclass(frozen=True)
class Words:
    kind: ClassVar[str] = "words"
    words: tuple[str, ...]


@dataclass(frozen=True)
class Progress:
    kind: ClassVar[str] = "progress"
    id: str
    value: float
    most: float
    label: str


@dataclass(frozen=True)
class Links:
    """In a row, or one below the other."""

    kind: ClassVar[str] = "links"
    links: tuple[Link, ...]
    down: bool = False


@dataclass(frozen=True)
class Matrix:
    """A QR code as one path over `size` modules, and what it says for those who cannot see it."""

    kind: ClassVar[str] = "matrix"
    size: int
    path: str
    label: str


@dataclass(frozen=True)
class Fold:
    kind: ClassVar[str] = "fold"
    id: str
    summary: str
    body: "tuple[Part, ...]"


Part = (
    Table
    | Facts
    | Steps
    | Tasks
    | Log
    | Text
    | Heading
    | Note
    | Bullets
    | Empty
    | Copy
    | Words
    | Progress
    | Links
    | Matrix
    | Form
    | Fold
    | Status
    | LineChart
    | CalibrationChart
    | Drawing
)


@dataclass(frozen=True)
class Panel:
    """Without a title where the page's own heading says it all."""

    title: str
    body: tuple[Part, ...]
    lead: str = ""
    id: str = ""
    state: Status | None = None


@dataclass(frozen=True)
class Sheet:
    """A page made of panels: the heading asks or answers, the sentence says how it stands, then as of when."""

    title: str
    panels: tuple[Panel, ...]
    says: str = ""
    asof: str = ""
    crumbs: tuple[Link, ...] = ()
    actions: tuple[Link, ...] = ()
    aside: tuple[Panel, ...] = ()
    steps: Steps | None = None
    """Where one is on the way through several pages."""
    errors: tuple[tuple[str, str], ...] = ()
    menu: str = ""
    note: str = ""
    foot: tuple[Link, ...] = field(default=())


__all__ = [
    "Act",
    "Acts",
    "Bullets",
    "Button",
    "CalibrationChart",
    "Cell",
    "Code",
    "Column",
    "Copy",
    "Drawing",
    "Empty",
    "Facts",
    "Few",
    "Field",
    "Fold",
    "Form",
    "Heading",
    "LineChart",
    "Link",
    "Links",
    "Log",
    "LogLine",
    "Matrix",
    "Muted",
    "New",
    "No",
    "Note",
    "Nothing",
    "Old",
    "Option",
    "Panel",
    "Part",
    "Progress",
    "Quoted",
    "Said",
    "Sheet",
    "Status",
    "Step",
    "Steps",
    "Table",
    "Task",
    "Tasks",
    "Text",
    "When",
    "Whisk",
    "Words",
    "Yes",
]
