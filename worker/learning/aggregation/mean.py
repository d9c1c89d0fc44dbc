"""The weighted mean of one module over the sites that trained it.

    theta <- theta + s · sum_k w_k d_k / sum_k w_k,   k over the sites that carried it, in order of site id

Absent sites are left out, never counted as zeros, and that holds row by row: a category or a modality that a
site's records never show leaves its row of the tensor exactly as it was, and such a site does not dilute the
others there (federated submodel averaging, Ding et al., NeurIPS 2022, arXiv 2109.07704). A row moved by fewer
sites than the minimum is held like a module, so that no row of the result is one site's update alone; where it
was never combined it is kept at its sites from then on (`worker.learning.own`). A row of an adapter is a column of
its B: sites of different ranks are averaged column by column over those that hold it (raFLoRA, arXiv 2602.13486).
Each delta is read once and in turn, so a mapping that loads a tensor when asked keeps the memory at one model.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from worker.learning import own
from worker.learning.aggregation.checks import checked_weight
from worker.learning.aggregation.rules import MEAN, ServerRule
from worker.protocol.codec import Array, Tensors
from worker.protocol.kept import NO_ROWS, WHOLE, KeptRows

Contribution = tuple[str, float, Mapping[str, Array]]
PATIENT_ROUNDS = 3


@dataclass(frozen=True)
class Rule:
    """How many sites a module, and each row of it, needs; where a site's own word about its weight is cut off."""

    minimum_sites: int = 2
    weight_percentile: float = 90.0
    step: float = 1.0
    """s: what the mean update is multiplied by."""
    server: ServerRule = MEAN
    """What the mean does to the state, and how much a site weighs."""
    silent: int = 0
    """Sites that may yet move what they did not move this round. See `silent`."""
    losses: Mapping[str, float] = field(default_factory=dict)
    """Site to its mean training loss at the base, for a server rule that wants it; in a live run there are none."""


@dataclass(frozen=True)
class Combined:
    """The module after the round. `held`: too few sites, the state is the base. `weights` are as used."""

    state: Tensors
    held: bool
    sites: int
    weights: dict[str, float] = field(default_factory=dict)
    memory: Tensors = field(default_factory=dict)
    """What the server rule remembers for the next round."""
    kept: KeptRows = NO_ROWS
    """What stays at the sites from now on: as before the round, and what too few moved in it."""


def silent(*, asked: int, usable: int, number: int, minimum_sites: int) -> int:
    """`Rule.silent` of round `number`: nothing is kept because sites were late, or because few came at all.

    What is kept stays kept for the run, so the first rounds wait for a word of every site that was asked.
    """
    if usable < minimum_sites:
        return minimum_sites
    return max(asked - usable, 0) if number <= PATIENT_ROUNDS else 0


def combine(
    base: Tensors,
    contributions: Sequence[Contribution],
    rule: Rule,
    *,
    first: Tensors | None = None,
    kept: KeptRows = NO_ROWS,
    memory: Tensors | None = None,
) -> Combined:
    """`contributions` are (site id, weight, delta), in any order; deltas have passed `validate`.

    `first`: the module before round 1 (None: that is `base`); what differs from it was combined once and is never
    kept. `memory`: what the server rule remembered after the round before; None before the first. `kept`: rows kept
    so far; what a late update says of them counts for nothing. Sums are float64 in order of site id, so the same
    updates give the same bytes whoever came first. Raises ValueError for a site that stands twice or lacks a loss that
    is wanted, and `Unacceptable` for a weight that is none.
    """
    ordered = sorted(contributions, key=lambda item: item[0])
    names = [site for site, _, _ in ordered]
    if len(set(names)) != len(names):
        raise ValueError("a site stands twice among the contributions to one module")
    examples = [checked_weight(weight) for _, weight, _ in ordered]
    remembered = rule.server.init(base) if memory is None else memory
    untouched = _untouched(base, base if first is None else first)
    if kept.whole or len(ordered) < max(rule.minimum_sites, 1):
        staying = kept if kept.whole else _kept_of_held(base, ordered, rule, untouched, kept)
        return Combined(dict(base), True, len(ordered), memory=remembered, kept=staying)
    capped = _capped(_weights(names, examples, rule), rule.weight_percentile)
    sums, wholes, movers = _summed(base, ordered, capped, kept)
    for name, count in movers.items():
        wholes[name] = np.where(count >= rule.minimum_sites, wholes[name], 0.0)
    state, remembered = _applied(base, sums, wholes, rule, remembered)
    return Combined(
        state,
        held=False,
        sites=len(ordered),
        weights=dict(zip(names, capped, strict=True)),
        memory=remembered,
        kept=_with_few(kept, movers, untouched, rule),
    )


