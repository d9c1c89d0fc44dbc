"""What pages are made of: frozen values that `templates/ui/` knows how to draw. No HTML here, no database."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal

from app.web.charts import CalibrationChart, LineChart

Tone = Literal["good", "busy", "wait", "act", "stop", "off"]


@dataclass(frozen=True)
class Status:
    """A shape, a word, then how old it is."""

    kind: ClassVar[str] = "status"
    tone: Tone
    word: str
    age: str = ""


@dataclass(frozen=True)
class Link:
    kind: ClassVar[str] = "link"
    text: str
    href: str
    look: Literal["", "btn", "primary", "quiet"] = ""


@dataclass(frozen=True)
class Said:
    """A sentence, then a link."""

    kind: ClassVar[str] = "said"
    text: str
    link: Link | None = None


@dataclass(frozen=True)
class Few:
    """A suppressed cell."""

    kind: ClassVar[str] = "few"


@dataclass(frozen=True)
class Yes:
    kind: ClassVar[str] = "yes"
    text: str


@dataclass(frozen=True)
class No:
    kind: ClassVar[str] = "no"
    text: str


@dataclass(frozen=True)
class Code:
    """A digest or an id; `short` digests keep both ends."""

    kind: ClassVar[str] = "code"
    text: str
    short: bool = False


@dataclass(frozen=True)
class Muted:
    kind: ClassVar[str] = "muted"
    text: str


@dataclass(frozen=True)
class Old:
    kind: ClassVar[str] = "old"
    text: str


@dataclass(frozen=True)
class New:
    kind: ClassVar[str] = "new"
    text: str


@dataclass(frozen=True)
class Whisk:
    """An interval as a drawing, all numbers 0 to 100."""

    kind: ClassVar[str] = "whisk"
    low: float
    middle: float
    high: float
    reference: float | None = None


@dataclass(frozen=True)
class When:
    """`text` is what people read."""

    kind: ClassVar[str] = "when"
    at: datetime
    text: str


@dataclass(frozen=True)
class Nothing:
    """A cell with nothing to say; left out on phones."""

    kind: ClassVar[str] = "nothing"


Cell = (
    str | Status | Link | Said | Few | Yes | No | Code | Muted | Old | New | Whisk | When | Nothing
)


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
    kind: ClassVar[str] = "facts"
    lines: tuple[tuple[str, Cell], ...]
    narrow: bool = False


@dataclass(frozen=True)
class Step:
    title: str
    state: Literal["done", "now", "to-come"]
    text: str = ""
    link: Link | None = None


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
    kind: ClassVar[str] = "links"
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Matrix:
    """A QR code as one path over `size` modules, and what it says for those who cannot see it."""

    kind: ClassVar[str] = "matrix"
    size: int
    path: str
    label: str


@dataclass(frozen=True)
class Option:
    value: str
    label: str
    help: str = ""


@dataclass(frozen=True)
class Field:
    """One question of a form. `control` decides how it is drawn; `value` is text, or many values for checks."""

    name: str
    label: str
    control: Literal[
        "text", "email", "password", "number", "code", "select", "radio", "checks", "area", "hidden"
    ] = "text"
    value: str = ""
    values: tuple[str, ...] = ()
    help: str = ""
    options: tuple[Option, ...] = ()
    error: str = ""
    changed: str = ""
    source: str = ""
    autocomplete: str = "off"
    short: bool = False
    rows: int = 4
    optional: bool = False


@dataclass(frozen=True)
class Button:
    """`name` and `value` say which button of the form was pressed."""

    text: str
    name: str = ""
    value: str = "1"
    look: Literal["primary", "btn", "quiet"] = "btn"


@dataclass(frozen=True)
class Form:
    kind: ClassVar[str] = "form"
    action: str
    fields: tuple[Field, ...]
    buttons: tuple[Button, ...]
    label: str = ""
    inline: bool = False
    method: Literal["post", "get"] = "post"


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
)


@dataclass(frozen=True)
class Panel:
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
    errors: tuple[tuple[str, str], ...] = ()
    menu: str = ""
    note: str = ""
    foot: tuple[Link, ...] = field(default=())
