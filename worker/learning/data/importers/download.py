"""Finds and reads the files of a download: a folder or a zip of CSV files, plain or gzipped."""

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from worker.learning.data.importers.results import SourceFault
from worker.protocol.text import _

Row = dict[str, str]
_ENDINGS = (".csv", ".csv.gz")


class Download:
    """One download. Files are named without ending; a name may stand in a subfolder of the zip."""

    def __init__(self, src: Path) -> None:
        if src.is_dir():
            zips = sorted(src.glob("*.zip"))
            loose = any(src.glob("*.csv")) or any(src.glob("*.csv.gz"))
            src = src if loose or not zips else zips[0]
        elif not src.is_file():
            raise SourceFault(_("{path} is not there.").format(path=src))
        self.src = src
        self._zipped = src.is_file()
        if self._zipped and not zipfile.is_zipfile(src):
            raise SourceFault(
                _("{path} is no zip file, or is cut off: download it again.").format(path=src)
            )

    def has(self, name: str) -> bool:
        return self._find(name) is not None

    def rows(self, name: str, columns: Sequence[str]) -> Iterator[Row]:
        """Rows as dictionaries, one at a time. Raises `SourceFault` for a missing file or column."""
        member = self._find(name)
        if member is None:
            what = _("{name}.csv is not in {path}: take the whole official download.")
            raise SourceFault(what.format(name=name, path=self.src))
        try:
            with self._open(member) as raw:
                yield from _rows(raw, member, columns)
        except (EOFError, OSError, zlib.error, zipfile.BadZipFile, UnicodeDecodeError) as error:
            what = _("{name} cannot be read to its end: download it again.")
            raise SourceFault(what.format(name=member)) from error

    def _find(self, name: str) -> str | None:
        if not self._zipped:
            found = [name + end for end in _ENDINGS if (self.src / (name + end)).is_file()]
            return found[0] if found else None
        with zipfile.ZipFile(self.src) as archive:
            for member in archive.namelist():
                if member.rsplit("/", 1)[-1] in [name + end for end in _ENDINGS]:
                    return member
        return None

    @contextmanager
    def _open(self, member: str) -> Iterator[BinaryIO]:
        if not self._zipped:
            with (self.src / member).open("rb") as raw:
                yield _plain(raw, member)
            return
        with zipfile.ZipFile(self.src) as archive, archive.open(member) as stream:
            yield _plain(stream, member)  # type: ignore[arg-type]


def _plain(raw: BinaryIO, member: str) -> BinaryIO:
    return gzip.open(raw, "rb") if member.endswith(".gz") else raw  # type: ignore[return-value]


def _rows(raw: BinaryIO, member: str, columns: Sequence[str]) -> Iterator[Row]:
    text = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
    reader = csv.DictReader(text)
    lacking = [c for c in columns if c not in (reader.fieldnames or ())]
    if lacking:
        what = _("{name} lacks the column {column}: is this the official download?")
        raise SourceFault(what.format(name=member, column=lacking[0]))
    for row in reader:
        yield {c: _value(row[c]) for c in columns}


def _value(cell: str | None) -> str:
    """The official files write "?" where they know nothing."""
    said = (cell or "").strip()
    return "" if said == "?" else said
