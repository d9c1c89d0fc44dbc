"""What the hub answers a site that may not go on. Codes are a contract with the site: it acts on them."""

from typing import ClassVar

from app.errors import Conflict, Expired, HubError, NotAllowed, NotFound
from worker.protocol.codes import UploadRefusal


class SiteRefused(HubError):
    """A signed request that is not let in."""

    status = 401
    code = "bad-signature"


class Revoked(SiteRefused):
    code = "revoked"


class ClockOff(SiteRefused):
    code = "clock"


class Replayed(SiteRefused):
    code = "replayed"


class UnknownToken(NotFound):
    code = "token-unknown"


class TokenUsed(Conflict):
    code = "token-used"


class TokenExpired(Expired):
    code = "token-expired"


class NotConfirmed(NotAllowed):
    """The six words were not compared yet."""

    code = "not-confirmed"


class WordsDiffer(Conflict):
    code = "words-differ"


class PolicyNotOffered(Conflict):
    """No such approved version of this institution."""

    code = "policy-not-offered"


class ClosedByPolicy(NotAllowed):
    """The policy in force at the site does not let this out."""

    code = "closed-by-policy"


class StaleClaim(Conflict):
    """The claim is not the site's any more: whatever it holds, another claim took over or the job ended."""

    code = "stale-claim"


class Withdrawn(Conflict):
    """The hub took the job back: the site puts it down and says so. Nothing more of it counts."""

    code = "withdrawn"


class OtherAnswer(Conflict):
    """This claim was answered already, with something else."""

    code = "other-answer"


class UpdateMissing(Conflict):
    """The answer names an update that has not arrived whole."""

    code = "update-missing"


class UploadRefused(HubError):
    """An update the hub does not take. The class attribute `code` is the refusal's own name."""

    status = 422
    refusal: ClassVar[UploadRefusal]


_STATUS = {
    UploadRefusal.TOO_LARGE: 413,
    UploadRefusal.REPLAYED: 409,
    UploadRefusal.SECOND_UPDATE: 409,
    UploadRefusal.STALE_CLAIM: 409,
    UploadRefusal.ROUND_CLOSED: 409,
}


def _class_for(refusal: UploadRefusal) -> type[UploadRefused]:
    name = "".join(word.title() for word in refusal.value.split("-"))
    facts = {"refusal": refusal, "code": refusal.value, "status": _STATUS.get(refusal, 422)}
    return type(name, (UploadRefused,), facts)


_CLASSES = {refusal: _class_for(refusal) for refusal in UploadRefusal}


def upload_refused(refusal: UploadRefusal, message: str) -> UploadRefused:
    """The error whose code and status go with `refusal`."""
    return _CLASSES[refusal](message)
