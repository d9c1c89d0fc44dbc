"""Names of stored things, checked before they become paths; and the store's own errors."""

import re

_DIGEST = re.compile(r"[0-9a-f]{64}")
_UPLOAD = re.compile(r"[a-z]{1,12}_[0-9a-z]{1,40}")


class ObjectMissing(LookupError):
    """No object has this digest."""


class WrongDigest(ValueError):
    """The bytes do not have the digest they were said to have."""


class WrongOffset(ValueError):
    """`true` is where the next chunk starts."""

    def __init__(self, true: int) -> None:
        super().__init__(f"the next chunk starts at {true}")
        self.true = true


def digest_name(text: str) -> str:
    """Raises ObjectMissing for anything that is not a digest, so no request can name a path."""
    if not _DIGEST.fullmatch(text):
        raise ObjectMissing("not a digest")
    return text


def upload_name(text: str) -> str:
    """Raises ObjectMissing for anything that is not an upload's id."""
    if not _UPLOAD.fullmatch(text):
        raise ObjectMissing("not an upload")
    return text
