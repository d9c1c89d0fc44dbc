"""Policies in words: every field is said, every difference is said, and nothing is promised that does not hold."""

import re
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.policies import fit, service, words
from app.policies.fields import FIELDS, choice_name, value_of
from tests.cast import Cast
from worker.protocol.bounds import Bounds
from worker.protocol.codes import Refusal
from worker.protocol.policy import SUPPORTED_PROTECTIONS, Leaves, PolicyDocument, Withdrawals
from worker.protocol.rules import Terms, objections
from worker.protocol.tasks import Input, TaskSheet

DEFAULTS = PolicyDocument()
SHEET = TaskSheet(
    name="at-risk",
    target="Whether a student will not pass the course",
    label="failed",
    labels=("no", "yes"),
    inputs=(Input(name="clicks"),),
)
TERMS = Terms(tasks=(SHEET,), cohort=4, minimum_cell=10, protections=(), leaves=("updates",))


def flat(document: PolicyDocument) -> dict[str, Any]:
    return {name: value_of(name, document) for name in FIELDS}


documents = st.builds(
    PolicyDocument,
    modalities=st.lists(st.sampled_from(["table", "text", "image"]), unique=True).map(tuple),
    purposes=st.lists(st.sampled_from(["feedback", "research"]), unique=True).map(tuple),
    blocked_inputs=st.lists(st.sampled_from(["gender", "postcode"]), unique=True).map(tuple),
    minimum_cohort=st.integers(2, 200),
    minimum_cell=st.integers(5, 1000),
    minimum_records=st.integers(1, 100),
    approval=st.sampled_from(["hub", "site"]),
    leaves=st.builds(Leaves, **{name: st.booleans() for name in Leaves.model_fields}),
    protections=st.lists(st.sampled_from(["noise", "secure-aggregation"]), unique=True).map(tuple),
    models=st.none() | st.lists(st.sampled_from(["a" * 64, "b" * 64]), unique=True).map(tuple),
    keep_updates=st.booleans(),
    student_lists=st.booleans(),
    tell_withdrawals=st.sampled_from(get_args(Withdrawals)),
)


def test_the_form_has_every_field_of_the_document() -> None:
    fields = set(PolicyDocument.model_fields) - {"leaves", "bounds"}
    fields |= {f"leaves.{name}" for name in Leaves.model_fields}
    assert set(FIELDS) == fields
    for field in FIELDS.values():
        assert field.label()
        assert field.help().endswith((".", "?"))
        for choice in field.choices:
            assert choice_name(choice)


def test_the_defaults_in_words() -> None:
    assert words.in_words(DEFAULTS) == [
        "Runs may learn from: tables.",
        "Runs may predict: yes or no.",
        "Runs may serve: early support.",
        "Any base model the hub's operators allow may be used.",
        "A run takes place only with at least 3 institutions.",
        "A figure about fewer than 10 students is not shown.",
        "A site trains only with at least 20 records.",
        "Student records never leave the site.",
        "Model updates go to the hub.",
        "Figures on how well the model does here stay at the site.",
        "Numbers of records stay at the site. What an update or a figure weighs is a power of two: 64 stands "
        "for 64 to 127 records.",
        "Codes of classes stay at the site.",
        "Class reports stay at the site.",
        "Gaps between groups of students stay at the site.",
        "The hub deletes this institution's updates when a round is closed and checked.",
        "No list of predictions by student is made, not even at the site.",
        "The hub is not told when someone withdraws consent.",
        "The privacy officer approves each run in the browser.",
        "No noise and no secure aggregation is asked for: the hub can see each update.",
    ]


@given(documents, documents)
def test_words_differ_where_documents_do(old: PolicyDocument, new: PolicyDocument) -> None:
    changed = {c.field for c in words.difference(old, new)}
    before, after = flat(old), flat(new)
    wanted = {
        name
        for name in FIELDS
        if (set(before[name]) if isinstance(before[name], tuple) else before[name])
        != (set(after[name]) if isinstance(after[name], tuple) else after[name])
    }
    assert changed == wanted


@given(documents)
def test_every_sentence_is_a_sentence(document: PolicyDocument) -> None:
    for sentence in [*words.in_words(document), *words.warnings(document)]:
        assert re.fullmatch(r"[A-ZÀ-Þ].*[.]", sentence), sentence
        assert not re.search(r"anonym|complian|ε|\{|\}|None", sentence), sentence


@given(documents, documents)
def test_different_rules_never_read_the_same(old: PolicyDocument, new: PolicyDocument) -> None:
    """What an officer reads tells versions apart (named models are told apart in the difference)."""
    open_flows = old.leaves.updates and new.leaves.updates
    same_words = words.in_words(old) == words.in_words(new)
    changed = {c.field for c in words.difference(old, new)} - {"models"}
    if not open_flows:
        changed -= {"keep_updates"}
    assert same_words <= (not changed)


