"""Every rule of the guard, singly: one thing is wrong, and its name is the answer."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from pydantic import RootModel

from worker.learning.data.records import SiteData, TaskData
from worker.protocol import rules, run_terms
from worker.protocol.bounds import Bounds
from worker.protocol.codes import JobKind, Refusal
from worker.protocol.manifest import Manifest, ModelSpec, ModuleRef, Training
from worker.protocol.messages import Claimed
from worker.protocol.policy import Leaves, PolicyDocument
from worker.protocol.rules import Objection
from worker.protocol.signatures import PrivateKey
from worker.protocol.tasks import Input, TaskSheet
from worker.site import guard
from worker.site.guard import Known
from worker.site.home import Identity

HUB = PrivateKey(b"h" * 32)
AT = datetime(2026, 9, 1, 12, tzinfo=UTC)
SHEET = TaskSheet(
    name="pass",
    target="Whether the student passes.",
    label="passed",
    labels=("no", "yes"),
    inputs=(Input(name="hours"),),
)
OPEN = Leaves(updates=True, metrics=True, counts=True, class_codes=True, class_reports=True)
POLICY = PolicyDocument(leaves=OPEN)
IDENTITY = Identity("site_1", "Main", "institution_1", "School", HUB.public, "Hub", False)
KNOWN = Known(IDENTITY, POLICY)


def manifest(**fields: Any) -> Manifest:
    return Manifest(
        **{
            "job": "job_1",
            "kind": JobKind.TRAIN,
            "site": "site_1",
            "institution": "institution_1",
            "federation": "federation_1",
            "run": "run_1",
            "round": 1,
            "issued": AT - timedelta(minutes=1),
            "expires": AT + timedelta(hours=1),
            "tasks": (SHEET,),
            "model": ModelSpec(),
            "modules": {"fusion": ModuleRef(digest="c" * 64, bytes=8)},
            "cohort": 3,
            "leaves": ("updates",),
            "approved": True,
            **fields,
        }
    )


def claimed(wanted: Manifest, key: PrivateKey = HUB, **fields: Any) -> Claimed:
    plain = {"job": wanted.job, "kind": wanted.kind, "claim": 1, "lease_s": 60}
    return Claimed(**{**plain, "manifest": key.seal(wanted), **fields})


def judge(offer: Claimed, known: Known = KNOWN) -> Manifest | Objection:
    return guard.judge(offer, known, AT)


def with_policy(**fields: Any) -> Known:
    return replace(KNOWN, policy=POLICY.model_copy(update=fields))


def sheet(**fields: Any) -> tuple[TaskSheet, ...]:
    return (SHEET.model_copy(update=fields),)


@pytest.mark.parametrize("kind", JobKind)
def test_a_job_the_policy_allows_is_let_in(kind: JobKind) -> None:
    wanted = manifest(kind=kind, training=Training(personal=0.3), leaves=guard.SENDS[kind])
    assert judge(claimed(wanted)) == wanted


def keeping(kept: dict[str, Any]) -> Claimed:
    """Signed by the hub, whatever `kept` says."""
    plain = RootModel[dict[str, Any]](manifest().model_dump(mode="json") | {"kept": kept})
    return claimed(manifest()).model_copy(update={"manifest": HUB.seal(plain)})


def spans(*given: tuple[int, int]) -> dict[str, Any]:
    return {"fusion": {"rows": {"absent": given}}}


def test_rows_that_stay_here_are_named_in_order() -> None:
    judged = judge(keeping(spans((0, 1), (4, 2))))
    assert isinstance(judged, Manifest)
    assert judged.kept["fusion"].count == 3


@pytest.mark.parametrize(
    "kept",
    [
        {"head/none": {"whole": True}},
        {"fusion": {}},
        {"fusion": {"whole": True, "rows": {"absent": [(0, 1)]}}},
        {"fusion": {"rows": {"absent": []}}},
        {"fusion": {"code": "x"}},
        spans((4, 1), (0, 1)),
        spans((0, 2), (1, 1)),
        spans((0, 0)),
        spans((-1, 2)),
        spans((2**40, 1)),
        spans(*((2 * n, 1) for n in range(3000))),
    ],
)
def test_rows_that_cannot_be_are_refused(kept: dict[str, Any]) -> None:
    assert judge(keeping(kept)) == Objection(Refusal.UNKNOWN_KIND)


def forged() -> Claimed:
    honest = claimed(manifest())
    payload = honest.manifest.payload.replace('"cohort":3', '"cohort":9')
    assert payload != honest.manifest.payload
    return honest.model_copy(
        update={"manifest": honest.manifest.model_copy(update={"payload": payload})}
    )


OFFERS: list[tuple[str, Callable[[], Claimed], Refusal, str]] = [
    ("another key", lambda: claimed(manifest(), PrivateKey()), Refusal.BAD_SIGNATURE, ""),
    ("a changed byte", forged, Refusal.BAD_SIGNATURE, ""),
    ("another job's", lambda: claimed(manifest(), job="job_2"), Refusal.OTHER_JOB, ""),
    ("another kind", lambda: claimed(manifest(), kind=JobKind.EVALUATE), Refusal.OTHER_JOB, ""),
    ("another site's", lambda: claimed(manifest(site="site_2")), Refusal.WRONG_SITE, ""),
    (
        "another institution's",
        lambda: claimed(manifest(institution="institution_2")),
        Refusal.WRONG_SITE,
        "",
    ),
    ("over", lambda: claimed(manifest(expires=AT)), Refusal.EXPIRED, ""),
    (
        "a purpose",
        lambda: claimed(manifest(tasks=sheet(purpose="research"))),
        Refusal.PURPOSE,
        "research",
    ),
    (
        "a small cohort",
        lambda: claimed(manifest(cohort=2)),
        Refusal.MINIMUM_COHORT,
        "3",
    ),
    ("a small cell", lambda: claimed(manifest(minimum_cell=5)), Refusal.MINIMUM_CELL, "10"),
    ("no approval", lambda: claimed(manifest(approved=False)), Refusal.APPROVAL_MISSING, "hub"),
]


@pytest.mark.parametrize(("what", "offer", "code", "detail"), OFFERS, ids=[o[0] for o in OFFERS])
def test_an_offer_with_one_fault(
    what: str, offer: Callable[[], Claimed], code: Refusal, detail: str
) -> None:
    assert judge(offer()) == Objection(code, detail)


POLICIES: list[tuple[str, Known, Manifest, Refusal]] = [
    ("none", replace(KNOWN, policy=None), manifest(), Refusal.NO_POLICY),
    ("modality", with_policy(modalities=("text",)), manifest(), Refusal.MODALITY),
    ("task", with_policy(task_kinds=("regression",)), manifest(), Refusal.TASK),
    ("input", with_policy(blocked_inputs=("hours",)), manifest(), Refusal.INPUT),
    ("noise", with_policy(protections=("noise",)), manifest(), Refusal.UNSUPPORTED_PROTECTION),
    (
        "masks",
        with_policy(protections=("secure-aggregation",)),
        manifest(protections=("secure-aggregation",)),
        Refusal.UNSUPPORTED_PROTECTION,
    ),
    (
        "category",
        with_policy(bounds=Bounds(never=("emotion",))),
        manifest(tasks=sheet(label="mood")),
        Refusal.CATEGORY,
    ),
    ("contract", with_policy(bounds=Bounds(elements=())), manifest(), Refusal.CONTRACT),
    ("abroad", with_policy(bounds=Bounds(cross_border="deny")), manifest(), Refusal.ABROAD),
    (
        "approval here",
        with_policy(approval="site"),
        manifest(approved=True),
        Refusal.APPROVAL_MISSING,
    ),
]


@pytest.mark.parametrize(
    ("what", "known", "wanted", "code"), POLICIES, ids=[p[0] for p in POLICIES]
)
def test_a_policy_that_refuses(what: str, known: Known, wanted: Manifest, code: Refusal) -> None:
    found = judge(claimed(wanted), known)
    assert isinstance(found, Objection)
    assert found.code is code


FLOWS = [
    (JobKind.TRAIN, "updates", Refusal.UPDATES_STAY),
    (JobKind.EVALUATE, "metrics", Refusal.METRICS_STAY),
    (JobKind.BASELINE, "metrics", Refusal.METRICS_STAY),
    (JobKind.REPORT, "class_reports", Refusal.REPORTS_STAY),
]


@pytest.mark.parametrize("admitted", [True, False], ids=["admitted", "concealed"])
@pytest.mark.parametrize(("kind", "flow", "code"), FLOWS, ids=[f[0] for f in FLOWS])
def test_a_closed_flow_refuses_even_a_manifest_that_conceals_it(
    kind: JobKind, flow: str, code: Refusal, admitted: bool
) -> None:
    known = with_policy(leaves=OPEN.model_copy(update={flow: False}))
    wanted = manifest(kind=kind, leaves=(flow,) if admitted else ())
    assert judge(claimed(wanted), known) == Objection(code, flow)


def test_a_job_asks_for_no_more_than_its_kind_sends_even_where_the_policy_would_let_it_out() -> (
    None
):
    wanted = manifest(leaves=("updates", "counts"))
    assert judge(claimed(wanted)) == Objection(Refusal.WIDER, "counts")


@pytest.mark.parametrize(
    ("protection", "code"),
    [("noise", Refusal.NEEDS_NOISE), ("secure-aggregation", Refusal.NEEDS_SECURE_AGGREGATION)],
)
def test_a_protection_this_version_has_must_be_in_the_run(
    protection: str, code: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "SUPPORTED_PROTECTIONS", frozenset({protection}))
    known = with_policy(protections=(protection,))
    assert judge(claimed(manifest()), known) == Objection(code, protection)


def test_a_run_approved_at_the_site_is_let_in() -> None:
    wanted = manifest(approved=False)
    agreed = {"run_1": run_terms.of(wanted).digest}
    known = replace(with_policy(approval="site"), approved_here=agreed)
    assert isinstance(judge(claimed(wanted), known), Manifest)
    other = manifest(tasks=sheet(target="Whether the student is ill."))
    assert judge(claimed(other), known) == Objection(Refusal.APPROVAL_MISSING, "site")


def data(count: int) -> SiteData:
    rows = np.array(["x"] * count)
    task = TaskData(
        sheet=SHEET,
        numeric=np.zeros((count, 1), np.float32),
        categorical=np.zeros((count, 0), np.int64),
        text={},
        label=np.zeros(count, np.int64),
        student=rows,
        class_code=rows,
        term=rows,
        split=np.array(["train"] * count),
    )
    return SiteData({"pass": task}, "d")


@pytest.mark.parametrize(
    ("policy_least", "sheet_least", "count", "enough"),
    [(20, 20, 20, True), (20, 20, 19, False), (30, 20, 29, False), (20, 30, 29, False)],
)
def test_the_stricter_minimum_of_records_counts(
    policy_least: int, sheet_least: int, count: int, enough: bool
) -> None:
    policy = POLICY.model_copy(update={"minimum_records": policy_least})
    wanted = manifest(tasks=sheet(minimum_records=sheet_least))
    given = data(count)
    found = guard.enough(policy, wanted, given)
    assert found == (given if enough else Objection(Refusal.TOO_FEW_RECORDS, "pass"))


def test_no_task_of_the_job_is_here() -> None:
    nothing = Objection(Refusal.NO_MATCHING_DATA)
    assert guard.enough(POLICY, manifest(), SiteData({}, "d")) == nothing


def test_a_detail_that_is_no_plain_name_does_not_travel() -> None:
    assert guard.detail(Objection(Refusal.INPUT, "hours")) == "hours"
    assert guard.detail(Objection(Refusal.INPUT, "hours of Anna")) is None
    assert guard.detail(Objection(Refusal.NO_POLICY)) is None
