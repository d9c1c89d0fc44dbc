"""The numbers a model reads, from the cells of a view. Faults found on the way are told to the view."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from worker.learning.data.document import nearest
from worker.learning.data.findings import SHOWN, Fault, told
from worker.learning.data.records import Floats, Integers, Media
from worker.learning.data.values import numbers
from worker.learning.data.view import View, picked
from worker.protocol.tasks import Input
from worker.protocol.text import _

FAR_MEAN = 10.0
"""A site's mean this many standard deviations off is a hint at another unit, not at another school."""


def labels(
    view: View,
) -> tuple[npt.NDArray[np.float32] | npt.NDArray[np.int64], dict[str, int], npt.NDArray[np.bool_]]:
    """Labels, rows left out by reason, and which rows stay."""
    if view.sheet.kind == "next_answer":
        count = view.table.rows
        return np.zeros(count, np.int64), {}, np.ones(count, bool)
    if view.sheet.numeric_answer:
        found = np.stack([_answer(view, name) for name in view.sheet.answers], axis=1)
        keep: npt.NDArray[np.bool_] = np.any(np.isfinite(found), axis=1)
        scaled = ((found - view.sheet.label_mean) / view.sheet.label_sd).astype(np.float32)
        shaped = scaled if view.sheet.kind == "rubric" else scaled[:, 0]
        return shaped, _counted({_("no label"): int((~keep).sum())}), keep
    cells = view.table.columns[view.task.label]
    codes = {value: k for k, value in enumerate(view.sheet.labels)}
    meant = [view.task.labels.get(cell, cell) if cell else "" for cell in cells]
    known = np.array([codes.get(value, -1) for value in meant], dtype=np.int64)
    unknown = [i for i, value in enumerate(meant) if value and value not in codes]
    fix = _("Map it under tasks.{task}.labels (empty: leave the row out). The sheet takes: {all}.")
    said = fix.format(task=view.sheet.name, all=", ".join(view.sheet.labels))
    view.faults += told(
        [i + view.table.first for i in unknown],
        lambda row: Fault(
            view.table.file,
            row,
            view.task.label,
            _("{value!r} is no label of task {task}.").format(
                value=meant[row - view.table.first][:40], task=view.sheet.name
            ),
            said,
        ),
    )
    bare = sum(not cell for cell in cells)
    left = sum(bool(cell) and not value for cell, value in zip(cells, meant, strict=True))
    dropped = {_("no label"): bare, _("left out by your label mapping"): left}
    return known, _counted(dropped), known >= 0


def bare(view: View) -> npt.NDArray[np.bool_]:
    """Rows whose answer is not known yet: no label, or no number for any trait."""
    if view.sheet.kind == "next_answer":
        return np.zeros(view.table.rows, bool)
    if view.sheet.numeric_answer:
        found = np.stack([_answer(view, name) for name in view.sheet.answers], axis=1)
        return np.asarray(np.all(np.isnan(found), axis=1))
    return np.array([not cell for cell in view.table.columns[view.task.label]], bool)


def _answer(view: View, name: str) -> npt.NDArray[np.float64]:
    """(n,) numbers of one column of the answer, NaN where it is empty or not judged here."""
    column = view.task.column_of(name, view.sheet)
    if column is None or column not in view.table.columns:
        return np.full(view.table.rows, np.nan)
    return numbers(view.table.columns[column])[0]


def _counted(dropped: dict[str, int]) -> dict[str, int]:
    return {reason: count for reason, count in dropped.items() if count}


def numeric(view: View, rows: list[int]) -> Floats:
    wanted = [i for i in view.sheet.inputs if i.kind == "numeric"]
    made = np.full((len(rows), len(wanted)), np.nan, dtype=np.float32)
    for k, entry in enumerate(wanted):
        if entry.name not in view.cells:
            continue
        raw = numbers(picked(view.cells[entry.name], rows))[0]
        made[:, k] = ((raw - entry.mean) / entry.sd).astype(np.float32)
        there = made[:, k][np.isfinite(made[:, k])]
        if len(there) and abs(float(there.mean())) > FAR_MEAN:
            what = _("The values are far from what the sheet expects (mean {mean:g} {unit}).")
            fix = _("Compare the unit with the sheet's.")
            said = what.format(mean=entry.mean, unit=entry.unit).replace(" )", ")")
            view.fault(view.columns[entry.name], said, fix, blocks=False)
    return made


