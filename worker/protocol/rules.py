"""Does a policy allow a run? One pure function, read the same by the hub's compatibility page and the site's guard.

The hub's answer is a forecast. The site's is the decision: it uses the policy accepted there.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from worker.protocol.categories import MODALITIES, Category, of_name
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
    models: tuple[str, ...] = ()
    """Digests of every base model the run's model is built on."""
    approved_at_hub: bool = False
    approved_at_site: bool = False
    countries: tuple[str, ...] = ()
    """Of the hub and of every institution that gets the model; empty where one of them is not known."""


@dataclass(frozen=True)
class Objection:
    """One rule that says no. `detail` names what it is about (an input, a task, a protection), for people."""

    code: Refusal
    detail: str = ""


UNKNOWN = "unknown"
"""The country of a hub that does not say where it stands."""
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
            *_categories(policy, terms.tasks),
            *_contract(policy, terms.tasks),
            *_abroad(policy, terms),
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
        for name in columns(task):
            if name in policy.blocked_inputs:
                yield Objection(Refusal.INPUT, name)


def _sizes(policy: PolicyDocument, terms: Terms) -> Iterable[Objection]:
    if terms.cohort < policy.minimum_cohort:
        yield Objection(Refusal.MINIMUM_COHORT, str(policy.minimum_cohort))
    if terms.minimum_cell < policy.minimum_cell:
        yield Objection(Refusal.MINIMUM_CELL, str(policy.minimum_cell))
    for model in terms.models:
        if policy.models is not None and model not in policy.models:
            yield Objection(Refusal.MODEL, model[:12])


def _flows(policy: PolicyDocument, leaves: tuple[str, ...]) -> Iterable[Objection]:
    for flow in leaves:
        if flow in _LEAVES and not getattr(policy.leaves, flow):
            yield Objection(_LEAVES[flow], flow)


def blocked_categories(policy: PolicyDocument) -> frozenset[Category]:
    """What its bounds forbid, and what they name special and the policy does not list."""
    bounds = policy.bounds
    return frozenset(bounds.never) | (frozenset(bounds.special) - frozenset(policy.categories))


def columns(task: TaskSheet) -> tuple[str, ...]:
    """Every name a task sheet uses: inputs, columns of events, topic and groups, answers, each once."""
    events = (column.name for one in task.inputs for column in one.columns)
    named = (*(i.name for i in task.inputs), *events, *(g.name for g in task.groupings))
    return tuple(dict.fromkeys((*named, *task.answers)))


def _categories(policy: PolicyDocument, tasks: tuple[TaskSheet, ...]) -> Iterable[Objection]:
    blocked = blocked_categories(policy)
    if not blocked:
        return
    kinds = frozenset(m for category in blocked for m in MODALITIES.get(category, ()))
    for task in tasks:
        for name in dict.fromkeys((task.name, *columns(task))):
            if of_name(name) & blocked:
                yield Objection(Refusal.CATEGORY, name)
        for one in task.inputs:
            if one.modality in kinds and not of_name(one.name) & blocked:
                yield Objection(Refusal.CATEGORY, one.name)


def _contract(policy: PolicyDocument, tasks: tuple[TaskSheet, ...]) -> Iterable[Objection]:
    signed = policy.bounds.elements
    if signed is None:
        return
    for task in tasks:
        for name in columns(task):
            if name not in signed:
                yield Objection(Refusal.CONTRACT, name)


def _abroad(policy: PolicyDocument, terms: Terms) -> Iterable[Objection]:
    """Countries that are not known count as abroad: the rule asks before anything leaves."""
    rule = policy.bounds.cross_border
    if rule not in ("deny", "review") or (rule == "review" and policy.abroad):
        return
    if not terms.countries:
        yield Objection(Refusal.ABROAD, UNKNOWN)
    for country in dict.fromkeys(terms.countries):
        if country not in policy.bounds.area:
            yield Objection(Refusal.ABROAD, country)
