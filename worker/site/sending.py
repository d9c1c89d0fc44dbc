"""Getting what is finished to the hub: uploads that resume, answers that are said until the hub has them."""

import logging
import random
from collections.abc import Callable
from typing import TypeVar

from worker.protocol import limits
from worker.protocol.codes import Failure, Phase, UploadRefusal
from worker.protocol.manifest import Manifest
from worker.protocol.messages import Answer, UploadState
from worker.site.door import Door
from worker.site.faults import HubUnavailable, Refused, WrongOffset
from worker.site.holding import Holding
from worker.site.outbox import StoredUpdate
from worker.site.site import Site

logger = logging.getLogger(__name__)
Result = TypeVar("Result")
_LONGEST_WAIT_S = 30.0


class UpdateRefused(Exception):
    """The hub does not take the update, for a named reason."""

    def __init__(self, code: UploadRefusal) -> None:
        super().__init__(code.value)
        self.code = code

    @property
    def failure(self) -> Failure:
        if self.code is UploadRefusal.NOT_FINITE:
            return Failure.NOT_FINITE
        return (
            Failure.CANCELLED
            if self.code is UploadRefusal.ROUND_CLOSED
            else Failure.OBJECT_MISMATCH
        )


def persist(call: Callable[[], Result], held: Holding) -> Result:
    """Asks again with back-off and jitter while the hub is away, for as long as the job may run."""
    wait = 0.5
    while True:
        try:
            return call()
        except HubUnavailable as error:
            logger.warning("waiting for the hub: %s", error)
            held.wait(max(error.retry_after, wait * random.uniform(0.7, 1.3)))
            wait = min(wait * 2, _LONGEST_WAIT_S)


def upload(site: Site, manifest: Manifest, stored: StoredUpdate, held: Holding) -> None:
    """Returns when the hub has every byte. Raises UpdateRefused, StaleClaim, JobStopped."""
    try:
        state = persist(lambda: _begin(site, manifest, stored, held.claim), held)
        while not state.complete:
            held.hook(Phase.UPLOADING, state.offset, stored.size)
            state = persist(lambda at=state: _next(site.door, manifest, stored, at), held)  # type: ignore[misc]
    except Refused as error:
        try:
            raise UpdateRefused(UploadRefusal(error.code)) from error
        except ValueError:
            raise error from None
    held.hook(Phase.UPLOADING, stored.size, stored.size)


def _begin(site: Site, manifest: Manifest, stored: StoredUpdate, claim: int) -> UploadState:
    """The header is sealed anew at each try: the site's key may have changed since the last one."""
    key = site.keys.signing
    header = stored.header(manifest, claim, key)
    try:
        return site.door.start_upload(manifest.job, claim, header, manifest.run)
    except Refused as error:
        if error.code != UploadRefusal.WRONG_KEY or site.keys.signing is key:
            raise
    return _begin(site, manifest, stored, claim)


def _next(door: Door, manifest: Manifest, stored: StoredUpdate, at: UploadState) -> UploadState:
    """One chunk; where the hub stands elsewhere, on from there."""
    content = stored.chunk(at.offset, limits.CHUNK_BYTES)
    try:
        return door.chunk(at.upload, at.offset, content, manifest.job, manifest.run)
    except WrongOffset as error:
        return UploadState(upload=at.upload, offset=error.offset)


def deliver(site: Site, job: str, said: Answer, held: Holding, run: str | None = None) -> None:
    """Says it until the hub has it. Raises StaleClaim, Revoked, JobStopped."""
    persist(lambda: _say(site.door, job, said, run), held)


def _say(door: Door, job: str, said: Answer, run: str | None) -> None:
    try:
        door.answer(job, said, run)
    except Refused as error:
        if error.code != "other-answer":
            raise
        logger.error("job %s was answered already, with something else", job)
