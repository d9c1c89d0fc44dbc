"""Which students' records may be used: decided here, on the folder's own columns, before anything is mapped.

One row that says no is enough for all rows of the student, in every task and file. Without a section `consent` in
dataset.yaml every record may be used, but where the policy names an age of consent: then every age is unknown.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from worker.learning.data.findings import Fault, told
from worker.learning.data.rows import Tables
from worker.learning.data.schema import DATASET, Consent, Dataset
from worker.learning.data.tables import Table
from worker.protocol.text import _


class Excluded(StrEnum):
    """Why a student's records are left out, the first that holds in this order."""

    OPTED_OUT = "opted-out"
    NO_CONSENT = "no-consent"
    NO_PARENT = "no-parental-consent"
    AGE_UNKNOWN = "age-unknown"
    SPECIAL = "special-category"

    @property
    def sentence(self) -> str:
        return {
            Excluded.OPTED_OUT: _("the student, or a parent, objected"),
            Excluded.NO_CONSENT: _("no consent of the student is recorded"),
            Excluded.NO_PARENT: _("under the age of consent, and no parent has agreed"),
            Excluded.AGE_UNKNOWN: _("the age is unknown, and no parent has agreed"),
            Excluded.SPECIAL: _("a special category that the folder keeps out"),
        }[self]


_RANK = {reason: place for place, reason in enumerate(Excluded)}


@dataclass(frozen=True)
class Decided:
    """`excluded`: pseudonym to reason; `students`: everyone the folder names."""

    students: frozenset[str] = frozenset()
    excluded: dict[str, Excluded] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    @property
    def nobody(self) -> bool:
        """There are students, and all are left out."""
        return bool(self.students) and self.students <= self.excluded.keys()


def decide(dataset: Dataset, tables: Tables, consent_age: int | None, today: date) -> Decided:
    """`consent_age`: what the policy here composes; the folder may raise it, never lower it."""
    rules = dataset.consent
    if rules is None and consent_age is not None:
        rules = Consent()
    students: set[str] = set()
    excluded: dict[str, Excluded] = {}
    faults: list[Fault] = []
    for file in dataset.record_files:
        table = tables.get(file)
        if table is None or dataset.student not in table.columns:
            continue
        own = table.columns[dataset.student]
        students.update(own)
        if rules is None or (file != dataset.records and not _has(rules, table)):
            continue
        faults += _missing(rules, table)
        age = max((a for a in (rules.age_of_consent, consent_age) if a is not None), default=None)
        ages, wrong = _ages(rules, table, today)
        faults += wrong
        for place, who in enumerate(own):
            for reason in _reasons(rules, table, place, ages[place], age):
                known = excluded.get(who)
                if known is None or _RANK[reason] < _RANK[known]:
                    excluded[who] = reason
    found = Decided(frozenset(students), excluded, tuple(faults))
    if not found.nobody or faults:
        return found
    return replace(found, faults=(_nobody(dataset.consent is None, consent_age),))


def _nobody(silent: bool, consent_age: int | None) -> Fault:
    """Deliberate, and easily overlooked: nothing is wrong with the folder, and it trains nothing."""
    if silent:
        what = _(
            "Nobody takes part: the policy accepted here names {n} as the age of consent, and this file says nothing "
            "of ages or consent, so every age is unknown."
        ).format(n=consent_age)
        fix = _(
            "Name under `consent` the columns of ages and of parents' answers, or `everyone_of_age: true` where nobody "
            "is under age (docs/data.md, “Who takes part”)."
        )
    else:
        what = _("Nobody takes part: what stands under `consent` leaves every student out.")
        fix = _(
            "See below for which reasons, and whether its columns and cells are the right ones."
        )
    return Fault(DATASET, None, None, what, fix, blocks=False)


def _has(rules: Consent, table: Table) -> bool:
    return any(column in table.columns for column in rules.columns)


def _missing(rules: Consent, table: Table) -> Iterator[Fault]:
    """A column that decides who may train and is not there stops everything: nothing is guessed."""
    for column in rules.columns:
        if column not in table.columns:
            fix = _("Add the column, or correct its name under `consent` in dataset.yaml.")
            what = _("The column that says who may take part is missing.")
            yield Fault(table.file, None, column, what, fix)


def _reasons(
    rules: Consent, table: Table, place: int, age: int | None, least: int | None
) -> Iterator[Excluded]:
    def said(column: str | None, values: tuple[str, ...]) -> bool:
        return column is not None and _cell(table, column, place) in values

    if rules.opt_out is not None and said(rules.opt_out.column, rules.opt_out.values):
        yield Excluded.OPTED_OUT
    own = rules.student
    if own is not None and not said(own.column, own.values):
        yield Excluded.NO_CONSENT
    parent = rules.parent
    agreed = parent is not None and said(parent.column, parent.values)
    if rules.everyone_of_age:
        least = None
    if least is not None and not agreed:
        if age is None:
            yield Excluded.AGE_UNKNOWN
        elif age < least:
            yield Excluded.NO_PARENT
    elif parent is not None and not agreed and not rules.everyone_of_age and least is None:
        yield Excluded.NO_PARENT
    for column, values in rules.special.items():
        if said(column, values):
            yield Excluded.SPECIAL


def _cell(table: Table, column: str, place: int) -> str:
    cells = table.columns.get(column)
    return cells[place] if cells is not None else ""


def _ages(rules: Consent, table: Table, today: date) -> tuple[list[int | None], list[Fault]]:
    """Whole years on this day; None where the cell is empty. A cell that is no age or day is a fault."""
    column = rules.birth_date or rules.age
    cells = table.columns.get(column or "", [""] * table.rows)
    ages: list[int | None] = []
    wrong: list[int] = []
    for place, cell in enumerate(cells):
        try:
            ages.append(_age(cell, rules.birth_date is not None, today))
        except ValueError:
            ages.append(None)
            wrong.append(place + table.first)
    what = _("This is no age in years.")
    if rules.birth_date is not None:
        what = _("This is no day such as 2011-05-30.")
    fix = _("Correct it, or leave it empty: then the age counts as unknown.")
    return ages, told(wrong, lambda row: Fault(table.file, row, column, what, fix))


def _age(cell: str, born: bool, today: date) -> int | None:
    if not cell:
        return None
    if born:
        day = date.fromisoformat(cell)
        return today.year - day.year - ((today.month, today.day) < (day.month, day.day))
    years = int(cell)
    if not 0 <= years <= 130:
        raise ValueError(cell)
    return years
