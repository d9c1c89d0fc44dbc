"""What a row of the table of routes says."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.access.permissions import Permission
from tests.api.stage import Stage

Ask = dict[str, Any] | Callable[[Stage], dict[str, Any]] | None


@dataclass(frozen=True)
class Row:
    """`path` names ids of the stage in braces. `also`: reading scopes this act needs besides its own. `wrong`: the
    answer to the token of an institution that has nothing to do with it."""

    method: str
    path: str
    scope: Permission | None
    answer: int = 200
    wrong: int = 404
    who: str = "owner"
    also: tuple[Permission, ...] = ()
    body: Ask = None
    before: Callable[[Stage], None] | None = None
    if_match: str | None = None
    wrong_who: str = "guest"
    at: str = ""
    """Location of what was made, as a path of the stage; the id of the answer may stand in it as {made}."""

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def shape(path: str) -> str:
    """Without the names of what stands in it."""
    return re.sub(r"\{[^}]+\}|(?<=/rounds/)1$", "{}", path)
