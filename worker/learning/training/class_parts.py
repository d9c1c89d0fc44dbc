"""What a class with enough records has of its own, near the institution's model: a head, or a head and an adapter.

One strength for all classes of a task and kind, by their validation records together. A class uses its head only if
that saves the margin of `personalization.gate` on the class's own validation records; its head and adapter only if
they save the same margin of what it would use without. Neither leaves the site, and neither is kept: they are made
again in a moment from the model in use (`class_fit`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from worker.learning.evaluate import paired
from worker.learning.evaluate.predict import judge, predict
from worker.learning.model.network import Network
from worker.learning.personalization import gate
from worker.learning.training import class_fit
from worker.learning.training.batches import Rows, Source
from worker.learning.training.frozen import ProgressHook
from worker.learning.training.personal import STRENGTHS
from worker.protocol.codes import ClassUse

FEWEST = 50
"""Training records of a class."""
FEWEST_HELD = 20
"""Students of a class in the validation split."""
Class = tuple[str, str]
"""Code and term."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Held:
    """A class with enough records: what it learns from and what it is judged by."""

    train: Rows
    validation: Rows


@dataclass(frozen=True)
class OwnPart:
    """What a class uses, and the network with it. Never `INSTITUTION`: such a class has none."""

    use: ClassUse
    network: Network


@dataclass(frozen=True)
class Candidates:
    """Of one kind: each class's network, and its loss on each of the class's validation records."""

    networks: Mapping[Class, Network]
    losses: Mapping[Class, Floats]

    @property
    def mean(self) -> float:
        return float(np.concatenate(list(self.losses.values())).mean())


def find(network: Network, source: Source, on_progress: ProgressHook) -> dict[Class, OwnPart]:
    """The classes that something of their own helps, on their validation records."""
    made = candidates(network, source, on_progress)
    found: dict[Class, OwnPart] = {}
    for key in made[ClassUse.INSTITUTION].losses if made else ():
        use = gate.of_class({use: one.losses[key] for use, one in made.items()})
        if use is not ClassUse.INSTITUTION:
            found[key] = OwnPart(use, made[use].networks[key])
    return found


def candidates(
    network: Network, source: Source, on_progress: ProgressHook
) -> dict[ClassUse, Candidates]:
    """The institution's for every class with enough records; of each kind of one's own those of the strength that does
    best over all classes together, where any does better than the institution's. Empty where no class has enough."""
    groups = eligible(source)
    if source.data.sheet.kind == "next_answer" or not groups:
        return {}
    as_it_is = _judged(dict.fromkeys(groups, network), source, groups, on_progress)
    found = {ClassUse.INSTITUTION: as_it_is}
    read = {key: class_fit.features(network, source, one.train) for key, one in groups.items()}
    for use in (ClassUse.HEAD, ClassUse.ADAPTER):
        best = as_it_is
        for strength in STRENGTHS:
            made = {
                key: class_fit.fit(
                    network,
                    source,
                    one.train,
                    read[key],
                    strength,
                    adapter=use is ClassUse.ADAPTER,
                ).laid_on(network, source.data.sheet.name)
                for key, one in groups.items()
            }
            now = _judged(made, source, groups, on_progress)
            best = now if now.mean < best.mean else best
        if best is not as_it_is:
            found[use] = best
    return found


def eligible(source: Source) -> dict[Class, Held]:
    data = source.data
    train, held = source.rows("train"), source.rows("validation")
    found: dict[Class, Held] = {}
    for code, term in sorted(set(zip(data.class_code.tolist(), data.term.tolist(), strict=True))):
        inside = (data.class_code == code) & (data.term == term)
        one = Held(train[inside[train]], held[inside[held]])
        students = len(np.unique(data.student[one.validation]))
        if len(one.train) >= FEWEST and students >= FEWEST_HELD:
            found[code, term] = one
    return found


def _judged(
    networks: Mapping[Class, Network],
    source: Source,
    groups: Mapping[Class, Held],
    on_progress: ProgressHook,
) -> Candidates:
    losses = {}
    for key, network in networks.items():
        rows = groups[key].validation
        said = predict(network, source, rows, on_progress)
        losses[key] = paired.losses(judge(source, rows, said))
    return Candidates(networks, losses)
