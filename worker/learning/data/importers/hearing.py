"""The scale of a recording's numbers: n, sum and sum of squares of each, per site, added up over the sites.

The same three that `fields.Scaling` adds up of a table's columns; known once the recordings lie in their folders.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from worker.learning.data import acoustics, perceived
from worker.protocol.meter import Told, silent
from worker.protocol.sound import heard
from worker.protocol.tasks import Input, TaskSheet
from worker.protocol.text import _

_EVEN = 1e-3
"""Deviation, of what constants scale to about 1, below which a number counts as the same everywhere."""


def moments(recordings: Iterable[Path], one: Input) -> acoustics.Numbers:
    """(3, numbers) of one site: n, sum, sum of squares."""
    found = np.zeros((3, heard(one.bands)))
    for path in recordings:
        numbers = acoustics.numbers(perceived.log_mel(path, one.bands), one.mean, one.sd)
        found += np.stack([np.ones_like(numbers), numbers, numbers**2])
    return found


def scaled(one: Input, sites: Iterable[acoustics.Numbers]) -> Input:
    """The input with `means` and `sds` from what each site added up, six digits kept; as it is where n is 0."""
    n, first, second = np.sum(list(sites), axis=0)
    if not n.all():
        return one
    mean = first / n
    sd = np.sqrt(np.maximum(second / n - mean**2, 0.0))
    sd[sd < _EVEN] = 1.0
    update = {"means": _short(mean), "sds": _short(sd)}
    return Input.model_validate(one.model_dump() | update)


def heard_sheets(
    sheets: Sequence[TaskSheet],
    name: str,
    sites: Sequence[Sequence[Path]],
    told: Told = silent,
) -> tuple[TaskSheet, ...]:
    """The sheets with the audio input `name` scaled by the recordings of each site's training records."""
    found = next(one for one in sheets[0].inputs if one.name == name)
    heard_of = _counted(sites, told)
    made = scaled(found, (moments(paths, found) for paths in heard_of))
    return tuple(
        sheet.model_copy(
            update={"inputs": tuple(made if one == found else one for one in sheet.inputs)}
        )
        for sheet in sheets
    )


def _counted(sites: Sequence[Sequence[Path]], told: Told) -> Iterator[Iterator[Path]]:
    """The same paths, each told of once it was heard."""
    whole, count = sum(len(paths) for paths in sites), itertools.count(1)

    def each(paths: Sequence[Path]) -> Iterator[Path]:
        for path in paths:
            yield path
            told(_("Listening to recordings"), next(count), whole)

    return (each(paths) for paths in sites)


def _short(values: acoustics.Numbers) -> tuple[float, ...]:
    return tuple(float(f"{value:.6g}") for value in values)
