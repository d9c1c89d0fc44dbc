"""Objects in a bucket: `<prefix>/ab/<digest>`, and one object per chunk of an upload under way.

A chunk is written only where none lies yet (`If-None-Match: *`), named by its offset. So the offset of an upload is
what the bucket lists: it survives every restart, and of two processes one writes. Multipart uploads do not fit: their
parts are 5 MiB at least, a site's chunk is 1 MiB at most.
"""

import base64
import hashlib
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from app.objects.address import Address
from app.objects.answers import Refused, asking, client
from app.objects.names import (
    ObjectMissing,
    UnknownStore,
    WrongDigest,
    WrongOffset,
    damaged,
    digest_name,
    full,
    is_upload,
    upload_name,
)
from app.objects.reading import Told, digest_of, read_again, silent

_BLOCK = 1 << 20
_STAGING = "staging"
_PROBE = "collegium"


@dataclass(frozen=True)
class _Chunk:
    key: str
    offset: int
    size: int
    changed: datetime


class S3Store:
    """`work` is a local folder for bytes on their way; `reserve_bytes` stay free there."""

    def __init__(self, address: Address, work: Path, reserve_bytes: int = 0) -> None:
        self.address = address
        self.reserve_bytes = reserve_bytes
        self._work = work
        self._client = client(address)

    @classmethod
    def at(cls, url: str, work: Path, reserve_bytes: int) -> "S3Store":
        """Raises UnknownStore."""
        return cls(Address.read(url), work, reserve_bytes)

    def check(self) -> None:
        """May we write here, and does the store keep the first of two? Leaves one empty object behind."""
        written = [self._write_new(self._key(_PROBE), b"") for _ in range(2)]
        if written[1]:
            raise UnknownStore(
                f"The store at {self.address} ignores If-None-Match, so two chunks of one update could overwrite each "
                "other: use a store with conditional writes."
            )

    def put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        if not self._is_whole(digest, len(content)):
            self._put(digest, content)
        return digest

    def put_file(self, path: Path, told: Told = silent) -> str:
        with path.open("rb") as file:
            digest = digest_of(file, told)
            if not self._is_whole(digest, path.stat().st_size):
                self._put(digest, read_again(file, told))
        return digest

    def get(self, digest: str) -> bytes:
        state, content = hashlib.sha256(), bytearray()
        for block in self._blocks(self._object(digest)):
            state.update(block)
            content += block
        if state.hexdigest() != digest:
            raise damaged(digest)
        return bytes(content)

    def open(self, digest: str, start: int = 0) -> BinaryIO:
        if start and start >= self.size(digest):  # a range the store would refuse
            return io.BytesIO()
        return self._open(self._object(digest), start)

    def fetch(self, digest: str, target: Path) -> None:
        if target.exists():
            return
        if shutil.disk_usage(target.parent).free < self.size(digest) + self.reserve_bytes:
            raise full(0)
        state = hashlib.sha256()
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".fetch-")
        try:
            with os.fdopen(handle, "wb") as file:
                for block in self._blocks(self._object(digest)):
                    state.update(block)
                    file.write(block)
            if state.hexdigest() != digest:
                raise damaged(digest)
            Path(name).replace(target)
        finally:
            Path(name).unlink(missing_ok=True)

    def local(self, digest: str, folder: Path) -> Path:
        self.fetch(digest, folder / digest_name(digest))
        return folder / digest

    def size(self, digest: str) -> int:
        key = self._object(digest)
        with asking(self.address):
            head = self._client.head_object(Bucket=self.address.bucket, Key=key)
        return int(head["ContentLength"])

    def exists(self, digest: str) -> bool:
        digest_name(digest)
        try:
            self.size(digest)
        except ObjectMissing:
            return False
        return True

    def delete(self, digest: str) -> None:
        self._delete(self._object(digest))

    def require_room(self, wanted: int) -> None:
        """A bucket says only when it refuses."""

    def staged(self, upload: str) -> int:
        chunks = list(self._chunks(upload_name(upload)))
        return chunks[-1].offset + chunks[-1].size if chunks else 0

    def append(self, upload: str, offset: int, chunk: bytes) -> int:
        true = self.staged(upload)
        if true != offset:
            raise WrongOffset(true)
        key = self._key(_STAGING, upload, f"{offset:012d}")
        # An empty chunk would take the place of the next one.
        if chunk and not self._write_new(key, chunk):
            raise WrongOffset(self.staged(upload))
        return offset + len(chunk)

    def finish(self, upload: str, digest: str) -> int:
        chunks = list(self._chunks(upload_name(upload)))
        if not chunks:
            raise ObjectMissing("no such upload")
        self._work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self._work) as whole:
            size = self._gather(chunks, whole)
            whole.seek(0)
            if hashlib.file_digest(whole, "sha256").hexdigest() != digest_name(digest):
                raise WrongDigest("the upload's bytes have another digest")
            if not self._is_whole(digest, size):
                whole.seek(0)
                self._put(digest, whole)
        return size

    def discard(self, upload: str) -> None:
        for chunk in self._chunks(upload_name(upload)):
            self._delete(chunk.key)

    def stages(self) -> Iterator[tuple[str, datetime]]:
        newest: dict[str, datetime] = {}
        for chunk in self._list(self._key(_STAGING, "")):
            upload = chunk.key.split("/")[-2]
            newest[upload] = max(chunk.changed, newest.get(upload, chunk.changed))
        yield from ((upload, at) for upload, at in newest.items() if is_upload(upload))

    def _gather(self, chunks: list[_Chunk], whole: IO[bytes]) -> int:
        size = sum(chunk.size for chunk in chunks)
        if shutil.disk_usage(self._work).free < size + self.reserve_bytes:
            raise full(size)
        for chunk in chunks:
            for block in self._blocks(chunk.key):
                whole.write(block)
        return size

    def _open(self, key: str, start: int = 0) -> BinaryIO:
        parts = {"Range": f"bytes={start}-"} if start else {}
        with asking(self.address):
            answer = self._client.get_object(Bucket=self.address.bucket, Key=key, **parts)
        return cast(BinaryIO, answer["Body"])

    def _blocks(self, key: str) -> Iterator[bytes]:
        with closing(self._open(key)) as body, asking(self.address):
            while block := body.read(_BLOCK):
                yield block

    def _put(self, digest: str, content: bytes | IO[bytes]) -> None:
        """The store compares the digest too, so bytes damaged on their way are never kept."""
        said = base64.b64encode(bytes.fromhex(digest)).decode()
        with asking(self.address):
            self._client.put_object(
                Bucket=self.address.bucket,
                Key=self._object(digest),
                Body=content,
                ChecksumSHA256=said,
            )

    def _write_new(self, key: str, content: bytes) -> bool:
        """False when something lies there already, or another is writing it at this moment."""
        try:
            with asking(self.address):
                self._client.put_object(
                    Bucket=self.address.bucket, Key=key, Body=content, IfNoneMatch="*"
                )
        except Refused:
            return False
        return True

    def _is_whole(self, digest: str, size: int) -> bool:
        with suppress(ObjectMissing):
            return self.size(digest) == size
        return False

    def _chunks(self, upload: str) -> Iterator[_Chunk]:
        return self._list(self._key(_STAGING, upload, ""))

    def _list(self, prefix: str) -> Iterator[_Chunk]:
        """In the order of names, which the store promises: chunks by offset."""
        pages = self._client.get_paginator("list_objects_v2")
        with asking(self.address):
            for page in pages.paginate(Bucket=self.address.bucket, Prefix=prefix):
                for found in page.get("Contents", ()):
                    yield _chunk(found)

    def _delete(self, key: str) -> None:
        with asking(self.address), suppress(ObjectMissing):
            self._client.delete_object(Bucket=self.address.bucket, Key=key)

    def _object(self, digest: str) -> str:
        return self._key(digest_name(digest)[:2], digest)

    def _key(self, *parts: str) -> str:
        return "/".join((self.address.prefix, *parts) if self.address.prefix else parts)


def _chunk(found: dict[str, Any]) -> _Chunk:
    key = str(found["Key"])
    name = key.rsplit("/", 1)[-1]
    return _Chunk(
        key, int(name) if name.isdecimal() else 0, int(found["Size"]), found["LastModified"]
    )
