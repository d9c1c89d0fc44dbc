"""Every rule of a policy refuses alone, by its own code, and no rule refuses what all allow."""

from dataclasses import replace

import pytest

from worker.protocol.codes import Refusal
from worker.protocol.policy import Leaves, PolicyDocument
from worker.protocol.rules import Terms, approval_missing, objections
from worker.protocol.tasks import Input, TaskSheet

SHEET = TaskSheet(
    name="at-risk",
    target="Whether a student fails the course.",
    label="failed",
    labels=("no", "yes"),
    inputs=(Input(name="score"), Input(name="essay", modality="text", kind="text")),
)
OPEN = PolicyDocument(
    modalities=("table", "text"), leaves=Leaves(metrics=True, counts=True, class_reports=True)
)
TERMS = Terms(
    tasks=(SHEET,),
    cohort=3,
    minimum_cell=10,
    protections=(),
    leaves=("updates", "metrics", "counts", "class_reports"),
    models=("a" * 64,),
)

CASES = {
    Refusal.PURPOSE: {"purposes": ("research",)},
    Refusal.TASK: {"task_kinds": ("regression",)},
    Refusal.MODALITY: {"modalities": ("table",)},
    Refusal.INPUT: {"blocked_inputs": ("score",)},
    Refusal.MINIMUM_COHORT: {"minimum_cohort": 4},
    Refusal.MINIMUM_CELL: {"minimum_cell": 11},
    Refusal.MODEL: {"models": ("b" * 64,)},
    Refusal.UPDATES_STAY: {"leaves": OPEN.leaves.model_copy(update={"updates": False})},
    Refusal.METRICS_STAY: {"leaves": OPEN.leaves.model_copy(update={"metrics": False})},
    Refusal.COUNTS_STAY: {"leaves": OPEN.leaves.model_copy(update={"counts": False})},
    Refusal.REPORTS_STAY: {"leaves": OPEN.leaves.model_copy(update={"class_reports": False})},
    Refusal.UNSUPPORTED_PROTECTION: {"protections": ("noise",)},
}


def test_an_open_policy_allows_the_run():
    assert objections(OPEN, TERMS) == ()


@pytest.mark.parametrize("code", CASES, ids=str)
def test_each_rule_refuses_alone(code):
    assert [o.code for o in objections(OPEN.model_copy(update=CASES[code]), TERMS)] == [code]


@pytest.mark.parametrize("first", CASES, ids=str)
@pytest.mark.parametrize("second", CASES, ids=str)
def test_rules_refuse_in_pairs(first, second):
    if first == second or set(CASES[first]) & set(CASES[second]):
        return
    policy = OPEN.model_copy(update={**CASES[first], **CASES[second]})
    assert {o.code for o in objections(policy, TERMS)} == {first, second}


@pytest.mark.parametrize(
    ("where", "hub", "site", "missing"),
    [
        ("hub", True, False, False),
        ("hub", False, True, True),
        ("site", True, False, True),
        ("site", False, True, False),
    ],
)
def test_approval_counts_only_where_the_policy_wants_it(where, hub, site, missing):
    policy = OPEN.model_copy(update={"approval": where})
    terms = Terms(
        **{**TERMS.__dict__, "approved_at_hub": hub, "approved_at_site": site},
    )
    assert (approval_missing(policy, terms) is not None) is missing


def test_a_list_of_models_covers_every_base_model_of_a_run() -> None:
    """Not only the first: a policy that lists the text model refuses a run that also hears by another."""
    for listed, refused in [(("a", "c"), []), (("a",), ["c"]), (("c",), ["a"]), ((), ["a", "c"])]:
        policy = OPEN.model_copy(update={"models": tuple(one * 64 for one in listed)})
        found = objections(policy, replace(TERMS, models=("a" * 64, "c" * 64)))
        assert [one.code for one in found] == [Refusal.MODEL] * len(refused)
        assert [one.detail for one in found] == [one * 12 for one in refused]
