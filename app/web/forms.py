"""What a person typed: read once, kept for showing again, turned into values with a sentence for each mistake."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl

from sqlalchemy.orm import Session
from starlette.requests import Request

from app.errors import HubError, Invalid
from app.text import _
from app.web import bodies

LARGEST = 256 * 1024
_TYPE = "application/x-www-form-urlencoded"


class UnreadableForm(HubError):
    status = 415
    code = "unreadable-form"


class Typed:
    """The fields of a form by name, in their order. Never contains files."""

    def __init__(self, pairs: list[tuple[str, str]] | None = None) -> None:
        self.pairs = pairs or []

    def text(self, name: str, default: str = "") -> str:
        """The last value of that name, with its ends trimmed and lines ended by `\\n`."""
        found = [value for key, value in self.pairs if key == name]
        return found[-1].replace("\r\n", "\n").strip() if found else default

    def raw(self, name: str) -> str:
        """Untouched, for passwords."""
        return next((value for key, value in reversed(self.pairs) if key == name), "")

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(value for key, value in self.pairs if key == name and value))

    def has(self, name: str) -> bool:
        return any(key == name for key, _value in self.pairs)

    def lines(self, name: str) -> tuple[str, ...]:
        """A text area with one thing a line."""
        return tuple(line.strip() for line in self.text(name).splitlines() if line.strip())

    def whole(self, name: str, label: str) -> int:
        """A whole number. Raises Invalid with the field's name."""
        try:
            return int(self.text(name))
        except ValueError:
            problem = _("{label}: enter a whole number.").format(label=label)
            raise Invalid(problem, {name: problem}) from None

    def decimal(self, name: str, label: str) -> float:
        """A number, with a point or a comma. Raises Invalid."""
        try:
            return float(self.text(name).replace(",", "."))
        except ValueError:
            problem = _("{label}: enter a number.").format(label=label)
            raise Invalid(problem, {name: problem}) from None


async def read(request: Request) -> Typed:
    """Empty for a request without a body. Raises TooLarge, TooSlow, UnreadableForm."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return Typed()
    body = await bodies.within(request.stream(), LARGEST, bodies.patience(LARGEST))
    if not body:
        return Typed()
    if not request.headers.get("content-type", "").startswith(_TYPE):
        raise UnreadableForm(_("This form cannot be read."))
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=2000)
    except ValueError as error:
        raise UnreadableForm(_("This form cannot be read.")) from error
    return Typed(pairs)


@contextmanager
def trying(session: Session) -> Iterator[None]:
    """What the block wrote is undone if it raises, while the request goes on: the page shows the mistakes."""
    with session.begin_nested():
        yield
