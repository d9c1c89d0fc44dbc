"""Is one policy at least as strict as another? Pure: what a district's floor asks of its schools' policies.

At least as strict: whatever run it allows, the floor allows too. A field without an order of its own must be the same.
What laws bound (`bounds`) is left out: each institution is under its own.
"""

from collections.abc import Callable
from typing import Any

from worker.protocol.policy import Leaves, PolicyDocument


def _within(mine: Any, floor: Any) -> bool:
    """A list of what is allowed: no more than the floor's."""
    return set(mine) <= set(floor)


def _all_of(mine: Any, floor: Any) -> bool:
    """A list of what is asked for or forbidden: at least the floor's."""
    return set(mine) >= set(floor)


def _at_least(mine: Any, floor: Any) -> bool:
    return bool(mine >= floor)


def _no_more_open(mine: Any, floor: Any) -> bool:
    return bool(floor or not mine)


def _models(mine: Any, floor: Any) -> bool:
    """None allows any."""
    return floor is None or (mine is not None and set(mine) <= set(floor))


def _approval(mine: Any, floor: Any) -> bool:
    """At the site is stricter: the hub cannot invent it."""
    return bool(mine == floor or mine == "site")


def _untold(mine: Any, floor: Any) -> bool:
    """Telling nothing is stricter."""
    return bool(mine == floor or mine == "no")


ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "modalities": _within,
    "task_kinds": _within,
    "purposes": _within,
    "blocked_inputs": _all_of,
    "minimum_cohort": _at_least,
    "minimum_cell": _at_least,
    "minimum_records": _at_least,
    "approval": _approval,
    "protections": _all_of,
    "models": _models,
    "keep_updates": _no_more_open,
    "categories": _within,
    "abroad": _no_more_open,
    "tell_withdrawals": _untold,
} | {f"leaves.{flow}": _no_more_open for flow in Leaves.model_fields}


def looser(document: PolicyDocument, floor: PolicyDocument) -> tuple[str, ...]:
    """Names of the fields in which `document` allows more than `floor`, as forms name them; empty: it keeps to it."""
    mine, theirs = _flat(document), _flat(floor)
    same: Callable[[Any, Any], bool] = lambda a, b: bool(a == b)  # noqa: E731
    return tuple(name for name in mine if not ORDERS.get(name, same)(mine[name], theirs[name]))


def _flat(document: PolicyDocument) -> dict[str, Any]:
    """By field; each flow of `leaves` is one of its own."""
    found: dict[str, Any] = {}
    for name in PolicyDocument.model_fields:
        if name == "bounds":
            continue
        value = getattr(document, name)
        if isinstance(value, Leaves):
            found |= {f"{name}.{flow}": getattr(value, flow) for flow in Leaves.model_fields}
        else:
            found[name] = value
    return found
