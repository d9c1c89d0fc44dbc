"""What a form is made of: questions, choices, buttons. Values only."""

from dataclasses import dataclass
from typing import ClassVar, Literal


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
        "text",
        "email",
        "password",
        "number",
        "date",
        "code",
        "select",
        "radio",
        "checks",
        "area",
        "hidden",
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
    across: bool = False
    """A few short choices, side by side."""
    key: str = ""
    """Names the field on its page where another form asks for the same `name`."""

    @property
    def id(self) -> str:
        return self.key or self.name


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
    row: bool = False
    """Its few fields and the button side by side."""
    method: Literal["post", "get"] = "post"
