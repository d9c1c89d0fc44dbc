"""Inputs of a public set: their kinds, which of them are sensitive, their scaling; and the sheets made of them.

In a federation each site would send n, sum and sum of squares per column, where its policy lets these out; an
importer adds up the same three numbers per site, because the set is public, and writes the result into the sheet.
A sensitive field is no input by default: it is left out of the folder, unless the person asks for it, and then it is
an input of a second sheet only, named `...-reference`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, Literal

from worker.protocol.tasks import MODALITY_OF, Input, Metric, TaskSheet


@dataclass(frozen=True)
class Field:
    """One input, under the same name in the folder and in the sheet."""

    name: str
    kind: Literal["numeric", "categorical", "text", "audio"] = "numeric"
    unit: str = ""
    values: tuple[str, ...] = ()
    sensitive: bool = False
    scale: tuple[float, float] = (0.0, 1.0)
    """Of a recording's log-mel bands, in dB: the same for every site, and known without a look at theirs."""


class Scaling:
    """Mean and deviation per column from the moments of each site's training rows, six digits kept."""

    def __init__(self, columns: Iterable[str]) -> None:
        self._columns = tuple(columns)
        self._sums: dict[str, dict[str, list[float]]] = {c: {} for c in self._columns}

    def add(self, site: str, rows: Iterable[Mapping[str, str]]) -> None:
        """Rows of one site; those outside the training part, and empty cells, count for nothing."""
        for row in rows:
            if row["split"] != "train":
                continue
            for column in self._columns:
                if row[column]:
                    value = float(row[column])
                    moments = self._sums[column].setdefault(site, [0.0, 0.0, 0.0])
                    for k in range(3):
                        moments[k] += value**k

    def of(self, column: str) -> tuple[float, float]:
        """(0, 1) where no training row has a value."""
        n, first, second = (sum(m[k] for m in self._sums[column].values()) for k in range(3))
        if not n:
            return 0.0, 1.0
        mean = first / n
        variance = max(0.0, second / n - mean**2)
        return float(f"{mean:.6g}"), float(f"{sqrt(variance):.6g}") or 1.0


def scaling(rows: Sequence[Mapping[str, str]], site: str, columns: Iterable[str]) -> Scaling:
    """Of rows that name their site in the column `site`."""
    made = Scaling(columns)
    apart: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    for row in rows:
        apart[row[site]].append(row)
    for name, theirs in apart.items():
        made.add(name, theirs)
    return made


def kept(fields: Sequence[Field], chosen: Mapping[str, Any]) -> tuple[Field, ...]:
    """The fields that stand in the folder."""
    return tuple(f for f in fields if chosen.get("fairness_columns") or not f.sensitive)


def modalities(fields: Sequence[Field]) -> tuple[dict[str, Any], ...]:
    """As dataset.yaml lists them."""
    found: dict[str, dict[str, str]] = {}
    for one in fields:
        found.setdefault(MODALITY_OF[one.kind], {})[one.name] = one.kind
    return tuple({"kind": kind, "columns": columns} for kind, columns in found.items())


def numeric(fields: Iterable[Field]) -> tuple[str, ...]:
    return tuple(f.name for f in fields if f.kind == "numeric")


def sheets(
    fields: Sequence[Field], scale: Scaling, chosen: Mapping[str, Any], **sheet: Any
) -> tuple[TaskSheet, ...]:
    """The product's sheet; with the sensitive fields kept also `NAME-reference`, which adds them.

    A regression is scaled by its label's moments, so `scale` knows the label too.
    """
    if sheet.get("kind") in ("regression", "rubric"):
        sheet["label_mean"], sheet["label_sd"] = scale.of(sheet["label"])
    plain = [f for f in fields if not f.sensitive]
    made = [TaskSheet(inputs=_inputs(plain, scale), **sheet)]
    every = kept(fields, chosen)
    if len(every) > len(plain):
        sheet["name"] += "-reference"
        made.append(TaskSheet(inputs=_inputs([*plain, *_rest(every)], scale), **sheet))
    return tuple(made)


def score_sheets(
    fields: Sequence[Field],
    scale: Scaling,
    chosen: Mapping[str, Any],
    names: Mapping[str, str],
    target: str,
    unit: str,
    metric: Metric = "rmse",
) -> tuple[TaskSheet, ...]:
    """`sheets` for several scores of one piece of work: the label column -> the name of its task."""
    return tuple(
        sheet
        for label, name in names.items()
        for sheet in sheets(
            fields,
            scale,
            chosen,
            name=name,
            target=target.format(score=label),
            purpose="feedback",
            kind="regression",
            label=label,
            unit=unit,
            metric=metric,
        )
    )


def _rest(fields: Sequence[Field]) -> list[Field]:
    return [f for f in fields if f.sensitive]


def _inputs(fields: Sequence[Field], scale: Scaling) -> tuple[Input, ...]:
    return tuple(_input(field, scale) for field in fields)


def _input(field: Field, scale: Scaling) -> Input:
    if field.kind == "text":
        return Input(name=field.name, kind="text", modality="text")
    if field.kind == "audio":
        mean, sd = field.scale
        return Input(name=field.name, kind="audio", modality="audio", unit="dB", mean=mean, sd=sd)
    if field.kind == "categorical":
        return Input(name=field.name, kind="categorical", values=field.values)
    mean, sd = scale.of(field.name)
    return Input(name=field.name, unit=field.unit, mean=mean, sd=sd)