def categorical(view: View, rows: list[int]) -> Integers:
    wanted = [i for i in view.sheet.inputs if i.kind == "categorical"]
    made = np.zeros((len(rows), len(wanted)), dtype=np.int64)
    for k, entry in enumerate(wanted):
        meant = view.task.values.get(entry.name, {})
        codes = {value: n for n, value in enumerate(entry.values, 1)}
        for ours, theirs in meant.items():
            if theirs and theirs not in codes:
                what = _("Task {task}: {value!r} is no value of input {name}.")
                said = what.format(task=view.sheet.name, value=theirs, name=entry.name)
                fix = _("Correct what {ours!r} maps to.").format(ours=ours)
                view.fault(None, said, fix + nearest(theirs, entry.values))
        if entry.name in view.cells:
            cells = [meant.get(c, c) for c in picked(view.cells[entry.name], rows)]
            made[:, k] = [codes.get(cell, 0) for cell in cells]
            tell_unseen(view, entry.name, view.columns[entry.name], codes, cells)
    return made


def tell_unseen(
    view: View, name: str, column: str | None, codes: Mapping[str, int], cells: Iterable[str]
) -> None:
    unseen = Counter(cell for cell in cells if cell and cell not in codes)
    if not unseen:
        return
    shown = ", ".join(f"{v[:40]!r} ({n})" for v, n in unseen.most_common(SHOWN))
    more = _(" and {count} others").format(count=len(unseen) - SHOWN) if len(unseen) > SHOWN else ""
    what = _("{rows} rows have a value that the sheet does not list: {shown}{more}.")
    said = what.format(rows=unseen.total(), shown=shown, more=more)
    fix = _("Map them under tasks.{task}.values.{name}; else they count as missing.")
    view.fault(column, said, fix.format(task=view.sheet.name, name=name), blocks=False)


def text(view: View, rows: list[int]) -> dict[str, list[str]]:
    wanted = [i.name for i in view.sheet.inputs if i.kind == "text"]
    return {name: picked(view.cells.get(name, []), rows) for name in wanted}


def media(view: View, rows: list[int]) -> dict[str, Media]:
    """Every audio and image input, with digests of what the files hold now."""
    found = {}
    for wanted in view.sheet.inputs:
        if wanted.kind in ("audio", "image"):
            names = picked(view.cells.get(wanted.name, []), rows)
            found[wanted.name] = files_of(view.folder, names)
            _check_bands(view, wanted, found[wanted.name].paths)
    return found


def files_of(folder: Path, names: Iterable[str]) -> Media:
    """`names` of files in the folder, "" = none."""
    paths = tuple(str(folder / name) if name else "" for name in names)
    digests = {path: _digest(path) for path in dict.fromkeys(paths)}
    return Media(paths, tuple(digests[path] for path in paths))


def _digest(path: str) -> str:
    """ "" for a file that is not there: the check of the folder tells it."""
    if not path or not Path(path).is_file():
        return ""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_bands(view: View, wanted: Input, paths: tuple[str, ...]) -> None:
    """Ready arrays have the bands that the sheet names; waveforms are made to."""
    odd = [
        path for path in paths if path.endswith(".npy") and _bands(path) not in (None, wanted.bands)
    ]
    if odd:
        what = _("{rows} recordings have {ours} bands; input {name} of the sheet has {theirs}.")
        said = what.format(
            rows=len(odd), ours=_bands(odd[0]), name=wanted.name, theirs=wanted.bands
        )
        view.fault(view.columns[wanted.name], said, _("Make the arrays anew, or give WAV files."))


def _bands(path: str) -> int | None:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError):
        return None
    return int(array.shape[-1]) if array.ndim == 2 else None
