"""Objects as files. A file appears under its name only when it is whole and flushed to the disk."""

import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

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
_NEW = ".new-"
_ABANDONED = timedelta(hours=1)


class DiskStore:
    """`root/ab/<digest>` and `root/staging/<upload>`. `reserve_bytes` stay free for the database."""

    def __init__(self, root: Path, reserve_bytes: int = 0) -> None:
        self.root = root
        self.reserve_bytes = reserve_bytes
        self._staging = root / "staging"
        try:
            self._staging.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(root, error) from error

    def check(self) -> None:
        try:
            with tempfile.TemporaryFile(dir=self._staging):
                pass
        except OSError as error:
            raise _unusable(self.root, error) from error

    def put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        if self._is_whole(digest, len(content)):
            return digest
        self.require_room(len(content))
        with self._new_file() as (file, name):
            file.write(content)
            self._place(file, name, digest)
        return digest

    def put_file(self, path: Path, told: Told = silent) -> str:
        size = path.stat().st_size
        with path.open("rb") as source:
            digest = digest_of(source, told)
            if self._is_whole(digest, size):
                return digest
            self.require_room(size)
            with self._new_file() as (file, name):
                shutil.copyfileobj(read_again(source, told), file, _BLOCK)
                self._place(file, name, digest)
        return digest

    def get(self, digest: str) -> bytes:
        content = self.path(digest).read_bytes()
        if hashlib.sha256(content).hexdigest() != digest:
            raise damaged(digest)
        return content

    def open(self, digest: str, start: int = 0) -> BinaryIO:
        file = self.path(digest).open("rb")
        file.seek(start)
        return file

    def fetch(self, digest: str, target: Path) -> None:
        path = self.local(digest, target.parent)
        with suppress(FileExistsError):
            target.symlink_to(path.absolute())

    def local(self, digest: str, folder: Path) -> Path:
        path = self.path(digest)
        if _file_digest(path) != digest:
            raise damaged(digest)
        return path

    def path(self, digest: str) -> Path:
        """Where the object lies. Raises ObjectMissing."""
        path = self._path(digest)
        if not path.is_file():
            raise ObjectMissing(f"no object {digest[:12]}")
        return path

    def size(self, digest: str) -> int:
        return self.path(digest).stat().st_size

    def exists(self, digest: str) -> bool:
        return self._path(digest).is_file()

    def delete(self, digest: str) -> None:
        self._path(digest).unlink(missing_ok=True)

    def require_room(self, wanted: int) -> None:
        free = shutil.disk_usage(self.root).free
        if free < wanted + self.reserve_bytes:
            raise full(wanted)

    def staged(self, upload: str) -> int:
        path = self._staging / upload_name(upload)
        return path.stat().st_size if path.is_file() else 0

    def append(self, upload: str, offset: int, chunk: bytes) -> int:
        self.require_room(len(chunk))
        path = self._staging / upload_name(upload)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "r+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            true = os.fstat(file.fileno()).st_size
            if true != offset:
                raise WrongOffset(true)
            with _whole_or_nothing(file, offset, len(chunk)):
                _write_all(file.fileno(), offset, chunk)
                os.fsync(file.fileno())
        return offset + len(chunk)

    def finish(self, upload: str, digest: str) -> int:
        staged = self._staging / upload_name(upload)
        if not staged.is_file():
            raise ObjectMissing("no such upload")
        if _file_digest(staged) != digest_name(digest):
            raise WrongDigest("the upload's bytes have another digest")
        target = self._path(digest)
        target.parent.mkdir(exist_ok=True)
        if not target.exists():
            with suppress(FileExistsError):
                os.link(staged, target)
            _flush_folder(target.parent)
        return target.stat().st_size

    def discard(self, upload: str) -> None:
        (self._staging / upload_name(upload)).unlink(missing_ok=True)

    def stages(self) -> Iterator[tuple[str, datetime]]:
        """Files of a `put` that was killed are swept on the way."""
        for path in self._staging.iterdir():
            with suppress(FileNotFoundError):
                changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                if is_upload(path.name):
                    yield path.name, changed
                elif path.name.startswith(_NEW) and datetime.now(UTC) - changed > _ABANDONED:
                    path.unlink()

    def _path(self, digest: str) -> Path:
        return self.root / digest_name(digest)[:2] / digest

    def _is_whole(self, digest: str, size: int) -> bool:
        path = self._path(digest)
        return path.is_file() and path.stat().st_size == size

    @contextmanager
    def _new_file(self) -> Iterator[tuple[BinaryIO, Path]]:
        handle, name = tempfile.mkstemp(dir=self._staging, prefix=_NEW)
        path = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file, path
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise full(0) from error
            raise
        finally:
            path.unlink(missing_ok=True)

    def _place(self, file: BinaryIO, name: Path, digest: str) -> None:
        file.flush()
        os.fsync(file.fileno())
        target = self._path(digest)
        target.parent.mkdir(exist_ok=True)
        name.replace(target)
        _flush_folder(target.parent)


@contextmanager
def _whole_or_nothing(file: BinaryIO, offset: int, length: int) -> Iterator[None]:
    """A chunk that did not fit leaves the upload as it was, so the site can send it again."""
    try:
        yield
    except OSError as error:
        os.ftruncate(file.fileno(), offset)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise full(length) from error
        raise


def _write_all(handle: int, offset: int, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        written = os.pwrite(handle, view, offset)
        view, offset = view[written:], offset + written


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unusable(root: Path, error: OSError) -> UnknownStore:
    return UnknownStore(
        f"The hub cannot write objects to {root} ({error.strerror}): make the folder and give it to this account, or "
        "name another in OBJECT_STORE_URL."
    )
