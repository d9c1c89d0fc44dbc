"""Codes that open the page once, within ten minutes. Whoever may read the site's folder may make one.

A code is kept as an empty file named by its digest, so it cannot be read back, and spending it is one `unlink`:
of two who try, one succeeds.
"""

import hashlib
import secrets
import time
from pathlib import Path

from worker.site import files
from worker.site.home import Home

HOST = "127.0.0.1"
LIVES_S = 600.0


def link(home: Home, port: int) -> str:
    """The address that opens the page once. For a person's eyes, never for a log."""
    return f"http://{HOST}:{port}/sign-in?code={mint(home)}"


def mint(home: Home) -> str:
    """A new code; those that have run out are removed."""
    folder = files.folder(home.codes)
    for path in folder.iterdir():
        if _age(path) > LIVES_S:
            path.unlink(missing_ok=True)
    code = secrets.token_urlsafe(32)
    files.write(_path(folder, code), b"")
    return code


def spend(home: Home, code: str) -> bool:
    """True for a code that was made here, is young enough and was not spent before."""
    path = _path(home.codes, code)
    fresh = _age(path) <= LIVES_S
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return fresh


def _path(folder: Path, code: str) -> Path:
    return folder / hashlib.sha256(code.encode()).hexdigest()


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
