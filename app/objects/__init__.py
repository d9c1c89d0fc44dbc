"""The object store: bytes by their digest, and uploads while they arrive."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import urlsplit

from app.objects.disk import DiskStore
from app.objects.names import ObjectMissing, StoreAway, UnknownStore, WrongDigest, WrongOffset

__all__ = [
    "ObjectMissing",
    "ObjectStore",
    "StoreAway",
    "UnknownStore",
    "WrongDigest",
    "WrongOffset",
    "build",
]


class ObjectStore(Protocol):
    """Digests are SHA-256 in lower-case hexadecimal. Writing raises DiskFull before it writes.

    Every call may raise StoreAway: the store does not answer, and another try may.
    """

    def check(self) -> None:
        """Raises UnknownStore or StoreAway with one sentence when nothing can be stored here."""

    def put(self, content: bytes) -> str:
        """Stores durably; the same bytes twice are one object. Returns the digest."""

    def put_file(self, path: Path, told: Callable[[int, int], None] = ...) -> str:
        """As `put`, for a file too large to hold in memory. `told`: (bytes done, of how many), each read twice."""

    def get(self, digest: str) -> bytes:
        """Raises ObjectMissing; raises WrongDigest when the stored bytes are damaged."""

    def open(self, digest: str, start: int = 0) -> BinaryIO:
        """The bytes from `start` on, to read once and close; not checked. Raises ObjectMissing."""

    def fetch(self, digest: str, target: Path) -> None:
        """A local file named `target` with the object's checked bytes; memory stays at one block.

        It may be a link into the store: read it, never write it. Raises ObjectMissing, WrongDigest, DiskFull.
        """

    def local(self, digest: str, folder: Path) -> Path:
        """Where the object's checked bytes lie: in the store itself, or as a copy in `folder`. Raises as `fetch`."""

    def size(self, digest: str) -> int: ...

    def exists(self, digest: str) -> bool: ...

    def delete(self, digest: str) -> None:
        """Gone already is fine."""

    def require_room(self, wanted: int) -> None:
        """Raises DiskFull unless `wanted` bytes fit and the reserve stays free."""

    def staged(self, upload: str) -> int:
        """Bytes of an upload that are safely stored; 0 when none are."""

    def append(self, upload: str, offset: int, chunk: bytes) -> int:
        """Adds a chunk durably. Raises WrongOffset with the true one. Returns the new offset.

        Of two chunks for one offset one is stored, also when two processes write at the same moment.
        """

    def finish(self, upload: str, digest: str) -> int:
        """Makes a whole upload an object and returns its size. Raises WrongDigest, ObjectMissing.

        The staged bytes stay until `discard`, so a crash before the commit can finish again.
        """

    def discard(self, upload: str) -> None:
        """Forgets a staged upload; gone already is fine."""

    def stages(self) -> Iterator[tuple[str, datetime]]:
        """Uploads with staged bytes, and when the last of these came."""


def build(url: str, reserve_bytes: int, work: Path) -> ObjectStore:
    """The store an address names: `file:///path` or `s3://bucket/prefix?endpoint=…&region=…`.

    `work` is a local folder for what is on its way from or to a store elsewhere. Raises UnknownStore.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return DiskStore(Path(parts.path), reserve_bytes=reserve_bytes)
    if parts.scheme == "s3":
        try:
            from app.objects.s3 import S3Store
        except ImportError as error:
            raise UnknownStore(
                "OBJECT_STORE_URL starts with s3://, and boto3 is not installed: pip install 'collegium[s3]'."
            ) from error
        return S3Store.at(url, work, reserve_bytes)
    raise UnknownStore(
        "OBJECT_STORE_URL names no store this version knows: use file:///path, on a volume all web and worker "
        "machines share, or s3://bucket/prefix."
    )
