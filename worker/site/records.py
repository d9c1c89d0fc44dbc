"""The site's records for a job: of the students who may take part, and of nobody else.

Kept in the training process between jobs, read anew when a file, a task sheet, the policy's age or the day changes.
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from worker.protocol.canonical import digest_of
from worker.protocol.codes import Refusal
from worker.protocol.manifest import Manifest
from worker.protocol.policy import PolicyDocument
from worker.protocol.rules import Objection
from worker.site import accepted, guard, withdrawals
from worker.site.faults import SiteFault
from worker.site.home import Home

if TYPE_CHECKING:
    from worker.learning.data.folder import Examined
    from worker.learning.data.records import SiteData

_Key = tuple[object, ...]
_last: "tuple[_Key, Examined] | None" = None


def load(home: Home, manifest: Manifest, rules: PolicyDocument) -> "SiteData | Objection":
    """Raises DataFault when the folder cannot be used. Who withdrew since the last job is forgotten first."""
    folder = home.config().data
    if folder is None:
        return Objection(Refusal.NO_MATCHING_DATA)
    examined = _read(home, folder, manifest, rules.bounds.consent_age)
    withdrawals.note(home, examined.decided, rules)
    return guard.enough(rules, manifest, _of(examined))


def _of(examined: "Examined") -> "SiteData":
    from worker.learning.data.folder import digest_of_records
    from worker.learning.data.records import SiteData

    return SiteData(examined.tasks, digest_of_records(examined.tasks))


def policy(home: Home) -> PolicyDocument | None:
    """The one in force here; None without one, or before the site has joined."""
    try:
        found = accepted.current(home)
    except SiteFault:
        return None
    return found.document if found else None


def consent_age(home: Home) -> int | None:
    """What the policy in force here composes."""
    found = policy(home)
    return found.bounds.consent_age if found else None


def _read(home: Home, folder: Path, manifest: Manifest, age: int | None) -> "Examined":
    global _last
    from worker.learning.data.findings import DataFault
    from worker.learning.data.folder import examine

    key = _state(folder, manifest, age, datetime.now(UTC).date())
    if _last is None or _last[0] != key:
        secret = home.keys().pseudonym
        examined = examine(folder, manifest.tasks, pseudonym_key=secret, consent_age=age)
        if not examined.findings.usable:
            raise DataFault(examined.findings.faults)
        _last = (key, examined)
    return _last[1]


def _state(folder: Path, manifest: Manifest, age: int | None, today: date) -> _Key:
    files = sorted(
        (str(path), path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    )
    sheets = tuple(digest_of(sheet) for sheet in manifest.tasks)
    return (str(folder), tuple(files), sheets, age, today)
