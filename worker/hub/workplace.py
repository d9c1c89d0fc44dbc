"""A folder for one task's local files. What a killed worker left there goes with the next one."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_ABANDONED_S = 3600.0
"""Longer than a task may run."""


@contextmanager
def folder(root: Path, kind: str) -> Iterator[Path]:
    root.mkdir(parents=True, exist_ok=True)
    for old in root.glob(f"{kind}-*"):
        with suppress(FileNotFoundError):  # another worker was faster
            if time.time() - old.stat().st_mtime > _ABANDONED_S:
                shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=f"{kind}-") as name:
        yield Path(name)
