"""The weighted mean of one module over the sites that trained it.

    theta <- theta + s · sum_k w_k d_k / sum_k w_k,   k over the sites that carried it, in order of site id

Absent sites are left out, never counted as zeros, and that holds row by row: a category or a modality that a
site's records never show leaves its row of the tensor exactly as it was, and such a site does not dilute the
others there (federated submodel averaging, Ding et al., NeurIPS 2022, arXiv 2109.07704). A row moved by fewer
sites than the minimum is held like a module, so that no row of the result is one site's update alone. Each delta
is read once and in turn, so a mapping that loads a tensor when asked keeps the memory at one model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from worker.learning.aggregation.checks import checked_weight
from worker.protocol.codec import Array, Tensors


@dataclass(frozen=True)
class Rule:
    """How many sites a module, and each row of it, needs; where a site's own word about its weight is cut off."""

    minimum_sites: int = 2
    weight_percentile: float = 90.0
    step: float = 1.0
    """s: what the mean update is multiplied by."""
    row_sites: int | None = None
    """Sites a row needs, if not as many as the module. With 1, a row may be one site's update alone."""


@dataclass(frozen=True)
class Combined:
    """The module after the round. `held`: too few sites, the state is the base. `weights` are as used."""

    state: Tensors
    held: bool
    sites: int
    weights: dict[str, float] = field(default_factory=dict)


def combine(
    base: Tensors, contributions: Sequence[tuple[str, float, Mapping[str, Array]]], rule: Rule
) -> Combined:
    """`contributions` are (site id, weight, delta), in any order; deltas have passed `validate`.

    Sums are float64 in order of site id, so the same updates give the same bytes whoever came first.
    Raises ValueError for a site that stands twice and `Unacceptable` for a weight that is none.
    """
    ordered = sorted(contributions, key=lambda item: item[0])
    names = [site for site, _, _ in ordered]
    if len(set(names)) != len(names):
        raise ValueError("a site stands twice among the contributions to one module")
    weights = [checked_weight(weight) for _, weight, _ in ordered]
    if len(ordered) < max(rule.minimum_sites, 1):
        return Combined(state=dict(base), held=True, sites=len(ordered))
    capped = _capped(weights, rule.weight_percentile)
    sums = {name: np.zeros(array.shape, np.float64) for name, array in base.items()}
    wholes = {name: np.zeros(_rows(array), np.float64) for name, array in base.items()}
    movers = {name: np.zeros(_rows(array), np.int64) for name, array in base.items()}
    for (_, _, delta), weight in zip(ordered, capped, strict=True):
        for name in base:
            own = np.asarray(delta[name], np.float64)
            sums[name] += weight * own
            moved = own.reshape(*_rows(own), -1).any(axis=-1)
            wholes[name] += weight * moved
            movers[name] += moved
    needed = rule.minimum_sites if rule.row_sites is None else rule.row_sites
    for name, count in movers.items():
        wholes[name] = np.where(count >= needed, wholes[name], 0.0)
    state: Tensors = {
        name: (np.asarray(base[name], np.float64) + rule.step * _mean(total, wholes[name])).astype(
            np.float32
        )
        for name, total in sums.items()
    }
    return Combined(
        state, held=False, sites=len(ordered), weights=dict(zip(names, capped, strict=True))
    )


def _rows(array: Array) -> tuple[int, ...]:
    """What is averaged as one: a row of a matrix, or a whole vector."""
    return (array.shape[0],) if array.ndim > 1 else ()


def _mean(total: Array, whole: Array) -> Array:
    """Zero where `whole` is: those rows stay as they were."""
    shaped = whole.reshape(whole.shape + (1,) * (total.ndim - whole.ndim))
    found: Array = np.where(shaped > 0, total / np.where(shaped > 0, shaped, 1.0), 0.0)
    return found


def _capped(weights: list[float], percentile: float) -> list[float]:
    """No weight above the cohort's percentile: it is a number the site says of itself."""
    limit = float(np.percentile(weights, percentile))
    return [min(weight, limit) for weight in weights]
