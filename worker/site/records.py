"""The site's records for a job. Kept in the training process between jobs, read anew when a file changes."""

from pathlib import Path
from typing import TYPE_CHECKING

from worker.protocol.canonical import digest_of
from worker.protocol.codes import Refusal
from worker.protocol.manifest import Manifest
from worker.protocol.policy import PolicyDocument
from worker.protocol.rules import Objection
from worker.site import guard

if TYPE_CHECKING:
    from worker.learning.data.records import SiteData

_Key = tuple[object, ...]
_last: "tuple[_Key, SiteData] | None" = None


def load(
    folder: Path | None, manifest: Manifest, policy: PolicyDocument, pseudonym_key: bytes
) -> "SiteData | Objection":
    """Raises DataFault when the folder cannot be used."""
    if folder is None:
        return Objection(Refusal.NO_MATCHING_DATA)
    return guard.enough(policy, manifest, _read(folder, manifest, pseudonym_key))


def _read(folder: Path, manifest: Manifest, pseudonym_key: bytes) -> "SiteData":
    global _last
    from worker.learning.data.folder import load as load_folder

    key = _state(folder, manifest)
    if _last is None or _last[0] != key:
        _last = (key, load_folder(folder, manifest.tasks, pseudonym_key=pseudonym_key))
    return _last[1]


def _state(folder: Path, manifest: Manifest) -> _Key:
    """Changes when a file of the folder or a task sheet does."""
    files = sorted(
        (str(path), path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    )
    return (str(folder), tuple(files), tuple(digest_of(sheet) for sheet in manifest.tasks))
