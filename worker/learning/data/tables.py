"""Reads CSV, CSV.GZ and Parquet into columns of text. Student keys become pseudonyms here, before anything else."""

import csv
import gzip
import hashlib
import hmac
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from worker.learning.data.findings import Fault, told
from worker.protocol.text import _

CELL_CHARACTERS = 4 << 20
"""The longest cell the CSV reader takes: an essay, not a whole file after a lost quote."""


@dataclass(frozen=True)
class Table:
    """One file. Every column has `rows` strings, stripped; "" = no value."""

    file: str
    columns: dict[str, list[str]]
    rows: int
    first: int
    """The row number of the first record, as a spreadsheet counts: 2 after a header, 1 in Parquet."""


def read(folder: Path, file: str, missing: Sequence[str] = ()) -> tuple[Table | None, list[Fault]]:
    """The table, or None and why. Every unreadable row is told, not the first only."""
    path = folder / file
    if not path.is_file():
        fix = _("Put it into the folder or correct its name in dataset.yaml.")
        return None, [Fault(file, None, None, _("The file is missing."), fix)]
    table, faults = _parquet(path, file) if file.endswith(".parquet") else _csv(path, file)
    if table is None:
        return None, faults
    none = frozenset(("", *missing))
    columns = {
        name: ["" if (cell := value.strip()) in none else cell for value in values]
        for name, values in table.columns.items()
    }
    return replace(table, columns=columns), faults


def pseudonym(student: str, key: bytes) -> str:
    """HMAC-SHA256 of a student id under the site's key, 32 hexadecimal characters. Stays at the site."""
    return hmac.new(key, student.strip().encode(), hashlib.sha256).hexdigest()[:32]


def pseudonymise(table: Table, student: str, key: bytes) -> Table:
    """The student column becomes pseudonyms; "" stays "", so that the check can tell it."""
    if student not in table.columns:
        return table
    made: dict[str, str] = {"": ""}
    for name in table.columns[student]:
        if name not in made:
            made[name] = pseudonym(name, key)
    hidden = [made[name] for name in table.columns[student]]
    return replace(table, columns={**table.columns, student: hidden})


def _csv(path: Path, file: str) -> tuple[Table | None, list[Fault]]:
    content, faults = _unpacked(path, file)
    if content is None:
        return None, faults
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        fix = _("Save the file as UTF-8 (in Excel: CSV UTF-8).")
        return None, [Fault(file, line, None, _("This row is not UTF-8 text."), fix)]
    csv.field_size_limit(CELL_CHARACTERS)
    rows: list[list[str]] = []
    try:
        rows.extend(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        what = _("This row is not readable as CSV: {problem}.").format(problem=error)
        fix = _("Look for a quotation mark that is not closed, or save the file anew.")
        return None, [Fault(file, len(rows) + 1, None, what, fix)]
    return _columns(file, rows)


def _unpacked(path: Path, file: str) -> tuple[bytes | None, list[Fault]]:
    content = path.read_bytes()
    if not file.endswith(".gz"):
        return content, []
    try:
        return gzip.decompress(content), []
    except (EOFError, OSError, zlib.error):
        what = _("The compressed file is cut off or damaged.")
        fix = _("Copy or compress it again.")
        return None, [Fault(file, None, None, what, fix)]


def _columns(file: str, rows: list[list[str]]) -> tuple[Table | None, list[Fault]]:
    header = [name.strip() for name in rows[0]] if rows else []
    faults = _header_faults(file, header)
    if faults:
        return None, faults
    records = [(number, row) for number, row in enumerate(rows[1:], 2) if row]
    uneven = [number for number, row in records if len(row) != len(header)]
    if uneven:
        return None, told(
            uneven,
            lambda number: Fault(
                file,
                number,
                None,
                _("This row has {cells} cells, the header has {columns}.").format(
                    cells=len(rows[number - 1]), columns=len(header)
                ),
                _("Look for a missing or an unquoted comma."),
            ),
        )
    while rows and not rows[-1]:
        rows.pop()
    blank = [number for number, row in enumerate(rows[1:], 2) if not row]
    if blank:
        fix = _("Delete the empty row.")
        return None, told(blank, lambda n: Fault(file, n, None, _("This row is empty."), fix))
    cells = list(zip(*(row for _n, row in records), strict=True))
    columns = {name: list(cells[i]) if cells else [] for i, name in enumerate(header)}
    return Table(file, columns, len(records), 2), []


def _header_faults(file: str, header: list[str]) -> list[Fault]:
    if not any(header):
        fix = _("Write the names of the columns into the first row.")
        return [Fault(file, 1, None, _("The file has no header."), fix)]
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        what = _("The columns are not separated by commas.")
        return [Fault(file, 1, None, what, _("Save the file with commas as separators."))]
    twice = sorted({name for name in header if header.count(name) > 1})
    return [
        Fault(
            file,
            1,
            name or None,
            _("Two columns have this name.") if name else _("Two columns have no name."),
            _("Rename or remove one of them."),
        )
        for name in twice
    ]


def _parquet(path: Path, file: str) -> tuple[Table | None, list[Fault]]:
    import pyarrow
    import pyarrow.parquet

    try:
        content = pyarrow.parquet.read_table(path, use_threads=False)
    except (pyarrow.ArrowException, OSError):
        what = _("The file is not readable as Parquet: cut off, damaged or something else.")
        return None, [Fault(file, None, None, what, _("Write or copy it again."))]
    faults = _header_faults(file, list(content.column_names))
    if faults:
        return None, faults
    columns = {
        str(name): [_text(value) for value in content.column(i).to_pylist()]
        for i, name in enumerate(content.column_names)
    }
    return Table(file, columns, int(content.num_rows), 1), []


def _text(value: Any) -> str:
    if value is None or value != value:  # NaN is the only value unlike itself
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return value if isinstance(value, str) else str(value)
