"""What the demo remembers between two starts: which steps are done, who signs in how, which ids came out."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

_FILE = "demo.json"


@dataclass
class Memory:
    """Kept after every step, so a second start goes on where the first one stopped."""

    home: Path
    scenario: str
    password: str = field(default_factory=lambda: f"demo {secrets.token_urlsafe(12)}")
    """One for all invented people, made for this computer."""
    done: list[str] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)

    def keep(self) -> None:
        """Whole or not at all: a killed demo never leaves half a file."""
        path = self.home / _FILE
        aside = path.with_suffix(".new")
        text = json.dumps(asdict(self) | {"home": ""}, indent=1)
        aside.unlink(missing_ok=True)
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        aside.replace(path)

    def finish(self, step: str) -> None:
        self.done.append(step)
        self.keep()


def recall(home: Path) -> Memory | None:
    """What an earlier start left, or None."""
    path = home / _FILE
    if not path.exists():
        return None
    given = json.loads(path.read_text(encoding="utf-8"))
    return Memory(**(given | {"home": home}))
