"""Tensors a site may send in part: the first rows, as many as the rank it trains.

They are the adapters' B, stored transposed: a row is a column of B and stands for one rank. Every other tensor is
sent whole.
"""

from collections.abc import Mapping

from worker.protocol.codec import Tensors

SUFFIX = ".Bt"


def sliced(name: str) -> bool:
    """By the tensor's name within its module."""
    return name.endswith(SUFFIX)


def fits(name: str, given: tuple[int, ...], base: tuple[int, ...]) -> bool:
    """Is this a shape a difference from `base` may have? The whole, or at least one first row of what may be cut."""
    if given == base:
        return True
    cut = sliced(name) and len(given) == len(base) == 2 and given[1] == base[1]
    return cut and 1 <= given[0] < base[0]


def first_rows(modules: Mapping[str, Tensors], rank: int | None) -> dict[str, Tensors]:
    """The modules with only the first `rank` rows of what may be cut. None: as they are."""
    return {
        module: {n: a[:rank] if rank is not None and sliced(n) else a for n, a in tensors.items()}
        for module, tensors in modules.items()
    }
