"""Numbers of a form, with a default, help and limits; and back into values with a sentence for each mistake."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from app.errors import Invalid
from app.text import _
from app.web.forms import Typed
from app.web.moments import figure
from app.web.parts import Field

_T = TypeVar("_T")


@dataclass(frozen=True)
class Number:
    """A number of a form with the limits the schema holds it to; `low` is excluded where `above`."""

    name: str
    english: str
    english_help: str
    low: float
    high: float
    whole: bool = True
    above: bool = False
    times: int = 1
    """What the schema holds is so much more of: 60 for seconds that are asked in minutes."""
    optional: bool = False
    """0 is typed and shown where the schema holds nothing."""

    @property
    def asked(self) -> str:
        """The field's name: seconds that are asked in minutes say so."""
        return self.name if self.times == 1 else f"{self.name.removesuffix('_s')}_min"

    def field(self, value: object, error: str) -> Field:
        return Field(
            self.asked,
            _(self.english),
            "number",
            value=str(value),
            help=_(self.english_help),
            error=error,
        )

    def read(self, typed: Typed) -> float | None:
        """Raises Invalid with the limits in words."""
        label = _(self.english)
        value = typed.whole(self.asked, label) if self.whole else typed.decimal(self.asked, label)
        if not self.low <= value <= self.high or (self.above and value == self.low):
            text = (
                _("{label}: enter a number above {low}, at most {high}.")
                if self.above
                else _("{label}: enter a number from {low} to {high}.")
            )
            said = text.format(label=label, low=figure(self.low), high=figure(self.high))
            raise Invalid(said, {self.asked: said})
        if self.optional and not value:
            return None
        return value if self.times == 1 else round(value * self.times)


def fields(
    group: Sequence[Number], values: Any, typed: Typed | None, errors: dict[str, str]
) -> tuple[Field, ...]:
    return tuple(
        n.field(
            typed.text(n.asked) if typed else figure((getattr(values, n.name) or 0) / n.times),
            errors.get(n.asked, ""),
        )
        for n in group
    )


def read(group: Sequence[Number], typed: Typed, errors: dict[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for number in group:
        try:
            values[number.name] = number.read(typed)
        except Invalid as problem:
            errors.update(problem.errors)
    return values


def made(make: Callable[[], _T], errors: dict[str, str]) -> _T:
    """What the schema makes of it, unless a field is wrong already. Raises Invalid."""
    said = _("Some answers need another look.")
    if errors:
        raise Invalid(said, errors)
    try:
        return make()
    except ValidationError as error:
        found = {str(e["loc"][0]) if e["loc"] else "": said for e in error.errors()}
        raise Invalid(said, found) from error
