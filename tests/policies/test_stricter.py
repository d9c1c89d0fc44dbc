"""At least as strict: an order, and a sound one. What a policy that keeps to a floor allows, the floor allows."""

from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.policies.fields import FIELDS
from app.policies.stricter import ORDERS, looser
from worker.protocol.policy import (
    Leaves,
    Modality,
    PolicyDocument,
    Protection,
    Purpose,
    TaskKind,
    Withdrawals,
)
from worker.protocol.rules import Terms, objections
from worker.protocol.tasks import METRICS, MODALITY_OF, Input, TaskSheet

COLUMNS, DIGESTS = ("hours", "essay", "clicks"), ("a" * 64, "b" * 64)


def some(choices: tuple[Any, ...]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(st.sampled_from(choices), unique=True).map(tuple)


POLICIES = st.builds(
    PolicyDocument,
    modalities=some(get_args(Modality)),
    task_kinds=some(get_args(TaskKind)),
    purposes=some(get_args(Purpose)),
    blocked_inputs=some(COLUMNS),
    minimum_cohort=st.integers(2, 5),
    minimum_cell=st.integers(5, 8),
    minimum_records=st.integers(1, 4),
    approval=st.sampled_from(("hub", "site")),
    leaves=st.builds(Leaves, **{flow: st.booleans() for flow in Leaves.model_fields}),
    protections=some(get_args(Protection)),
    models=st.none() | some(DIGESTS),
    keep_updates=st.booleans(),
    categories=some(("health", "location")),
    abroad=st.booleans(),
    tell_withdrawals=st.sampled_from(get_args(Withdrawals)),
)


@st.composite
def sheets(draw: st.DrawFn) -> TaskSheet:
    kind: TaskKind = draw(st.sampled_from(("binary", "regression")))
    inputs = tuple(
        Input(name=name, kind=one, modality=MODALITY_OF[one])
        for name in draw(some(COLUMNS)) or ("hours",)
        for one in (draw(st.sampled_from(("numeric", "text"))),)
    )
    return TaskSheet(
        name="task",
        target="Whether a student fails.",
        purpose=draw(st.sampled_from(get_args(Purpose))),
        kind=kind,
        metric=METRICS[kind][0],
        label="failed",
        labels=("no", "yes") if kind == "binary" else (),
        inputs=inputs,
    )


TERMS = st.builds(
    Terms,
    tasks=st.lists(sheets(), min_size=1, max_size=2).map(tuple),
    cohort=st.integers(2, 6),
    minimum_cell=st.integers(5, 9),
    protections=some(get_args(Protection)),
    leaves=some(tuple(Leaves.model_fields)),
    models=st.lists(st.sampled_from(DIGESTS), unique=True).map(tuple),
)


def tightened(policy: PolicyDocument, draw: Any) -> PolicyDocument:
    """One that keeps to it, drawn."""
    fewer = {
        name: tuple(v for v in getattr(policy, name) if draw(st.booleans()))
        for name in ("modalities", "task_kinds", "purposes", "categories")
    }
    leaves = {
        flow: getattr(policy.leaves, flow) and draw(st.booleans()) for flow in Leaves.model_fields
    }
    more = draw(POLICIES)
    return policy.model_copy(
        update={
            **fewer,
            "leaves": Leaves(**leaves),
            "blocked_inputs": tuple(dict.fromkeys(policy.blocked_inputs + more.blocked_inputs)),
            "protections": tuple(dict.fromkeys(policy.protections + more.protections)),
            "minimum_cohort": max(policy.minimum_cohort, more.minimum_cohort),
            "minimum_cell": max(policy.minimum_cell, more.minimum_cell),
            "minimum_records": max(policy.minimum_records, more.minimum_records),
            "approval": "site" if policy.approval == "site" else more.approval,
            "keep_updates": policy.keep_updates and more.keep_updates,
            "abroad": policy.abroad and more.abroad,
            "tell_withdrawals": more.tell_withdrawals if policy.tell_withdrawals != "no" else "no",
        }
    )


@settings(max_examples=300, deadline=None)
@given(policy=POLICIES, terms=TERMS, data=st.data())
def test_what_a_stricter_policy_allows_the_floor_allows(
    policy: PolicyDocument, terms: Terms, data: st.DataObject
) -> None:
    stricter = tightened(policy, data.draw)
    assert looser(stricter, policy) == ()
    if not objections(stricter, terms):
        assert not objections(policy, terms)


@settings(max_examples=300, deadline=None)
@given(one=POLICIES, other=POLICIES, terms=TERMS)
def test_no_pair_is_called_stricter_that_is_not(
    one: PolicyDocument, other: PolicyDocument, terms: Terms
) -> None:
    if not looser(one, other) and not objections(one, terms):
        assert not objections(other, terms)


@settings(max_examples=200, deadline=None)
@given(floor=POLICIES, data=st.data())
def test_it_is_an_order(floor: PolicyDocument, data: st.DataObject) -> None:
    middle = tightened(floor, data.draw)
    top = tightened(middle, data.draw)
    assert looser(floor, floor) == () and looser(top, floor) == ()
    assert not (looser(floor, top) == () and _sets(top) != _sets(floor))


def _sets(policy: PolicyDocument) -> dict[str, Any]:
    """Without the order in which lists were written."""
    values = policy.model_dump()
    return {k: frozenset(v) if isinstance(v, tuple) else v for k, v in values.items()}


FLOOR = PolicyDocument(
    modalities=("table", "text"),
    blocked_inputs=("essay",),
    minimum_cohort=4,
    minimum_cell=12,
    minimum_records=30,
    approval="site",
    leaves=Leaves(updates=True),
    protections=("noise",),
    models=("a" * 64,),
)
LOOSER: dict[str, dict[str, Any]] = {
    "modalities": {"modalities": ("table", "audio")},
    "task_kinds": {"task_kinds": ("regression",)},
    "purposes": {"purposes": ("research",)},
    "blocked_inputs": {"blocked_inputs": ()},
    "minimum_cohort": {"minimum_cohort": 3},
    "minimum_cell": {"minimum_cell": 11},
    "minimum_records": {"minimum_records": 29},
    "approval": {"approval": "hub"},
    "protections": {"protections": ()},
    "models": {"models": None},
    "keep_updates": {"keep_updates": True},
    "categories": {"categories": ("health",)},
    "abroad": {"abroad": True},
    "tell_withdrawals": {"tell_withdrawals": "that_one_happened"},
} | {
    f"leaves.{flow}": {"leaves": FLOOR.leaves.model_copy(update={flow: True})}
    for flow in Leaves.model_fields
    if flow != "updates"
}


@pytest.mark.parametrize("field", LOOSER)
def test_each_field_alone_is_named(field: str) -> None:
    assert looser(FLOOR.model_copy(update=LOOSER[field]), FLOOR) == (field,)


def test_a_list_of_models_may_be_shorter_and_never_another() -> None:
    assert looser(FLOOR.model_copy(update={"models": ()}), FLOOR) == ()
    assert looser(FLOOR.model_copy(update={"models": ("b" * 64,)}), FLOOR) == ("models",)


def test_every_field_that_has_an_order_is_one_of_the_form() -> None:
    assert ORDERS.keys() <= FIELDS.keys()
    assert LOOSER.keys() | {"leaves.updates"} == ORDERS.keys()
