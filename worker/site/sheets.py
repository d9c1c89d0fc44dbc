"""Task sheets this site has met in signed manifests, so that people here can hold their records against them."""

from contextlib import suppress

from pydantic import ValidationError

from worker.protocol.canonical import canonical, digest_of
from worker.protocol.manifest import Manifest
from worker.protocol.tasks import TaskSheet
from worker.site import files
from worker.site.faults import DiskFull
from worker.site.home import Home


def remember(home: Home, manifest: Manifest) -> None:
    """A full disk costs the memory, never the job."""
    for sheet in manifest.tasks:
        path = home.sheets / f"{digest_of(sheet)}.json"
        with suppress(DiskFull, OSError):
            if path.is_file():
                path.touch()
            else:
                files.write(path, canonical(sheet))


def known(home: Home) -> tuple[TaskSheet, ...]:
    """The last one met of each name, by name."""
    found: dict[str, TaskSheet] = {}
    for path in sorted(home.sheets.glob("*.json"), key=lambda path: path.stat().st_mtime):
        with suppress(ValidationError, OSError):
            sheet = TaskSheet.model_validate_json(path.read_bytes())
            found[sheet.name] = sheet
    return tuple(found[name] for name in sorted(found))
