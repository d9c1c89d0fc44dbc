"""From cells of text to numbers."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_LARGEST = 1e30
"""Beyond it a float32 overflows once scaled; no school measures such a thing."""


def numbers(cells: Sequence[str]) -> tuple[npt.NDArray[np.float64], list[int]]:
    """float64 (n,), NaN where empty; and the places that hold something else than a number."""
    found = np.full(len(cells), np.nan)
    wrong: list[int] = []
    for place, cell in enumerate(cells):
        if not cell:
            continue
        value = _number(cell)
        if value is None:
            wrong.append(place)
        else:
            found[place] = value
    return found, wrong


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if abs(value) < _LARGEST and "_" not in cell else None
