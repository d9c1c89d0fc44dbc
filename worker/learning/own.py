"""A site's own part of a shared model: the rows that too few sites moved to be combined. NumPy only.

They stay where they were trained: laid over the shared modules before the site trains, evaluates, reports or
predicts, and sent as exact zeros. The hub's step applies to them too, so that they go where they would have gone
had the hub combined this site's update alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from worker.learning.faults import StateMismatch
from worker.protocol.codec import Array, Tensors
from worker.protocol.kept import NO_ROWS, Kept, KeptRows, Span, joined

Modules = dict[str, Tensors]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Own:
    """`values`: the modules as they would stand by this site's update alone. `kept`: rows it was ever told to keep.

    Only kept rows of `values` are ever used; the rest is there because a row may be kept from the next round on.
    """

    values: Modules = field(default_factory=dict)
    kept: dict[str, KeptRows] = field(default_factory=dict)


def rows(array: Array) -> int:
    """What is averaged, and kept, as one: a row of a matrix, or a whole vector."""
    return int(array.shape[0]) if array.ndim > 1 else 1


def by_row(array: Array) -> Array:
    """(rows, numbers of a row); a view where the array is contiguous."""
    return array.reshape(rows(array), -1)


def mask(kept: KeptRows, name: str, array: Array) -> Mask:
    """(rows,) True for a kept row of this tensor. Raises StateMismatch for a row it does not have."""
    if kept.whole:
        return np.ones(rows(array), np.bool_)
    found = np.zeros(rows(array), np.bool_)
    for first, count in kept.rows.get(name, ()):
        if first + count > len(found):
            raise StateMismatch(f"{name} has no row {first + count - 1} to keep")
        found[first : first + count] = True
    return found


def spans(flags: Mask) -> tuple[Span, ...]:
    """Runs of True, in order."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return tuple(
        (int(start), int(stop - start)) for start, stop in zip(edges[::2], edges[1::2], strict=True)
    )


def laid_over(modules: Mapping[str, Tensors], own: Own, kept: Kept) -> Modules:
    """The modules as this site uses them. A kept row without a value of its own stays as the shared module has it.

    Raises StateMismatch where rows or shapes do not fit the modules.
    """
    made = {module: dict(tensors) for module, tensors in modules.items()}
    for module, named in joined(own.kept, kept).items():
        if not named.rows.keys() <= modules[module].keys():
            raise StateMismatch(f"{module} has no such tensors to keep")
        for name, shared in modules[module].items():
            flags = mask(named, name, shared)
            value = own.values.get(module, {}).get(name)
            if value is None or not flags.any():
                continue
            if value.shape != shared.shape:
                raise StateMismatch(f"the own values of {module} do not fit the model")
            copy = np.array(shared, np.float32)
            by_row(copy)[flags] = by_row(np.ascontiguousarray(value))[flags]
            made[module][name] = copy
    return made


def parted(
    deltas: Mapping[str, Tensors], start: Mapping[str, Tensors], own: Own, kept: Kept, step: float
) -> tuple[Modules, Own]:
    """What may leave, kept rows exact zeros and wholly kept modules left out; and the site's own part afterwards.

    `deltas` are differences from `start`, which is `laid_over`'s. `step` is the hub's.
    """
    every = joined(own.kept, kept)
    sent = {
        module: {name: without(every.get(module, NO_ROWS), name, a) for name, a in delta.items()}
        for module, delta in deltas.items()
        if not every.get(module, NO_ROWS).whole
    }
    values = {module: dict(start[module]) for module in every if module in start}
    for module, delta in deltas.items():
        values[module] = {
            name: (
                np.asarray(start[module][name], np.float64) + step * np.asarray(a, np.float64)
            ).astype(np.float32)
            for name, a in delta.items()
        }
    return sent, Own(values, every)


def without(kept: KeptRows, name: str, delta: Array) -> Array:
    """The delta with zeros in kept rows; itself where it has none."""
    flags = mask(kept, name, delta)
    return zeroed(delta, flags) if flags.any() else delta


def zeroed(delta: Array, flags: Mask) -> Array:
    """A copy with zeros in these rows."""
    copy = np.array(delta, np.float32)
    by_row(copy)[flags] = 0.0
    return copy
