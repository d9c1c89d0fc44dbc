"""`data check` for people: every fault with a fix, and per task sheet what fits and what drops out."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from worker.learning.data.document import plain, read_tree
from worker.learning.data.findings import DataFault, Fault, Findings, Fit
from worker.learning.data.folder import examine
from worker.protocol.messages import ClassCode
from worker.protocol.tasks import TaskSheet
from worker.protocol.text import _, ngettext

__all__ = ["Fault", "Findings", "Fit", "check", "classes", "describe", "inspect", "read_sheets"]


def check(folder: Path, sheets: Sequence[TaskSheet] = ()) -> list[Fault]:
    """Every fault, in reading order; those that do not block say so."""
    return inspect(folder, sheets).faults


def inspect(
    folder: Path, sheets: Sequence[TaskSheet] = (), consent_age: int | None = None
) -> Findings:
    """Faults, one `Fit` per sheet, and who takes no part (`consent_age`: the policy's). Uses a key that is thrown away:
    nothing here can name a student later."""
    key = secrets.token_bytes(32)
    return examine(folder, sheets, pseudonym_key=key, consent_age=consent_age).findings


def classes(folder: Path) -> tuple[ClassCode, ...]:
    """The class codes and terms of the folder, to offer them to the hub where the policy allows it."""
    return examine(folder, (), pseudonym_key=secrets.token_bytes(32)).classes


def read_sheets(path: Path) -> tuple[TaskSheet, ...]:
    """Task sheets from YAML or JSON: one sheet, or `tasks:` with several. Raises `DataFault` with the lines."""
    if not path.is_file():
        fix = _("Name a task sheet: YAML or JSON, as the federation's page offers it.")
        raise DataFault([Fault(path.name, None, None, _("The file is missing."), fix)])
    tree, faults = read_tree(path)
    if faults or tree is None:
        raise DataFault(faults)
    value = plain(tree)
    entries: list[Any] = value["tasks"] if isinstance(value.get("tasks"), list) else [value]
    sheets: list[TaskSheet] = []
    for entry in entries:
        try:
            sheets.append(TaskSheet.model_validate(_nulls(entry)))
        except ValidationError as error:
            faults += [_sheet_fault(path.name, e) for e in error.errors()]
    if faults:
        raise DataFault(faults)
    return tuple(sheets)


def _nulls(entry: Any) -> Any:
    """Fields that may be absent and are written as nothing, of the sheet and of what it lists."""
    if isinstance(entry, list):
        return [_nulls(one) for one in entry]
    if not isinstance(entry, dict):
        return entry
    return {k: _nulls(v) for k, v in entry.items() if v not in ("", "null", "~")}


def _sheet_fault(file: str, error: Any) -> Fault:
    where = ".".join(str(part) for part in error["loc"])
    what = (where + ": " if where else "") + error["msg"].removeprefix("Value error, ") + "."
    return Fault(file, None, None, what, _("Fetch the sheet anew from the federation's page."))


def describe(
    faults: Sequence[Fault],
    fits: Iterable[Fit] = (),
    excluded: Mapping[str, int] | None = None,
    *,
    nobody: bool = False,
) -> str:
    """For a terminal: a sentence that sums up, then faults, hints, who takes no part, then the sheets."""
    blocking = [f for f in faults if f.blocks]
    hints = [f for f in faults if not f.blocks]
    if blocking:
        head = ngettext(
            "The folder cannot be used yet: {count} fault.",
            "The folder cannot be used yet: {count} faults.",
            len(blocking),
        ).format(count=len(blocking))
    elif nobody:
        head = _("The folder can be read, and would train nobody.")
    else:
        head = _("The folder can be used.")
    lines = [head]
    for title, found in ((_("Faults"), blocking), (_("Worth knowing"), hints)):
        if found:
            lines += ["", title, *(line for f in found for line in _fault_lines(f))]
    if excluded:
        lines += ["", _("Who takes no part"), *_excluded_lines(excluded)]
    for fit in fits:
        lines += ["", *_fit_lines(fit)]
    return "\n".join(lines) + "\n"


def _excluded_lines(excluded: Mapping[str, int]) -> list[str]:
    lines = []
    for reason, count in excluded.items():
        said = ngettext("{count} student: {reason}.", "{count} students: {reason}.", count)
        lines.append("  " + said.format(count=count, reason=reason))
    return [*lines, "  " + _("These numbers stay here.")]


def _fault_lines(fault: Fault) -> list[str]:
    unit = _("row") if fault.file.endswith((".csv", ".gz", ".parquet")) else _("line")
    place = [fault.file]
    if fault.row is not None:
        place.append(f"{unit} {fault.row}")
    if fault.column is not None:
        place.append(_("column {name}").format(name=fault.column))
    return [f"  {', '.join(place)}: {fault.what}", f"      {fault.fix}"]


def _fit_lines(fit: Fit) -> list[str]:
    if not fit.usable:
        lines = [_("Task {task}: does not fit. {reason}").format(task=fit.task, reason=fit.reason)]
    else:
        lines = [
            _("Task {task}: fits, {records} of {rows} rows.").format(
                task=fit.task, records=fit.records, rows=fit.rows
            )
        ]
    if fit.splits:
        parts = ", ".join(f"{part} {count}" for part, count in fit.splits.items())
        lines.append("  " + _("Parts: {parts}.").format(parts=parts))
    for reason, count in fit.dropped.items():
        said = ngettext(
            "{count} row drops out: {reason}.", "{count} rows drop out: {reason}.", count
        )
        lines.append("  " + said.format(count=count, reason=reason))
    for name, column in fit.present.items():
        share = fit.missing.get(name, 0.0)
        gap = _(", {share:.0%} missing").format(share=share) if share else ""
        lines.append(f"  {name} ← {column}{gap}")
    if fit.absent and fit.rows:
        said = _("Not here, so the model sees them as missing: {names}.")
        lines.append("  " + said.format(names=", ".join(fit.absent)))
    return lines
