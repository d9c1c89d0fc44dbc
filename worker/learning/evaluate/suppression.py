"""What may be said about few people: nothing. Rounding and suppression, applied at the site before anything leaves.

These are not covered by any epsilon: they bound what one table shows, not what many tables show together.
"""

from collections.abc import Mapping

ROUND_TO = 5
SHARE = 0.05
_BANDS = ((1000, "1000+"), (500, "500-999"), (200, "200-499"), (100, "100-199"), (50, "50-99"))


def band(count: int, minimum_cell: int) -> str:
    """A count in words that a page shows as they are."""
    for least, name in _BANDS:
        if count >= least:
            return name
    return f"{minimum_cell}-49" if minimum_cell < 50 else "under 50"


def whole_cells(count: int, minimum_cell: int) -> int:
    """Rounded down to a multiple of the minimum cell."""
    return count // minimum_cell * minimum_cell


def rounded_count(count: int) -> int:
    return count // ROUND_TO * ROUND_TO


def rounded_share(share: float) -> float:
    """To 5 %."""
    return round(round(share / SHARE) * SHARE, 2)


def guarded_share(share: float) -> float:
    """To 5 %, never 0 or 1: "all of them" and "none of them" would say it of every single person."""
    return min(max(rounded_share(share), SHARE), 1 - SHARE)


def suppressed(counts: Mapping[str, int], minimum_cell: int) -> frozenset[str]:
    """Which cells of one table stay closed: every small one, and the smallest others until the closed ones together
    are no small cell either.

    What is closed could be computed as one sum from the table's total, so it never stands alone and is never small.
    """
    small = {name for name, count in counts.items() if 0 < count < minimum_cell}
    rest = sorted((count, name) for name, count in counts.items() if count >= minimum_cell)
    while small and rest and sum(counts[name] for name in small) < minimum_cell:
        small.add(rest.pop(0)[1])
    return frozenset(small | {name for name, count in counts.items() if count == 0})
