"""Students whose records were used in a job and may be used no more: an erasure request waits for each, here.

The list stays at the site. What was kept of such a student besides the shared model goes at once: the cached states of
frozen layers, checkpoints, and the models of the site's own that learnt from the records. Taking what was learnt out
of the shared model is the erasure itself, which has its own command when it comes.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from worker.site import files
from worker.site.home import Home
from worker.site.own import OwnParts

if TYPE_CHECKING:
    from worker.learning.data.consent import Decided


@dataclass(frozen=True)
class Request:
    """`reason` is a value of `consent.Excluded`; `found` the day it was seen here."""

    pseudonym: str
    reason: str
    found: str

    @property
    def sentence(self) -> str:
        from worker.learning.data.consent import Excluded

        return Excluded(self.reason).sentence


def requests(home: Home) -> list[Request]:
    """Oldest first."""
    return [Request(**one) for one in home.read_json(home.requests_file).get("requests", [])]


def note(home: Home, decided: "Decided") -> list[Request]:
    """Before a job uses the records of who may take part: whoever was used before and may not any more gets a request.

    Returns the new ones. Raises DiskFull: then nothing is trained. Idempotent.
    """
    with _alone(home):
        said = home.read_json(home.requests_file)
        used = set(said.get("used", []))
        gone = sorted(used & decided.excluded.keys())
        today = datetime.now(UTC).date().isoformat()
        new = [Request(one, decided.excluded[one].value, today) for one in gone]
        after = (used - set(gone)) | (decided.students - decided.excluded.keys())
        if new:
            _forget(home, gone)
        _write(home, said, new, sorted(after))
    return new


def look(home: Home) -> list[Request]:
    """The same for a person who has just changed the folder: nobody new counts as used."""
    from worker.learning.data.consent import Decided
    from worker.learning.data.folder import examine
    from worker.site import records

    folder = home.config().data
    if folder is None:
        return []
    examined = examine(
        folder, (), pseudonym_key=home.keys().pseudonym, consent_age=records.consent_age(home)
    )
    return note(home, Decided(excluded=examined.decided.excluded))


def _write(home: Home, said: dict[str, Any], new: list[Request], used: list[str]) -> None:
    listed = [*said.get("requests", []), *(asdict(one) for one in new)]
    known = {"requests": listed, "used": used}
    if known != said:
        files.write(home.requests_file, json.dumps(known).encode())


def _forget(home: Home, students: list[str]) -> None:
    """Before the request is written down: a kill in between asks once more."""
    from worker.learning.training import state_cache

    state_cache.forget(home.cache, students)
    shutil.rmtree(home.cache / "alone", ignore_errors=True)
    OwnParts(home.own).forget_personal()
    for path in home.checkpoints.glob("*"):
        path.unlink(missing_ok=True)


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """Both lanes read records."""
    handle = os.open(home.root / "requests.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
