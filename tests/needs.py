"""What a test needs of the machine, and how to get it. The one place that may leave a test out."""

import importlib
import os
import shutil
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import pytest

HOW_TO_GET = {
    "redis-server": "apt-get install redis-server",
    "postgres": "apt-get install postgresql",
    "chromium": "apt-get install chromium chromium-driver",
    "chromedriver": "apt-get install chromium-driver",
    "npm": "install Node.js 18 or newer",
}
_DEBIAN_POSTGRES = Path("/usr/lib/postgresql")


def find(binary: str) -> Path | None:
    """The program's path: on PATH, or where Debian keeps PostgreSQL's."""
    found = shutil.which(binary)
    if found:
        return Path(
            found
        )  # as it is named: redis-server is a link, and Redis looks at the name it was called by
    versions = sorted(_DEBIAN_POSTGRES.glob(f"*/bin/{binary}"), key=_version)
    return versions[-1] if versions else None


def _version(path: Path) -> float:
    try:
        return float(path.parent.parent.name)
    except ValueError:
        return 0.0


def need(thing: str | Path) -> Path:
    """The path of a program (by name) or of a file or folder. Leaves the test out where it is missing.

    With COLLEGIUM_NO_OMISSIONS=1 (CI) a missing thing is a failure instead.
    """
    path = thing if isinstance(thing, Path) else find(thing)
    if path is None or not path.exists():
        leave_out(f"needs {thing}: {HOW_TO_GET.get(str(thing), 'see README.md, Development')}")
    return path


def need_module(name: str) -> ModuleType:
    """As `need`, for an optional Python package."""
    try:
        return importlib.import_module(name)
    except ImportError:
        leave_out(f"needs the Python package {name}, which is not made for this machine")


def leave_out(sentence: str) -> NoReturn:
    if os.environ.get("COLLEGIUM_NO_OMISSIONS") == "1":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


def data(scenario: str) -> Path:
    """A folder of the real development data, which is never committed: shared/data beside the checkout."""
    root = os.environ.get("COLLEGIUM_DATA")
    base = Path(root) if root else Path(__file__).resolve().parents[2] / "shared" / "data"
    return need(base / scenario)
