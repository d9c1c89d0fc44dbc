"""A site's side of the door, as thin as can be: signs a request and sends it."""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
from pydantic import BaseModel

from worker.protocol import messages
from worker.protocol.canonical import digest
from worker.protocol.signatures import PrivateKey, request_bytes


@dataclass
class Sender:
    """`send` may be told to lie, one header at a time."""

    client: httpx.Client
    site: str
    key: PrivateKey
    spoil: dict[str, str] = field(default_factory=dict)

    def headers(
        self, method: str, path: str, body: bytes, *, off_s: int = 0, nonce: str | None = None
    ) -> dict[str, str]:
        at, once = str(int(time.time()) + off_s), nonce or secrets.token_urlsafe(18)
        message = request_bytes(self.site, method, path, at, once, digest(body))
        return {
            messages.HEADER_SITE: self.site,
            messages.HEADER_TIME: at,
            messages.HEADER_NONCE: once,
            messages.HEADER_DIGEST: digest(body),
            messages.HEADER_SIGNATURE: self.key.sign(message),
            **self.spoil,
        }

    def send(
        self,
        path: str,
        body: BaseModel | dict[str, Any] | bytes = b"",
        *,
        method: str = "POST",
        off_s: int = 0,
        nonce: str | None = None,
        extra: dict[str, str] | None = None,
    ) -> httpx.Response:
        content = body if isinstance(body, bytes) else _json(body)
        full = f"/site/v1{path}"
        headers = self.headers(method, full, content, off_s=off_s, nonce=nonce)
        return self.client.request(
            method, full, content=content, headers={**headers, **(extra or {})}
        )

    def claim(self, lane: str = "train", wait_s: float = 0) -> httpx.Response:
        return self.send("/claim", {"lane": lane, "wait_s": wait_s})


def _json(body: BaseModel | dict[str, Any]) -> bytes:
    if isinstance(body, BaseModel):
        return body.model_dump_json().encode()
    return httpx.Request("POST", "http://x", json=body).content
