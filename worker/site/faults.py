"""What can go wrong at a site, each with one sentence for the person there."""

from worker.protocol.codes import Failure
from worker.protocol.text import _


class SiteFault(Exception):
    """Shown at the terminal as it is: what happened and what to do."""


class NotJoined(SiteFault):
    """There is no enrolment in this folder."""


class DiskFull(SiteFault):
    """Refused before writing, or taken back: nothing is truncated."""

    def __init__(self, folder: object) -> None:
        super().__init__(
            _("The disk with {folder} is full. Free some space; nothing was lost.").format(
                folder=folder
            )
        )


class HubFault(SiteFault, OSError):
    """The hub said no, or did not answer. An OSError, so that Celery's back-off applies."""

    def __init__(self, sentence: str, *, code: str = "", status: int = 0) -> None:
        super().__init__(sentence)
        self.code = code
        self.status = status


class HubUnavailable(HubFault):
    """No answer, or 5xx. `retry_after` is the hub's own wish in seconds, 0 if it has none."""

    def __init__(self, sentence: str, *, retry_after: float = 0.0, status: int = 0) -> None:
        super().__init__(sentence, code="unavailable", status=status)
        self.retry_after = retry_after


class Revoked(HubFault):
    """An administrator took this site out."""


class ClockOff(HubFault):
    """This machine's clock differs from the hub's by more than five minutes."""


class StaleClaim(HubFault):
    """The job is not held under this claim any more: another claim took over, or it ended."""


class Withdrawn(HubFault):
    """The hub took the job back, and takes nothing more of it."""


class WrongOffset(HubFault):
    """An upload goes on at `offset`."""

    def __init__(self, sentence: str, offset: int) -> None:
        super().__init__(sentence, code="wrong-offset", status=409)
        self.offset = offset


class Refused(HubFault):
    """Any other 4xx. `code` names the reason."""


class ObjectMismatch(Exception):
    """Bytes from the hub do not have the digest or layout the signed manifest names."""


class JobStopped(Exception):
    """Raised into a job by its progress hook; learning writes a checkpoint and lets it pass."""

    def __init__(self, code: Failure) -> None:
        super().__init__(code.value)
        self.code = code


class ClaimLost(JobStopped):
    """Another claim holds the job: nothing more may be said about it."""

    def __init__(self) -> None:
        super().__init__(Failure.STALLED)
