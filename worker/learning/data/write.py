"""Writes data folders: used by the importers and by the campus generator. The same input gives the same bytes."""

import csv
import gzip
import io
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from worker.learning.data.schema import DATASET
from worker.protocol.tasks import TaskSheet
from worker.protocol.text import _

Columns = Mapping[str, Sequence[Any]]


class DestinationInUse(ValueError):
    """The folder to write into holds something already; nothing was written."""


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A folder to write into; it becomes `folder` at the end, or leaves no trace where an error ends it.

    Raises `DestinationInUse`, before anything is written, rather than mix with what lies there.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DestinationInUse(_in_use(folder))
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    part.mkdir(parents=True)
    try:
        yield part
        if folder.exists():
            folder.rmdir()
        part.replace(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _in_use(folder: Path) -> str:
    if folder.is_dir() and any(folder.glob(f"*/{DATASET}")):
        said = _("{folder} holds data folders already, so nothing was written. Name a new folder.")
    else:
        said = _("{folder} is not empty, so nothing was written. Name a new folder.")
    return said.format(folder=folder)


def write_dataset(folder: Path, dataset: Mapping[str, Any], tables: Mapping[str, Columns]) -> None:
    """`dataset.yaml` and its tables; the YAML last, so that a folder with one is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, columns in tables.items():
        place(folder / file, _table(file, columns))
    said = yaml.safe_dump(dict(dataset), sort_keys=False, allow_unicode=True, width=100)
    place(folder / DATASET, said.encode())


def write_sheets(folder: Path, sheets: Iterable[TaskSheet]) -> list[Path]:
    """One JSON file per sheet, named by the task."""
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for sheet in sheets:
        paths.append(folder / f"{sheet.name}.json")
        said = json.dumps(sheet.model_dump(mode="json"), indent=2, ensure_ascii=False)
        place(paths[-1], (said + "\n").encode())
    return paths


def place(path: Path, content: bytes) -> None:
    """Whole or not at all: a reader never sees half a file."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)


def _table(file: str, columns: Columns) -> bytes:
    if file.endswith(".parquet"):
        return _parquet(columns)
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    content = target.getvalue().encode()
    return gzip.compress(content, mtime=0) if file.endswith(".gz") else content


def _parquet(columns: Columns) -> bytes:
    import pyarrow
    import pyarrow.parquet

    plain = {name: [None if v == "" else v for v in values] for name, values in columns.items()}
    target = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(pyarrow.table(plain), target)
    return bytes(target.getvalue())
