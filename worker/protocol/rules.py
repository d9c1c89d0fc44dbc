"""Does a policy allow a run? One pure function, read the same by the hub's compatibility page and the site's guard.

The hub's answer is a forecast. The site's is the decision: it uses the policy accepted there.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from worker.protocol.codes import Refusal
from worker.protocol.policy import SUPPORTED_PROTECTIONS, PolicyDocument, Protection
from worker.protocol.tasks import TaskSheet


@dataclass(frozen=True)
class Terms:
    """What a run would do, as far as a policy has a say. `leaves` names fields of `policy.Leaves`."""

    tasks: tuple[TaskSheet, ...]
    cohort: int
    minimum_cell: int
    protections: tuple[Protection, ...]
    leaves: tuple[str, ...]
    text_model: str | None = None
    approved_at_hub: bool = False
    approved_at_site: bool = False


@dataclass(frozen=True)
class Objection:
    """One rule that says no. `detail` names what it is about (an input, a task, a protection), for people."""

    code: Refusal
    detail: str = ""


_LEAVES = {
    "updates": Refusal.UPDATES_STAY,
    "metrics": Refusal.METRICS_STAY,
    "counts": Refusal.COUNTS_STAY,
    "class_reports": Refusal.REPORTS_STAY,
}
_PROTECTIONS: dict[Protection, Refusal] = {
    "noise": Refusal.NEEDS_NOISE,
    "secure-aggregation": Refusal.NEEDS_SECURE_AGGREGATION,
}


def objections(policy: PolicyDocument, terms: Terms) -> tuple[Objection, ...]:
    """Every rule that refuses, in a fixed order; empty means allowed. Approval is judged by `approval_missing`."""
    return tuple(
        [
            *_protections(policy, terms),
            *_tasks(policy, terms.tasks),
            *_sizes(policy, terms),
            *_flows(policy, terms.leaves),
        ]
    )


def approval_missing(policy: PolicyDocument, terms: Terms) -> Objection | None:
    """A run needs a yes: recorded at the hub, or given at the site, as the policy says."""
    given = terms.approved_at_hub if policy.approval == "hub" else terms.approved_at_site
    return None if given else Objection(Refusal.APPROVAL_MISSING, policy.approval)


def _protections(policy: PolicyDocument, terms: Terms) -> Iterable[Objection]:
    for needed in policy.protections:
        if needed not in SUPPORTED_PROTECTIONS:
            yield Objection(Refusal.UNSUPPORTED_PROTECTION, needed)
        elif needed not in terms.protections:
            yield Objection(_PROTECTIONS[needed], needed)


def _tasks(policy: PolicyDocument, tasks: tuple[TaskSheet, ...]) -> Iterable[Objection]:
    for task in tasks:
        if task.purpose not in policy.purposes:
            yield Objection(Refusal.PURPOSE, task.purpose)
        if task.kind not in policy.task_kinds:
            yield Objection(Refusal.TASK, task.name)
        for modality in task.modalities:
            if modality not in policy.modalities:
                yield Objection(Refusal.MODALITY, modality)
        for column in task.inputs:
            if column.name in policy.blocked_inputs:
                yield Objection(Refusal.INPUT, column.name)
        for grouping in task.groupings:
            if grouping.name in policy.blocked_inputs:
                yield Objection(Refusal.INPUT, grouping.name)


def _sizes(policy: PolicyDocument, terms: Terms) -> Iterable[Objection]:
    if terms.cohort < policy.minimum_cohort:
        yield Objection(Refusal.MINIMUM_COHORT, str(policy.minimum_cohort))
    if terms.minimum_cell < policy.minimum_cell:
        yield Objection(Refusal.MINIMUM_CELL, str(policy.minimum_cell))
    if terms.text_model and policy.models is not None and terms.text_model not in policy.models:
        yield Objection(Refusal.MODEL, terms.text_model[:12])


def _flows(policy: PolicyDocument, leaves: tuple[str, ...]) -> Iterable[Objection]:
    for flow in leaves:
        if flow in _LEAVES and not getattr(policy.leaves, flow):
            yield Objection(_LEAVES[flow], flow)
