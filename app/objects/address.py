"""`s3://bucket/prefix?endpoint=https://…&region=…`, read and checked."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from app.objects.names import UnknownStore

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9._/-]*")
_OPTIONS = frozenset({"endpoint", "region"})


@dataclass(frozen=True)
class Address:
    """Where the bucket is; empty `endpoint` and `region` are left to the AWS settings of this machine."""

    bucket: str
    prefix: str = ""
    endpoint: str = ""
    region: str = ""

    @classmethod
    def read(cls, url: str) -> "Address":
        """Raises UnknownStore with what to write instead."""
        parts = urlsplit(url)
        if "@" in parts.netloc:
            raise UnknownStore(
                "OBJECT_STORE_URL carries a key: give it in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead."
            )
        options = dict(parse_qsl(parts.query))
        prefix = parts.path.strip("/")
        fits = _BUCKET.fullmatch(parts.netloc) and _PREFIX.fullmatch(prefix)
        endpoint = options.get("endpoint", "")
        known = options.keys() <= _OPTIONS and (not endpoint or _is_address(endpoint))
        if not fits or not known or parts.fragment or "//" in prefix:
            raise UnknownStore(
                "OBJECT_STORE_URL cannot be read: write s3://bucket/prefix, and after it ?endpoint=https://host and "
                "&region=name where the store needs them."
            )
        return cls(parts.netloc, prefix, endpoint, options.get("region", ""))

    def __str__(self) -> str:
        where = f"s3://{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")
        return f"{where} ({self.endpoint})" if self.endpoint else where


def _is_address(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
