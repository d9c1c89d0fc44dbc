"""The object store: bytes by their digest, and uploads while they arrive."""

from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import urlsplit

from app.objects.disk import DiskStore
from app.objects.names import ObjectMissing, WrongDigest, WrongOffset

__all__ = [
    "ObjectMissing",
    "ObjectStore",
    "UnknownStore",
    "WrongDigest",
    "WrongOffset",
    "build",
]


class UnknownStore(ValueError):
    """OBJECT_STORE_URL names something this version cannot use."""


class ObjectStore(Protocol):
    """Digests are SHA-256 in lower-case hexadecimal. Writing raises DiskFull before it writes."""

    def put(self, content: bytes) -> str:
        """Stores durably; the same bytes twice are one object. Returns the digest."""

    def put_file(self, path: Path) -> str:
        """As `put`, for a file too large to hold in memory."""

    def get(self, digest: str) -> bytes:
        """Raises ObjectMissing; raises WrongDigest when the stored bytes are damaged."""

    def open(self, digest: str) -> BinaryIO: ...

    def path(self, digest: str) -> Path:
        """A local file with the object's bytes, for ranges. Raises ObjectMissing."""

    def size(self, digest: str) -> int: ...

    def exists(self, digest: str) -> bool: ...

    def delete(self, digest: str) -> None:
        """Gone already is fine."""

    def require_room(self, wanted: int) -> None:
        """Raises DiskFull unless `wanted` bytes fit and the reserve stays free."""

    def staged(self, upload: str) -> int:
        """Bytes of an upload that are safely stored; 0 when none are."""

    def append(self, upload: str, offset: int, chunk: bytes) -> int:
        """Adds a chunk durably. Raises WrongOffset with the true one. Returns the new offset."""

    def finish(self, upload: str, digest: str) -> int:
        """Makes a whole upload an object and returns its size. Raises WrongDigest.

        The staged bytes stay until `discard`, so a crash before the commit can finish again.
        """

    def discard(self, upload: str) -> None:
        """Forgets a staged upload; gone already is fine."""


def build(url: str, reserve_bytes: int) -> ObjectStore:
    """The store an address names: `file:///path`. Raises UnknownStore for any other."""
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return DiskStore(Path(parts.path), reserve_bytes=reserve_bytes)
    raise UnknownStore(
        f"OBJECT_STORE_URL starts with {parts.scheme}://, and this version stores objects on disk only: "
        "use file:///path, on a volume all web and worker machines share."
    )
