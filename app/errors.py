"""The hub's one error root. A message is for people; status and code are class data; one handler renders it."""

from typing import Any, ClassVar


class HubError(Exception):
    """Raise a subclass with one sentence that says what happened and what to do."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad-request"

    def __init__(self, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.message = message
        self.extra = extra


class NotFound(HubError):
    """Not yours or gone: the same answer for both."""

    status = 404
    code = "not-found"


class NotAllowed(HubError):
    """You may see it and may not do this. Says which role can."""

    status = 403
    code = "not-allowed"


class NotSignedIn(HubError):
    status = 401
    code = "not-signed-in"


class StepUpNeeded(HubError):
    """The second factor again, then the same act."""

    status = 403
    code = "step-up-needed"


class SecondFactorMissing(HubError):
    """You hold the role; it takes a second factor, and you have none yet."""

    status = 403
    code = "second-factor-missing"


class Conflict(HubError):
    """Another got there first; `extra` may carry both versions."""

    status = 409
    code = "conflict"


class Outdated(Conflict):
    """Another saved meanwhile: `mine`, `theirs` and their `revision`. 409 on pages, 412 for a program's If-Match."""

    code = "outdated"


class Expired(HubError):
    status = 410
    code = "expired"


class Invalid(HubError):
    """`errors` maps a field's name to a sentence."""

    status = 422
    code = "invalid"

    def __init__(self, message: str, errors: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.errors = errors or {}


class TooMany(HubError):
    """`wait_s` seconds until the next try is looked at."""

    status = 429
    code = "too-many"

    def __init__(self, message: str, wait_s: int) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class Busy(HubError):
    status = 503
    code = "busy"

    def __init__(self, message: str, wait_s: int = 5) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class TooLarge(HubError):
    status = 413
    code = "too-large"


class TooSlow(HubError):
    """The body did not arrive in time: whoever sends a byte a minute holds a place that others need."""

    status = 408
    code = "too-slow"


class DiskFull(HubError):
    status = 507
    code = "disk-full"


class IllegalTransition(Conflict):
    """The row was not in a state from which this may happen."""

    code = "illegal-transition"
