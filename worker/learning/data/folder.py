"""The data folder as a job reads it: files in, aligned arrays and a digest out. `load` and `check` share `examine`."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from worker.learning.data import consent
from worker.learning.data.consent import Decided, Excluded
from worker.learning.data.document import read_dataset
from worker.learning.data.findings import DataFault, Fault, Findings, Fit
from worker.learning.data.mapping import map_sheet
from worker.learning.data.media import media_faults
from worker.learning.data.records import SiteData, TaskData
from worker.learning.data.rows import Tables, row_faults
from worker.learning.data.schema import Dataset
from worker.learning.data.tables import pseudonym, pseudonymise, read
from worker.protocol.canonical import digest_of
from worker.protocol.messages import ClassCode
from worker.protocol.tasks import TaskSheet

VALIDATION_SHARE = 0.10
TEST_SHARE = 0.20


@dataclass(frozen=True)
class Examined:
    """A folder read once: what is wrong, what fits, and the records where nothing blocks."""

    dataset: Dataset | None
    findings: Findings
    tasks: dict[str, TaskData] = field(default_factory=dict)
    classes: tuple[ClassCode, ...] = ()
    decided: Decided = field(default_factory=Decided)
    """Who may take part; `tasks` hold the records of nobody else."""


def load(
    folder: Path,
    sheets: Sequence[TaskSheet],
    *,
    pseudonym_key: bytes,
    consent_age: int | None = None,
) -> SiteData:
    """The site's records for these sheets, of the students who may take part. Raises `DataFault` with every fault if
    one of them blocks. `consent_age`: the policy's.

    Rows keep the order of the file, so training does not depend on the site's key.
    """
    examined = examine(folder, sheets, pseudonym_key=pseudonym_key, consent_age=consent_age)
    if not examined.findings.usable:
        raise DataFault(examined.findings.faults)
    return SiteData(tasks=examined.tasks, digest=digest_of_records(examined.tasks))


def load_asked(
    folder: Path,
    sheets: Sequence[TaskSheet],
    *,
    pseudonym_key: bytes,
    consent_age: int | None = None,
) -> tuple[SiteData, dict[str, str]]:
    """As `load`, with the records whose answer is not known yet in a part of their own (`rows.ASKED`); the digest is
    that of the others. And pseudonym to student, as the folder names her. For predictions at the site."""
    known = load(folder, sheets, pseudonym_key=pseudonym_key, consent_age=consent_age)
    examined = examine(
        folder, sheets, pseudonym_key=pseudonym_key, asked=True, consent_age=consent_age
    )
    if examined.dataset is None or not examined.findings.usable:
        raise DataFault(examined.findings.faults)
    return SiteData(examined.tasks, known.digest), _names(folder, examined.dataset, pseudonym_key)


def _names(folder: Path, dataset: Dataset, key: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for file in dataset.record_files:
        table, _faults = read(folder, file, dataset.missing)
        if table is not None:
            students = set(table.columns.get(dataset.student, ()))
            found |= {pseudonym(one, key): one for one in students if one}
    return found


def examine(
    folder: Path,
    sheets: Sequence[TaskSheet],
    *,
    pseudonym_key: bytes,
    asked: bool = False,
    consent_age: int | None = None,
) -> Examined:
    """Reads the whole folder and keeps going after a fault, so that one look tells them all."""
    dataset, faults = read_dataset(folder)
    if dataset is None:
        return Examined(None, Findings(faults, []))
    tables, faults = _tables(folder, dataset, pseudonym_key)
    faults += row_faults(dataset, tables)
    faults += media_faults(folder, dataset, tables)
    decided = consent.decide(dataset, tables, consent_age, datetime.now(UTC).date())
    faults += decided.faults
    split = _split(dataset, tables)
    tasks: dict[str, TaskData] = {}
    fits: list[Fit] = []
    for sheet in sheets:
        data, fit, found = map_sheet(
            folder, dataset, tables, split, sheet, decided.excluded, asked=asked
        )
        faults += found
        fits.append(fit)
        if data is not None and len(data.label):
            tasks[sheet.name] = data
    unique = list(dict.fromkeys(faults))
    findings = Findings(unique, fits, _excluded(decided), decided.nobody)
    return Examined(dataset, findings, tasks, _classes(dataset, tables), decided)


def _excluded(decided: Decided) -> dict[str, int]:
    """Reason to students, in the order of the reasons."""
    counts = Counter(decided.excluded.values())
    return {reason.sentence: counts[reason] for reason in Excluded if counts[reason]}


def drawn_split(who: str) -> str:
    """The part of a pseudonym where the folder names none: 70 % train, 10 % validation, 20 % test, for ever."""
    fraction = int(hashlib.sha256(f"split|{who}".encode()).hexdigest()[:12], 16) / 16**12
    if fraction < TEST_SHARE:
        return "test"
    return "validation" if fraction < TEST_SHARE + VALIDATION_SHARE else "train"


def digest_of_records(tasks: dict[str, TaskData]) -> str:
    """SHA-256 over every array and string, each with its length before it, so that none can flow into the next."""
    state = hashlib.sha256()
    for name in sorted(tasks):
        data = tasks[name]
        _add(state, name.encode(), digest_of(data.sheet).encode())
        for array in (data.numeric, data.categorical, data.label):
            _add(state, *_bytes(array))
        for strings in (data.student, data.class_code, data.term, data.split):
            _add(state, *(str(s).encode() for s in strings))
        for column in sorted(data.text):
            _add(state, column.encode(), *(s.encode() for s in data.text[column]))
        for column, events in sorted(data.events.items()):
            parts = (events.offsets, events.categorical, events.numeric)
            _add(state, column.encode(), *(part for array in parts for part in _bytes(array)))
        for column, media in sorted(data.media.items()):
            _add(state, column.encode(), *(one.encode() for one in media.digests))
        for name in sorted(data.groupings):
            _add(state, name.encode(), *(str(s).encode() for s in data.groupings[name]))
    return state.hexdigest()


def _bytes(array: npt.NDArray[Any]) -> tuple[bytes, bytes, bytes]:
    little = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False))
    return str(little.dtype.str).encode(), str(little.shape).encode(), little.tobytes()


def _add(state: Any, *parts: bytes) -> None:
    state.update(len(parts).to_bytes(8, "little"))
    for part in parts:
        state.update(len(part).to_bytes(8, "little"))
        state.update(part)


def _tables(folder: Path, dataset: Dataset, key: bytes) -> tuple[Tables, list[Fault]]:
    tables: Tables = {}
    faults: list[Fault] = []
    for file in dataset.files:
        table, found = read(folder, file, dataset.missing)
        faults += found
        if table is not None:
            tables[file] = pseudonymise(table, dataset.student, key)
    return tables, faults


def _split(dataset: Dataset, tables: Tables) -> dict[str, str]:
    """Pseudonym -> part."""
    parts: dict[str, str] = {}
    for file in dataset.record_files:
        table = tables.get(file)
        if table is None or dataset.student not in table.columns:
            continue
        students = table.columns[dataset.student]
        if dataset.split is None:
            parts.update((who, drawn_split(who)) for who in set(students))
        elif dataset.split in table.columns:
            parts.update(zip(students, table.columns[dataset.split], strict=True))
    return parts


def _classes(dataset: Dataset, tables: Tables) -> tuple[ClassCode, ...]:
    """Every class and term of the folder, sorted: what a site may offer if its policy lets it."""
    pairs: set[tuple[str, str]] = set()
    for file in dataset.record_files:
        table = tables.get(file)
        if table and {dataset.class_column, dataset.term} <= set(table.columns):
            columns = (table.columns[dataset.class_column], table.columns[dataset.term])
            pairs.update(zip(*columns, strict=True))
    return tuple(_code(code, term) for code, term in sorted(pairs) if _good(code, term))


def _code(code: str, term: str) -> ClassCode:
    return ClassCode(code=code, term=term)


def _good(code: str, term: str) -> bool:
    try:
        _code(code, term)
    except ValueError:
        return False
    return True
