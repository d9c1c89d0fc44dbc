"""What holds the files of a download: a folder or single file, a zip archive, a tar archive."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO, BinaryIO, Protocol, cast

from worker.protocol.meter import watched

_ZIP, _TAR = (".zip",), (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
INNER_BYTES = 256 << 20
"""The largest archive inside an archive: it is held in memory."""


Told = Callable[[int, int], None]
"""(bytes read, of how many), as they lie in the download, at each block."""


def _silent(done: int, whole: int) -> None:
    """Nobody waits."""


class Container(Protocol):
    """Names are relative, with `/`. `open` and `each` give plain bytes of gzipped files."""

    title: str

    def names(self) -> list[str]: ...
    def open(self, name: str, told: Told = ...) -> AbstractContextManager[BinaryIO]: ...
    def each(self, wanted: Callable[[str], bool]) -> Iterator[tuple[str, BinaryIO]]: ...
    def within(self, name: str) -> "Container | None": ...


def is_archive(name: str) -> bool:
    return name.lower().endswith(_ZIP + _TAR)


def container(path: Path) -> Container | None:
    """None for an archive that is none."""
    if path.is_dir():
        return Folder(path)
    lower = path.name.lower()
    if lower.endswith(_ZIP) or (zipfile.is_zipfile(path) and not lower.endswith(".npz")):
        return Zip(path, str(path)) if zipfile.is_zipfile(path) else None
    if lower.endswith(_TAR):
        return Tar(path) if tarfile.is_tarfile(path) else None
    return Folder(path.parent, only=path.name)


class Folder:
    """A folder with all below it, shallow files first; or one file of it."""

    def __init__(self, root: Path, only: str | None = None) -> None:
        self.title = str(root / only) if only else str(root)
        self._root, self._only = root, only

    def names(self) -> list[str]:
        return self._names

    @cached_property
    def _names(self) -> list[str]:
        if self._only is not None:
            return [self._only]
        found = [p.relative_to(self._root).as_posix() for p in self._root.rglob("*") if p.is_file()]
        return sorted(found, key=lambda name: (name.count("/"), name))

    @contextmanager
    def open(self, name: str, told: Told = _silent) -> Iterator[BinaryIO]:
        size = (self._root / name).stat().st_size
        with (self._root / name).open("rb") as raw:
            yield _plain(_watched(raw, told, size), name)

    def each(self, wanted: Callable[[str], bool]) -> Iterator[tuple[str, BinaryIO]]:
        for name in filter(wanted, self.names()):
            with self.open(name) as raw:
                yield name, raw

    def within(self, name: str) -> Container | None:
        return container(self._root / name)


class Zip:
    def __init__(self, source: Path | BinaryIO, title: str) -> None:
        self.title = title
        self._archive = zipfile.ZipFile(source)

    def names(self) -> list[str]:
        return [name for name in self._archive.namelist() if not name.endswith("/")]

    @contextmanager
    def open(self, name: str, told: Told = _silent) -> Iterator[BinaryIO]:
        size = self._archive.getinfo(name).file_size
        with self._archive.open(name) as stream:
            yield _plain(_watched(stream, told, size), name)

    def each(self, wanted: Callable[[str], bool]) -> Iterator[tuple[str, BinaryIO]]:
        for name in filter(wanted, self.names()):
            with self.open(name) as raw:
                yield name, raw

    def within(self, name: str) -> Container | None:
        if self._archive.getinfo(name).file_size > INNER_BYTES:
            return None
        inner = io.BytesIO(self._archive.read(name))
        return Zip(inner, name) if zipfile.is_zipfile(inner) else None


class Tar:
    """Read from front to back each time: a gzipped tar has no other way."""

    def __init__(self, path: Path) -> None:
        self.title = str(path)
        self._path = path

    def names(self) -> list[str]:
        return self._names

    @cached_property
    def _names(self) -> list[str]:
        with tarfile.open(self._path, "r|*") as archive:
            return [member.name for member in archive if member.isfile()]

    @contextmanager
    def open(self, name: str, told: Told = _silent) -> Iterator[BinaryIO]:
        for member, stream in self._streams(lambda one: one == name):
            yield _plain(_watched(stream, told, member.size), name)
            return

    def each(self, wanted: Callable[[str], bool]) -> Iterator[tuple[str, BinaryIO]]:
        for member, stream in self._streams(wanted):
            yield member.name, _plain(stream, member.name)  # type: ignore[arg-type]

    def _streams(
        self, wanted: Callable[[str], bool]
    ) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
        with tarfile.open(self._path, "r|*") as archive:
            for member in archive:
                stream = archive.extractfile(member) if member.isfile() else None
                if stream is not None and wanted(member.name):
                    yield member, stream

    def within(self, name: str) -> Container | None:
        return None


def _watched(raw: IO[bytes], told: Told, size: int) -> BinaryIO:
    return cast(BinaryIO, watched(raw, lambda at: told(at, size)))


def _plain(raw: BinaryIO, name: str) -> BinaryIO:
    return gzip.open(raw, "rb") if name.endswith(".gz") else raw  # type: ignore[return-value]
