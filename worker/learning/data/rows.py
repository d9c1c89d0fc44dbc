"""What must hold of the rows whatever is predicted: keys, classes, terms, splits, declared kinds, no row twice."""

from collections.abc import Callable, Iterable

from worker.learning.data.document import nearest
from worker.learning.data.findings import Fault, told
from worker.learning.data.schema import Dataset
from worker.learning.data.tables import Table
from worker.learning.data.values import numbers
from worker.protocol.messages import ClassCode
from worker.protocol.text import _

SPLITS = ("train", "validation", "test")
ASKED = "asked"
"""The part of records whose answer is not known yet. They are there only where predictions are made."""
Tables = dict[str, Table]


def row_faults(dataset: Dataset, tables: Tables) -> list[Fault]:
    """Every fault of the rows, file by file. Only files that could be read are in `tables`."""
    faults: list[Fault] = []
    for table in tables.values():
        faults += _columns_missing(dataset, table)
        faults += _kinds(dataset, table)
        faults += _twice(dataset, table)
        if table.file in dataset.record_files:
            faults += _students(dataset, table)
            faults += _codes(dataset, table)
            faults += _split_names(dataset, table)
    faults += _split_crossings(dataset, tables) + _labels(dataset, tables)
    return faults + _strays(dataset, tables)


def _places(table: Table, column: str, bad: Callable[[str], bool]) -> list[int]:
    return [i for i, cell in enumerate(table.columns.get(column, ())) if bad(cell)]


def _tell(
    table: Table, column: str | None, places: list[int], what: Callable[[int], str], fix: str
) -> list[Fault]:
    rows = [place + table.first for place in places]
    return told(rows, lambda r: Fault(table.file, r, column, what(r - table.first), fix))


def _needed(dataset: Dataset, file: str) -> Iterable[str]:
    """The columns this file must have, as dataset.yaml uses it."""
    several = len(dataset.files) > 1
    if file in dataset.record_files:
        yield from (dataset.student, dataset.class_column, dataset.term)
        if dataset.split:
            yield dataset.split
    if several or dataset.key:
        yield from dataset.join
    if file in dataset.events:
        yield dataset.events[file]
    for modality in dataset.modalities:
        if modality.file == file:
            yield from modality.columns
    for task in dataset.tasks.values():
        if dataset.file_of(task) == file and task.kind != "next_answer":
            yield task.label
            yield from filter(None, task.traits.values())


def _columns_missing(dataset: Dataset, table: Table) -> list[Fault]:
    wanted = dict.fromkeys(_needed(dataset, table.file))
    fix = _("Add the column or correct its name in dataset.yaml.")
    return [
        Fault(
            table.file,
            None,
            column,
            _("The column is missing."),
            fix + nearest(column, list(table.columns)),
        )
        for column in wanted
        if column not in table.columns
    ]


def _kinds(dataset: Dataset, table: Table) -> list[Fault]:
    numeric = [
        column
        for modality in dataset.modalities
        if modality.file == table.file
        for column, kind in modality.columns.items()
        if kind == "numeric"
    ]
    if table.file in dataset.events:
        numeric.append(dataset.events[table.file])
    return [fault for column in numeric for fault in _not_numbers(table, column)]


def _not_numbers(table: Table, column: str) -> list[Fault]:
    cells = table.columns.get(column, [])
    fix = _("Write a plain number with a point, leave it empty, or list its spelling in `missing`.")
    return _tell(
        table,
        column,
        numbers(cells)[1],
        lambda place: _("{value!r} is not a number.").format(value=cells[place][:40]),
        fix,
    )


def _twice(dataset: Dataset, table: Table) -> list[Fault]:
    wanted = dataset.join
    if table.file in dataset.events:
        wanted = (*wanted, dataset.events[table.file])
    join = [c for c in wanted if c in table.columns]
    if len(join) != len(wanted):
        return []
    seen: dict[tuple[str, ...], int] = {}
    places: list[int] = []
    for place, key in enumerate(zip(*(table.columns[c] for c in join), strict=True)):
        if key[0] and seen.setdefault(key, place) != place:
            places.append(place)
    keys = list(zip(*(table.columns[c] for c in join), strict=True))
    names = ", ".join(join)
    return _tell(
        table,
        None,
        places,
        lambda place: _("This row repeats row {row}: the same {columns}.").format(
            row=seen[keys[place]] + table.first, columns=names
        ),
        _("Delete one, or name in `key` the columns that tell them apart."),
    )