def test_a_difference_in_words() -> None:
    new = DEFAULTS.model_copy(
        update={"minimum_cohort": 5, "leaves": Leaves(metrics=True), "approval": "site"}
    )
    assert [(c.label, c.before, c.after) for c in words.difference(DEFAULTS, new)] == [
        ("Least institutions in a run", "3", "5"),
        ("Where a run is approved", "in the browser, by the privacy officer", "at the site"),
        ("Figures on quality leave the site", "no", "yes"),
    ]
    assert words.difference(new, new) == []


@pytest.mark.parametrize("protection", ["noise", "secure-aggregation"])
def test_a_protection_this_version_lacks_is_said_before_approval(protection: str) -> None:
    assert protection not in SUPPORTED_PROTECTIONS, "then this test needs another example"
    document = PolicyDocument(protections=(protection,))  # type: ignore[arg-type]
    (warning,) = words.warnings(document)
    assert warning == (
        "Nothing can run under this policy: it asks for "
        f"{words.protection_name(protection)}, which this version of Collegium does not have yet."
    )
    assert words.warnings(DEFAULTS) == []


@pytest.mark.parametrize(
    "change",
    [{"leaves": Leaves(updates=False)}, {"modalities": ()}, {"task_kinds": ()}, {"purposes": ()}],
)
def test_what_lets_nothing_run_is_said(change: dict[str, Any]) -> None:
    (warning,) = words.warnings(DEFAULTS.model_copy(update=change))
    assert warning.startswith("Nothing can run under this policy: ")


def test_no_policy_means_refuse() -> None:
    found = fit.judge(None, TERMS)
    assert not found.allowed
    assert [r.code for r in found.reasons] == [Refusal.NO_POLICY]


@given(documents)
def test_the_forecast_is_the_protocols_rule(document: PolicyDocument) -> None:
    found = fit.judge(document, TERMS)
    wanted = objections(document, TERMS)
    assert found.allowed == (not wanted)
    assert [(r.code, r.detail) for r in found.reasons] == [(o.code, o.detail) for o in wanted]
    assert all(r.change for r in found.reasons)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (PolicyDocument(bounds=Bounds(elements=())), "no column in common"),
        (
            PolicyDocument(modalities=("image", "audio"), bounds=Bounds(special=("recordings",))),
            "every kind of record",
        ),
        (PolicyDocument(modalities=("text",), models=()), "no base model"),
        (PolicyDocument(bounds=Bounds(cross_border="deny")), "no country in common"),
    ],
)
def test_a_policy_that_can_never_run_says_so(document: PolicyDocument, why: str) -> None:
    (said,) = words.warnings(document)
    assert said.startswith("Nothing can run") and why in said


@pytest.mark.parametrize("code", list(Refusal))
def test_every_reason_has_a_sentence(code: Refusal) -> None:
    for said in (fit.sentence(code, "7"), fit.sentence(code)):
        assert re.fullmatch(r"[A-Z].*[.]", said) and not re.search(r"“”|  | [,.]", said), said
    said = fit.sentence(code, "7")
    assert re.fullmatch(r"[A-Z][^{}]*\.", said)


def test_reasons_name_what_they_are_about() -> None:
    strict = DEFAULTS.model_copy(
        update={"minimum_cohort": 5, "blocked_inputs": ("clicks",), "purposes": ("research",)}
    )
    assert [(r.sentence, r.change) for r in fit.judge(strict, TERMS).reasons] == [
        (
            "Its policy does not allow the purpose “early support”.",
            "Allow the purpose “early support”.",
        ),
        (
            "Its policy never lets the column “clicks” be used.",
            "Take “clicks” off the columns never used.",
        ),
        (
            "Its policy asks for at least 5 institutions in a run.",
            "Wait for more members, or ask for fewer institutions.",
        ),
    ]


def test_an_institution_is_judged_by_its_approved_version(session: Session, cast: Cast) -> None:
    row = service.draft(session, cast.administrator, cast.institution)
    assert [r.code for r in fit.fit(session, cast.institution, TERMS).reasons] == [
        Refusal.NO_POLICY
    ]
    service.approve(session, cast.officer, row.id)
    assert fit.fit(session, cast.institution, TERMS).allowed
    later = service.draft(session, cast.administrator, cast.institution)
    blocked = DEFAULTS.model_copy(update={"blocked_inputs": ("clicks",)})
    service.save(session, cast.administrator, later.id, blocked, 1)
    assert fit.fit(session, cast.institution, TERMS).allowed, "a draft decides nothing"
    service.approve(session, cast.officer, later.id)
    assert not fit.fit(session, cast.institution, TERMS).allowed
