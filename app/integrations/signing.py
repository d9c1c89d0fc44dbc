"""Standard Webhooks 1.0: how a message is signed, so that its receiver knows it is from this hub and unchanged."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"
_BYTES = 32
ID, TIME, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"


def new_secret() -> str:
    """`whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode("ascii")


def headers(secrets_: Iterable[str], message: str, moment: int, body: bytes) -> dict[str, str]:
    """A signature by each secret, set apart by spaces: after a change the old one counts for a time.

    `moment`: seconds since 1970.
    """
    signed = f"{message}.{moment}.".encode() + body
    made = " ".join(_signature(secret, signed) for secret in secrets_)
    return {ID: message, TIME: str(moment), SIGNATURE: made}


def _signature(secret: str, signed: bytes) -> str:
    """HMAC-SHA256 over `id.timestamp.body`, as `v1,<base64>`."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    made = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(made).decode('ascii')}"
