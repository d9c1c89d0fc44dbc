"""Finds and reads the files of a download as it comes: a folder, a zip or tar archive, one file, an archive in either.

Files are found by name, wherever they stand; nothing is unpacked to disk, and no name inside an archive becomes a
path. Whatever cannot be read to its end is a `SourceFault` that says so.
"""

import csv
import io
import itertools
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from worker.learning.data.importers.containers import Container, Folder, container, is_archive
from worker.learning.data.importers.results import SourceFault
from worker.protocol.meter import Told, silent
from worker.protocol.text import _

Row = dict[str, str]
CSV = (".csv", ".csv.gz")
FILE_BYTES = 256 << 20
"""The largest file that is read whole: tables are read row by row."""
_CELL = 4 << 20
_UNREADABLE = (
    EOFError,
    OSError,
    RuntimeError,
    zlib.error,
    zipfile.BadZipFile,
    tarfile.TarError,
    UnicodeDecodeError,
    csv.Error,
)


class Download:
    """One download. Files are named without their folder. `told` hears how far a large file is read."""

    def __init__(self, src: Path, told: Told = silent) -> None:
        if not src.exists():
            raise SourceFault(_("{path} is not there.").format(path=src))
        self.src = src
        self.told = told
        self._known: list[Container] = []
        self._coming = self._containers()

    def has(self, name: str, endings: Sequence[str] = CSV) -> bool:
        return self._find(name, endings) is not None

    def rows(
        self,
        name: str,
        columns: Sequence[str],
        *,
        unknown: str = "",
        encoding: str = "utf-8-sig",
        optional: Sequence[str] = (),
    ) -> Iterator[Row]:
        """Rows of a CSV file as dictionaries, one at a time; separated by commas, semicolons or tabs.

        `unknown` is how the set writes "no value" besides an empty cell. Raises `SourceFault` for a missing file or
        column, and for a row or file that is cut off. A missing `optional` column reads as "".
        """
        with self._open(name, CSV) as (raw, member):
            text = io.TextIOWrapper(raw, encoding=encoding, newline="")
            yield from _rows(text, member, columns, optional, unknown)

    def lines(self, name: str, endings: Sequence[str]) -> Iterator[str]:
        """Lines of a text file, one at a time, without their ends."""
        with self._open(name, endings) as (raw, _member):
            for line in io.TextIOWrapper(raw, encoding="utf-8-sig"):
                yield line.rstrip("\r\n")

    def read(self, name: str, endings: Sequence[str]) -> bytes:
        """One file whole."""
        with self._open(name, endings) as (raw, member):
            return _bounded(raw, member)

    def each(self, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
        """(full name, content) of all files whose full name is `wanted`, in one pass over the first place with any."""
        for place in self._places():
            found = False
            with _told(place.title):
                for member, raw in place.each(wanted):
                    found = True
                    yield member, _bounded(raw, member)
            if found:
                return

    @contextmanager
    def _open(self, name: str, endings: Sequence[str]) -> Iterator[tuple[BinaryIO, str]]:
        found = self._find(name, endings)
        if found is None:
            what = _("{name} is not in {path}: take the whole official download.")
            raise SourceFault(what.format(name=name + endings[0], path=self.src))
        place, member = found
        what = _("Reading {name}").format(name=member.rsplit("/", 1)[-1])
        with _told(member), place.open(member, partial(self.told, what)) as raw:
            yield raw, member

    def _find(self, name: str, endings: Sequence[str]) -> tuple[Container, str] | None:
        wanted = [name + ending for ending in endings]
        for place in self._places():
            with _told(place.title):
                for member in place.names():
                    if member.rsplit("/", 1)[-1] in wanted:
                        return place, member
        return None

    def _places(self) -> Iterator[Container]:
        """The source itself, then archives right inside it; opened as far as anyone looked."""
        yield from self._known
        for one in self._coming:
            self._known.append(one)
            yield one

    def _containers(self) -> Iterator[Container]:
        with _told(str(self.src)):
            first = container(self.src)
        if first is None:
            what = _("{path} is no archive that can be read, or is cut off: download it again.")
            raise SourceFault(what.format(path=self.src))
        yield first
        for name in first.names():
            if is_archive(name) and (isinstance(first, Folder) or name.endswith(".zip")):
                with _told(name):
                    inner = first.within(name)
                if inner is None:
                    what = _("{name} cannot be read to its end: download it again.")
                    raise SourceFault(what.format(name=name))
                yield inner


@contextmanager
def _told(member: str) -> Iterator[None]:
    try:
        yield
    except _UNREADABLE as error:
        if isinstance(error, RuntimeError) and "password" in str(error):
            what = _(
                "{name} is locked: unpack it with the authors' password, then name its folder."
            )
        else:
            what = _("{name} cannot be read to its end: download it again.")
        raise SourceFault(what.format(name=member)) from error


def _bounded(raw: BinaryIO, member: str) -> bytes:
    content = raw.read(FILE_BYTES + 1)
    if len(content) > FILE_BYTES:
        raise SourceFault(_("{name} is too large for this set.").format(name=member))
    return content


def _rows(
    text: io.TextIOWrapper,
    member: str,
    columns: Sequence[str],
    optional: Sequence[str],
    unknown: str,
) -> Iterator[Row]:
    csv.field_size_limit(_CELL)
    first = text.readline()
    separator = next((one for one in ",;\t" if one in first), ",")
    reader = csv.DictReader(itertools.chain([first], text), delimiter=separator)
    lacking = [c for c in columns if c not in (reader.fieldnames or ())]
    if lacking:
        what = _("{name} lacks the column {column}: is this the official download?")
        raise SourceFault(what.format(name=member, column=lacking[0]))
    for row in reader:
        if None in row.values():
            what = _("{name} is cut off near line {line}: download it again.")
            raise SourceFault(what.format(name=member, line=reader.line_num))
        found = {c: (row.get(c) or "").strip() for c in (*columns, *optional)}
        yield {c: "" if cell == unknown else cell for c, cell in found.items()}
