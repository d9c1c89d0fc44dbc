"""The closed registry of what can be written in a chain. An act that has no kind here cannot be recorded.

A body holds ids, numbers, digests and enum values only: no name, no mail, no sentence, so that erasing a person
never means rewriting a chain. A new act adds its kind here, and its field to `FIELDS` if the field is new.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Any


class On(StrEnum):
    """Which chain a kind belongs to."""

    INSTITUTION = "institution"
    HUB = "hub"
    EITHER = "either"


class Holds(StrEnum):
    """What a field of a body may be."""

    ID = "id"
    NUMBER = "number"
    FLAG = "flag"
    CODE = "code"
    """A member of a StrEnum, never a loose string."""
    DIGEST = "digest"


@dataclass(frozen=True)
class Kind:
    """`title` is English, marked for translation; render it with `_(kind.title)`."""

    name: str
    on: On
    title: str
    fields: tuple[str, ...] = ()

    def check(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The body as plain JSON values. Raises ValueError for a field or a value that may not stand there."""
        unknown = body.keys() - set(self.fields)
        if unknown:
            raise ValueError(f"{self.name} has no field {', '.join(sorted(unknown))}")
        return {key: _plain(key, value) for key, value in body.items()}


_ID = re.compile(r"(?:hub|[a-z]+(?:_[a-z]+)?_[0-9a-z]{22})\Z")
_DIGEST = re.compile(r"(?:[0-9a-f]{32}|[0-9a-f]{64})\Z")


FIELDS: dict[str, Holds] = {
    "ages": Holds.NUMBER,
    "approval": Holds.CODE,
    "attempts": Holds.NUMBER,
    "bytes": Holds.NUMBER,
    "choice": Holds.CODE,
    "claim": Holds.NUMBER,
    "cohort": Holds.NUMBER,
    "count": Holds.NUMBER,
    "decision": Holds.CODE,
    "delivery": Holds.ID,
    "digest": Holds.DIGEST,
    "domain_proved": Holds.FLAG,
    "failure": Holds.CODE,
    "federation": Holds.ID,
    "fingerprint": Holds.DIGEST,
    "from_release": Holds.ID,
    "institution": Holds.ID,
    "invitation": Holds.ID,
    "job": Holds.ID,
    "kind": Holds.CODE,
    "lead": Holds.ID,
    "membership": Holds.ID,
    "number": Holds.NUMBER,
    "one_person": Holds.FLAG,
    "operator": Holds.FLAG,
    "person": Holds.ID,
    "policy": Holds.ID,
    "quorum": Holds.NUMBER,
    "reason": Holds.CODE,
    "refusal": Holds.CODE,
    "release": Holds.ID,
    "revision": Holds.NUMBER,
    "role": Holds.CODE,
    "round": Holds.NUMBER,
    "round_id": Holds.ID,
    "run": Holds.ID,
    "scopes": Holds.CODE,
    "second_factor": Holds.FLAG,
    "session": Holds.ID,
    "single_operator": Holds.FLAG,
    "site": Holds.ID,
    "sites": Holds.NUMBER,
    "state": Holds.CODE,
    "updates": Holds.NUMBER,
    "upload": Holds.ID,
}
"""Every field any body may have, and what it holds. A list of such values is allowed too."""


def _plain(field: str, value: Any) -> Any:
    if isinstance(value, list | tuple | set | frozenset):
        items = [_plain(field, item) for item in value]
        return sorted(items) if isinstance(value, set | frozenset) else items
    if value is None:
        return None
    if not _fits(FIELDS[field], value):
        raise ValueError(f"{field} holds a {FIELDS[field].value}, not {type(value).__name__}")
    return value.value if isinstance(value, StrEnum) else value


def _fits(holds: Holds, value: Any) -> bool:
    match holds:
        case Holds.CODE:
            return isinstance(value, StrEnum)
        case Holds.NUMBER:
            return (
                isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
            )
        case Holds.FLAG:
            return isinstance(value, bool)
        case Holds.ID:
            return isinstance(value, str) and bool(_ID.match(value))
        case Holds.DIGEST:
            return isinstance(value, str) and bool(_DIGEST.match(value))


def is_id(text: str) -> bool:
    return bool(_ID.match(text))
