"""What stands in a cell or a line: a status, a link, a suppressed number, an interval. Values only."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

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
class Quoted:
    """A sentence of ours, then somebody's own words in their language."""

    kind: ClassVar[str] = "quoted"
    text: str
    words: str
    language: str


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
class Act:
    """A button of a row: a form of its own. `about` says which row to who cannot see it; `given` are hidden fields."""

    action: str
    text: str
    about: str
    given: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Acts:
    kind: ClassVar[str] = "acts"
    acts: tuple[Act, ...]


@dataclass(frozen=True)
class Nothing:
    """A cell with nothing to say; left out on phones."""

    kind: ClassVar[str] = "nothing"


Cell = (
    str
    | Status
    | Link
    | Said
    | Quoted
    | Few
    | Yes
    | No
    | Code
    | Muted
    | Old
    | New
    | Whisk
    | When
    | Acts
    | Nothing
)