def _students(dataset: Dataset, table: Table) -> list[Fault]:
    return _tell(
        table,
        dataset.student,
        _places(table, dataset.student, lambda cell: not cell),
        lambda _place: _("The student id is empty."),
        _("Fill in the id or delete the row."),
    )


def _codes(dataset: Dataset, table: Table) -> list[Fault]:
    faults: list[Fault] = []
    for column in (dataset.class_column, dataset.term):
        cells = table.columns.get(column, [])
        good = {cell: _is_code(cell) for cell in set(cells)}
        faults += _tell(
            table,
            column,
            _places(table, column, lambda cell, good=good: not good[cell]),  # type: ignore[misc]
            lambda place, cells=cells: (  # type: ignore[misc]
                _("{value!r} is not a code.").format(value=cells[place][:70])
                if cells[place]
                else _("The code is empty.")
            ),
            _("Use up to 60 letters, digits, spaces and . _ / -, the first a letter or digit."),
        )
    return faults


def _is_code(cell: str) -> bool:
    try:
        ClassCode(code=cell, term=cell)
    except ValueError:
        return False
    return True


def _split_names(dataset: Dataset, table: Table) -> list[Fault]:
    if not dataset.split:
        return []
    cells = table.columns.get(dataset.split, [])
    return _tell(
        table,
        dataset.split,
        _places(table, dataset.split, lambda cell: cell not in SPLITS),
        lambda place: _("{value!r} is no part of a split.").format(value=cells[place][:40]),
        _("Write train, validation or test; or remove `split` and the site draws it."),
    )


def _split_crossings(dataset: Dataset, tables: Tables) -> list[Fault]:
    """A student in train and test would make the test too easy."""
    if not dataset.split:
        return []
    first: dict[str, str] = {}
    faults: list[Fault] = []
    for file in dataset.record_files:
        table = tables.get(file)
        if table is None or not {dataset.student, dataset.split} <= set(table.columns):
            continue
        pairs = zip(table.columns[dataset.student], table.columns[dataset.split], strict=True)
        crossing = [
            i for i, (who, part) in enumerate(pairs) if who and first.setdefault(who, part) != part
        ]
        faults += _tell(
            table,
            dataset.split,
            crossing,
            lambda _place: _("This student stands in two parts of the split."),
            _("Give all rows of a student the same part."),
        )
    return faults


def _labels(dataset: Dataset, tables: Tables) -> list[Fault]:
    faults: list[Fault] = []
    for task in dataset.tasks.values():
        table = tables.get(dataset.file_of(task))
        if table is None:
            continue
        if task.kind in ("regression", "rubric"):
            for column in dict.fromkeys([task.label, *filter(None, task.traits.values())]):
                faults += _not_numbers(table, column)
    return faults


def _strays(dataset: Dataset, tables: Tables) -> list[Fault]:
    """Events of no record: worth knowing, for a wrong id or term hides there."""
    faults: list[Fault] = []
    join = dataset.join
    known: set[tuple[str, ...]] = set()
    for file in dataset.record_files:
        table = tables.get(file)
        if table is None or not set(join) <= set(table.columns):
            return []
        known.update(zip(*(table.columns[c] for c in join), strict=True))
    for file in dataset.events:
        table = tables.get(file)
        if table is None or not set(join) <= set(table.columns):
            continue
        keys = zip(*(table.columns[c] for c in join), strict=True)
        rows = [place + table.first for place, key in enumerate(keys) if key not in known]
        what = _("This event belongs to no record: no record has the same {columns}.")
        said = what.format(columns=", ".join(join))
        fix = _("Correct the row, or leave it: it is not used.")
        faults += told(rows, lambda r, t=table, w=said, f=fix: Fault(t.file, r, None, w, f, False))  # type: ignore[misc]
    return faults