def _summed(
    base: Tensors, ordered: Sequence[Contribution], weights: Sequence[float], kept: KeptRows
) -> tuple[Tensors, Tensors, Tensors]:
    """Per tensor: the weighted sum; per row: the weight and the number of the sites that moved it."""
    sums = {name: np.zeros(array.shape, np.float64) for name, array in base.items()}
    wholes = {name: np.zeros(own.rows(array), np.float64) for name, array in base.items()}
    movers = {name: np.zeros(own.rows(array), np.int64) for name, array in base.items()}
    stays = {name: own.mask(kept, name, array) for name, array in base.items()}
    staying = {name for name, flags in stays.items() if flags.any()}
    for (_, _, delta), weight in zip(ordered, weights, strict=True):
        for name, array in delta.items():
            sent = own.rows(array)
            given = own.zeroed(array, stays[name][:sent]) if name in staying else array
            own.by_row(sums[name])[:sent] += np.multiply(
                own.by_row(given), weight, dtype=np.float64
            )
            moved = own.by_row(given).any(axis=-1)
            wholes[name][:sent] += weight * moved
            movers[name][:sent] += moved
    return sums, wholes, movers


def _applied(
    base: Tensors, sums: Tensors, wholes: Tensors, rule: Rule, memory: Tensors
) -> tuple[Tensors, Tensors]:
    means = {name: rule.step * _mean(total, wholes[name]) for name, total in sums.items()}
    moved = {name: _shaped(wholes[name], total) > 0 for name, total in sums.items()}
    return rule.server.apply(base, means, moved, memory)


def _untouched(base: Tensors, first: Tensors) -> dict[str, own.Mask]:
    """Rows that no round has combined yet."""
    return {
        name: (own.by_row(array) == own.by_row(first[name])).all(axis=-1)
        for name, array in base.items()
    }


def _with_few(
    kept: KeptRows, movers: Mapping[str, Array], untouched: Mapping[str, own.Mask], rule: Rule
) -> KeptRows:
    few = {
        name: (count > 0) & (count + rule.silent < rule.minimum_sites) & untouched[name]
        for name, count in movers.items()
    }
    return kept.joined({name: own.spans(flags) for name, flags in few.items()})


def _kept_of_held(
    base: Tensors,
    ordered: Sequence[Contribution],
    rule: Rule,
    untouched: Mapping[str, own.Mask],
    kept: KeptRows,
) -> KeptRows:
    """All of a module that too few carry and no round has combined; else the rows they moved."""
    if not ordered or len(ordered) + rule.silent >= rule.minimum_sites:
        return kept
    if all(flags.all() for flags in untouched.values()):
        return WHOLE
    movers = {name: np.zeros(own.rows(array), np.int64) for name, array in base.items()}
    for _, _, delta in ordered:
        for name, array in delta.items():
            movers[name][: own.rows(array)] += own.by_row(array).any(axis=-1)
    return _with_few(kept, movers, untouched, rule)


def _mean(total: Array, whole: Array) -> Array:
    """Zero where `whole` is: those rows stay as they were."""
    shaped = _shaped(whole, total)
    found: Array = np.where(shaped > 0, total / np.where(shaped > 0, shaped, 1.0), 0.0)
    return found


def _shaped(of_rows: Array, array: Array) -> Array:
    """One number a row, to multiply with the array."""
    return of_rows.reshape(len(of_rows), *(1,) * (array.ndim - 1))


def _weights(names: Sequence[str], examples: Sequence[float], rule: Rule) -> list[float]:
    """By the server rule, from examples and, where it wants them, losses capped as weights are."""
    losses = [1.0] * len(names)
    if rule.server.wants_losses:
        losses = _capped([_loss(rule, name) for name in names], rule.weight_percentile)
    return [rule.server.weight(*one) for one in zip(examples, losses, strict=True)]


def _loss(rule: Rule, site: str) -> float:
    loss = rule.losses.get(site, math.nan)
    if not 0 <= loss < math.inf:
        raise ValueError(f"the server rule weighs by losses, and site {site} has none it can use")
    return loss


def _capped(weights: list[float], percentile: float) -> list[float]:
    """No weight above the cohort's percentile: it is a number the site says of itself."""
    limit = float(np.percentile(weights, percentile))
    return [min(weight, limit) for weight in weights]
