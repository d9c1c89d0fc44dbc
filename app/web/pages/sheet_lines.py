"""One line of a form for each input of a task sheet, its topic and its groups: parts set apart by semicolons."""

from typing import Any

from app.errors import Invalid
from app.text import _

_KINDS = {
    "number": "numeric",
    "list": "categorical",
    "text": "text",
    "recording": "audio",
    "image": "image",
    "events": "events",
}


def read_input(line: str) -> dict[str, Any]:
    """As `Input` takes it. Raises Invalid that quotes the line."""
    parts = [part.strip() for part in line.split(";")]
    kind = _KINDS.get(parts[1] if len(parts) > 1 else "number", "")
    given: dict[str, Any] = {"name": parts[0], "kind": kind}
    try:
        if kind == "numeric":
            given["unit"] = parts[2] if len(parts) > 2 else ""
            given |= dict(zip(("mean", "sd"), _numbers(parts[3:5]), strict=False))
        elif kind == "categorical":
            given["values"] = _values(parts[2])
        elif kind == "audio":
            given |= {"modality": kind, "unit": "dB"}
            given |= dict(zip(("mean", "sd"), _numbers(parts[2:4]), strict=False))
        elif kind == "events":
            given |= {"modality": kind, "columns": [_event_column(part) for part in parts[2:]]}
        elif kind:
            given["modality"] = kind
            given["beside"] = parts[2] if kind == "text" and len(parts) > 2 else None
        else:
            raise ValueError(line)
    except (ValueError, IndexError):
        raise unreadable("inputs", line) from None
    return given


def read_grouping(field: str, line: str) -> dict[str, Any]:
    """As `Grouping` takes it: a name and its values."""
    name, _semicolon, values = line.partition(";")
    if not _values(values):
        raise unreadable(field, line)
    return {"name": name.strip(), "values": _values(values)}


def unreadable(field: str, line: str) -> Invalid:
    said = _("This line cannot be read: “{line}”.").format(line=line[:80])
    return Invalid(said, {field: said})


def _event_column(part: str) -> dict[str, Any]:
    """`skill = fractions, angles` or `correct = number`."""
    name, equals, said = part.partition("=")
    if not equals or not said.strip():
        raise ValueError(part)
    if said.strip() == "number":
        return {"name": name.strip(), "kind": "numeric"}
    return {"name": name.strip(), "kind": "categorical", "values": _values(said)}


def _numbers(parts: list[str]) -> list[float]:
    return [float(part.replace(",", ".")) for part in parts if part]


def _values(said: str) -> tuple[str, ...]:
    return tuple(value.strip() for value in said.split(",") if value.strip())
