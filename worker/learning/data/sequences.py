"""Events: a file with many rows for one record, put in order and cut to the length a sheet asks for."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from worker.learning.data import arrays
from worker.learning.data.records import Events, Floats, Integers
from worker.learning.data.rows import Tables
from worker.learning.data.schema import ModalityFile
from worker.learning.data.tables import Table
from worker.learning.data.values import numbers
from worker.learning.data.view import View
from worker.protocol.tasks import EventColumn, Input
from worker.protocol.text import _

Pieces = list[tuple[int, int, int]]
"""(row of the table, first event, end): what becomes one record."""


def gather(view: View, tables: Tables, wanted: Input) -> None:
    """Notes which events each row has, and where each event column stands here."""
    named = {c.name: _column(view, wanted, c) for c in wanted.columns}
    places = {c: view.dataset.place_of(column) for c, column in named.items() if column is not None}
    lacking = [c for c in named if places.get(c) is None or places[c].kind != "events"]  # type: ignore[union-attr]
    if lacking:
        if any(f"{wanted.name}.{c}" in view.task.inputs for c in lacking):
            what = _("Task {task}: no modality of events lists the column {column} for {name}.")
            said = what.format(task=view.sheet.name, column=named[lacking[0]], name=lacking[0])
            view.fault(named[lacking[0]], said, _("List or correct it."))
        return
    files = {place.file: place for place in places.values() if place is not None}
    if len(files) > 1:
        what = _("The columns of the input {name} stand in several files of events.")
        view.fault(None, what.format(name=wanted.name), _("Put them into one file."))
        return
    place = next(iter(files.values()))
    if not _kinds_agree(view, wanted, place, named):
        return
    table = tables.get(place.file)
    found = None if table is None else _by_record(view, table, place)
    if found is None:
        return
    view.events[wanted.name] = found
    view.cells[wanted.name] = [str(len(events)) if events else "" for events in found]
    view.columns[wanted.name] = place.file


def _column(view: View, wanted: Input, column: EventColumn) -> str | None:
    return view.task.inputs.get(f"{wanted.name}.{column.name}", column.name)


def _kinds_agree(
    view: View, wanted: Input, place: ModalityFile, named: dict[str, str | None]
) -> bool:
    for column in wanted.columns:
        ours = place.columns[named[column.name] or ""]
        if ours != column.kind:
            what = _("Column {column} is {ours} here; input {name} of the sheet is {theirs}.")
            said = what.format(
                column=named[column.name], ours=ours, name=wanted.name, theirs=column.kind
            )
            view.fault(named[column.name], said, _("Correct the kind."))
            return False
    return True


def _by_record(view: View, table: Table, place: ModalityFile) -> list[list[int]] | None:
    join = view.dataset.join
    if not (
        {*join, *place.columns, place.order} <= {*table.columns}
        and {*join} <= {*view.table.columns}
    ):
        return None
    when = numbers(table.columns[place.order or ""])[0]
    events: dict[tuple[str, ...], list[int]] = {}
    keys = list(zip(*(table.columns[c] for c in join), strict=True))
    for row in np.argsort(when, kind="stable"):
        events.setdefault(keys[int(row)], []).append(int(row))
    ours = zip(*(view.table.columns[c] for c in join), strict=True)
    return [events.get(key, []) for key in ours]


def pieces(view: View, rows: list[int]) -> Pieces:
    """One record for each row; of a next answer one for each piece of its events, none with a single event."""
    if view.sheet.kind != "next_answer":
        return [(row, 0, 0) for row in rows]
    wanted = view.sheet.inputs[0]
    found = []
    for row in rows:
        count = len(view.events[wanted.name][row])
        edges = [*range(0, count, wanted.length), count]
        found += [(row, start, end) for start, end in pairwise(edges) if end - start > 1]
    return found


def read(view: View, tables: Tables, given: Pieces) -> dict[str, Events]:
    """Every events input of the sheet; sequences of an input that the folder lacks are empty."""
    return {
        one.name: _events(view, tables, one, given)
        for one in view.sheet.inputs
        if one.kind == "events"
    }


def _events(view: View, tables: Tables, wanted: Input, given: Pieces) -> Events:
    spans: list[list[int]] = []
    for row, start, end in given:
        own = view.events[wanted.name][row] if wanted.name in view.events else []
        spans.append(own[start:end] if end else own[-wanted.length :])
    rows = [place for span in spans for place in span]
    offsets = np.concatenate([[0], np.cumsum([len(span) for span in spans])]).astype(np.int64)
    table = tables.get(view.columns.get(wanted.name, ""))

    def cells(column: EventColumn) -> list[str]:
        name = _column(view, wanted, column)
        return [table.columns[name or ""][i] for i in rows] if table is not None else []

    known = [c for c in wanted.columns if c.kind == "categorical"]
    counted = [c for c in wanted.columns if c.kind == "numeric"]
    codes = np.zeros((len(rows), len(known)), np.int64)
    for k, column in enumerate(known):
        codes[:, k] = _codes(view, wanted, column, cells(column))
    values = np.full((len(rows), len(counted)), np.nan, np.float32)
    for k, column in enumerate(counted):
        values[:, k] = (numbers(cells(column))[0] - column.mean) / column.sd
    _check_answers(view, wanted, counted, values)
    return Events(offsets, codes, values)


def _codes(view: View, wanted: Input, column: EventColumn, cells: Sequence[str]) -> Integers:
    meant = view.task.values.get(f"{wanted.name}.{column.name}", {})
    codes = {value: n for n, value in enumerate(column.values, 1)}
    said = [meant.get(cell, cell) for cell in cells]
    arrays.tell_unseen(view, column.name, _column(view, wanted, column), codes, said)
    return np.array([codes.get(cell, 0) for cell in said], np.int64)


def _check_answers(view: View, wanted: Input, counted: list[EventColumn], values: Floats) -> None:
    """A next answer is 0 or 1, and always there."""
    if view.sheet.kind != "next_answer":
        return
    place = [c.name for c in counted].index(view.sheet.label)
    odd = int((~np.isin(values[:, place], (0.0, 1.0))).sum())
    if odd:
        what = _("{rows} events have an answer that is not 0 or 1.")
        view.fault(view.sheet.label, what.format(rows=odd), _("Write 0 for wrong and 1 for right."))
