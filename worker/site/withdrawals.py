"""Students whose records were used in a job and may be used no more: an erasure request waits for each, here.

The list stays at the site; where the accepted policy says so, the hub is told that one happened (`telling`). What was
kept of such a student besides the shared model goes at once: the cached states of frozen layers, checkpoints, and the
models of the site's own that learnt from the records. Taking what was learnt out of the shared model is the erasure
itself, which has its own command when it comes.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from worker.protocol.policy import PolicyDocument
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


def note(home: Home, decided: "Decided", policy: PolicyDocument | None) -> list[Request]:
    """Before a job uses the records of who may take part: whoever was used before and may not any more gets a request.

    `policy`: the one accepted here; it says whether the hub is to be told of today. Returns the new ones.
    Raises DiskFull: then nothing is trained. Idempotent.
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
        after_said = _listed(said, new, sorted(after))
        if new and policy is not None and policy.tell_withdrawals != "no":
            after_said = _to_tell(after_said, today)
        if after_said != said:
            files.write(home.requests_file, json.dumps(after_said).encode())
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
    return note(home, Decided(excluded=examined.decided.excluded), records.policy(home))


def to_tell(home: Home) -> list[str]:
    """Days, oldest first, of which the hub is to know that someone withdrew, and has not taken the word yet."""
    return list(home.read_json(home.requests_file).get("to_tell", []))


def told(home: Home, days: Iterable[str]) -> None:
    """The hub has them, or is to have them no more."""
    done = set(days)
    with _alone(home):
        said = home.read_json(home.requests_file)
        left = [day for day in said.get("to_tell", []) if day not in done]
        if left != said.get("to_tell", []):
            files.write(home.requests_file, json.dumps({**said, "to_tell": left}).encode())


def _listed(said: dict[str, Any], new: list[Request], used: list[str]) -> dict[str, Any]:
    return {
        **said,
        "requests": [*said.get("requests", []), *(asdict(one) for one in new)],
        "used": used,
    }


def _to_tell(said: dict[str, Any], today: str) -> dict[str, Any]:
    """A day is told once: a second word on it would say that there were two."""
    if today <= said.get("last_told", ""):
        return said
    return {**said, "to_tell": [*said.get("to_tell", []), today], "last_told": today}


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
