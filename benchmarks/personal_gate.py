"""Rules by which a course chooses its model on the validation split, judged on the test split."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from benchmarks.personal_stage import Stage
from worker.learning.evaluate import paired, quality
from worker.learning.in_use import InUse
from worker.learning.personalization import gate
from worker.protocol.codes import Chosen

Floats = npt.NDArray[np.float64]
Losses = Mapping[Chosen, Floats]
Better = Callable[[Floats, Floats, npt.NDArray[np.str_]], bool]
"""(losses so far, the candidate's, students): does it take its place?"""
Rule = Callable[[Losses, npt.NDArray[np.str_]], Chosen]


def saves(share: float) -> Better:
    return lambda before, now, student: bool(
        before.mean() - now.mean() > share * float(before.mean())
    )


def beyond_chance(before: Floats, now: Floats, student: npt.NDArray[np.str_]) -> bool:
    saved = before - now
    return bool(saved.mean() > 0) and gate.beyond_chance(saved, student)


def in_steps(own: Better, alone: Better) -> Rule:
    """The own model in place of the shared one, then the one trained alone in place of either."""

    def choose(losses: Losses, student: npt.NDArray[np.str_]) -> Chosen:
        found = Chosen.SHARED
        for candidate, better in ((Chosen.PERSONAL, own), (Chosen.ALONE, alone)):
            if better(losses[found], losses[candidate], student):
                found = candidate
        return found

    return choose


RULES: dict[str, Rule] = {
    "shared_for_all": lambda losses, student: Chosen.SHARED,
    "least_loss": lambda losses, student: min(losses, key=lambda one: float(losses[one].mean())),
    "own_for_all": lambda losses, student: Chosen.PERSONAL,
    "own_0_alone_chance": in_steps(saves(0.0), beyond_chance),
    "own_1_alone_chance": in_steps(saves(0.01), beyond_chance),
    "product": gate.choose,
    "own_2_alone_5": in_steps(saves(0.02), saves(0.05)),
    "own_chance_alone_chance": in_steps(beyond_chance, beyond_chance),
}
"""`product`: own if it saves 2 %, alone beyond chance."""


def measure(stage: Stage, used: Mapping[str, InUse]) -> dict[str, float]:
    """By rule: mean AUC over courses, and how many courses' AUC lies below the shared model's, by however little."""
    aucs: dict[str, list[float]] = {rule: [] for rule in RULES}
    below = dict.fromkeys(RULES, 0)
    for site, found in used.items():
        held = {m: stage.said(site, one, "validation") for m, one in found.networks.items()}
        losses = {model: paired.losses(judged) for model, judged in held.items()}
        test = {
            m: quality.value(stage.said(site, one, "test")) or 0.0
            for m, one in found.networks.items()
        }
        for rule, choose in RULES.items():
            auc = test[choose(losses, held[Chosen.SHARED].student)]
            aucs[rule].append(auc)
            below[rule] += auc < test[Chosen.SHARED]
    return {f"auc_rule_{rule}_course_mean": float(np.mean(each)) for rule, each in aucs.items()} | {
        f"courses_below_shared_rule_{rule}": count for rule, count in below.items()
    }
