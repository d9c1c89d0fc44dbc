"""Names of stored things, checked before they become paths; and the store's own errors."""

import re

from app.errors import Busy, DiskFull
from app.text import _

_DIGEST = re.compile(r"[0-9a-f]{64}")
_UPLOAD = re.compile(r"[a-z]{1,12}_[0-9a-z]{1,40}")


class UnknownStore(ValueError):
    """OBJECT_STORE_URL names something that cannot be used; the sentence says what to change."""


class StoreAway(Busy):
    """The store does not answer now. Nothing was lost: whoever asked tries again."""

    code = "store-away"


class ObjectMissing(LookupError):
    """No object has this digest."""


class WrongDigest(ValueError):
    """The bytes do not have the digest they were said to have."""


class WrongOffset(ValueError):
    """`true` is where the next chunk starts."""

    def __init__(self, true: int) -> None:
        super().__init__(f"the next chunk starts at {true}")
        self.true = true


def full(wanted: int) -> DiskFull:
    return DiskFull(
        _("The hub's disk is full: nothing was written. Free space there, then send it again."),
        wanted=wanted,
    )


def damaged(digest: str) -> WrongDigest:
    return WrongDigest(f"the stored object {digest[:12]} is damaged")


def digest_name(text: str) -> str:
    """Raises ObjectMissing for anything that is not a digest, so no request can name a path."""
    if not _DIGEST.fullmatch(text):
        raise ObjectMissing("not a digest")
    return text


def is_upload(text: str) -> bool:
    return bool(_UPLOAD.fullmatch(text))


def upload_name(text: str) -> str:
    """Raises ObjectMissing for anything that is not an upload's id."""
    if not is_upload(text):
        raise ObjectMissing("not an upload")
    return text
