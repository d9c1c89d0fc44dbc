"""Standard Webhooks 1.0: how a message is signed, so that its receiver knows it is from this hub and unchanged."""

import base64
import hashlib
import hmac
import secrets

PREFIX = "whsec_"
_BYTES = 32
ID, TIME, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"


def new_secret() -> str:
    """`whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode("ascii")


def headers(secret: str, message: str, moment: int, body: bytes) -> dict[str, str]:
    """HMAC-SHA256 over `id.timestamp.body`, as `v1,<base64>`. `moment`: seconds since 1970."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message}.{moment}.".encode() + body
    made = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode("ascii")
    return {ID: message, TIME: str(moment), SIGNATURE: f"v1,{made}"}
