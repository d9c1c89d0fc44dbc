"""A disk that is really small, and really full."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.needs import leave_out


@contextmanager
def small(folder: Path, megabytes: int) -> Iterator[Path]:
    """So many megabytes and no more, mounted at `folder` while the block runs."""
    if os.geteuid() != 0:
        leave_out("needs root to mount a small disk; CI runs as root")
    folder.mkdir()
    size = f"size={megabytes}m"
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)])
    if made.returncode != 0:
        leave_out("needs the right to mount a small disk; run in a privileged container")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> None:
    """To the last byte, with `filler`."""
    with (folder / "filler").open("wb", buffering=0) as out:
        try:
            while True:
                out.write(b"x" * 4096)
        except OSError:
            return
