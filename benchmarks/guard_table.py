"""What can be wrong with a job: violations of each rule of docs/guard.md, the lies of a hub among them.

Each changes the allowed case of `guard_cases`.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from benchmarks.guard_cases import AT, allowed
from benchmarks.guard_oracle import Case
from worker.protocol.canonical import digest_of
from worker.protocol.tasks import Input

Act = Callable[[Case], None]
_PART = {"digest": "d" * 64, "bytes": 8}
_TERMS = "first tasks model training federation cell files"


def _set(*path: str, to: Any) -> Act:
    """In the manifest."""

    def do(case: Case) -> None:
        place = case.manifest
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = to

    return do


def _policy(leaves: dict[str, bool] | None = None, **values: Any) -> Act:
    """Another policy here. A hub that knew the one before knows it."""

    def do(case: Case) -> None:
        if case.policy is None:
            return
        known = case.manifest["policy"] == digest_of(case.policy)
        case.policy = case.policy | values
        case.policy["leaves"] = case.policy["leaves"] | (leaves or {})
        if known:
            case.manifest["policy"] = digest_of(case.policy)

    return do


def _bounds(**values: Any) -> Act:
    def do(case: Case) -> None:
        if case.policy is not None:
            _policy(bounds=case.policy["bounds"] | values)(case)

    return do


def _case(**values: Any) -> Act:
    def do(case: Case) -> None:
        for name, value in values.items():
            setattr(case, name, value)

    return do


def _kind(kind: str, *leaves: str) -> Act:
    def do(case: Case) -> None:
        case.kind = kind
        case.manifest |= {"kind": kind, "leaves": list(leaves)}

    return do


def _all(*acts: Act) -> Act:
    def do(case: Case) -> None:
        for act in acts:
            act(case)

    return do


def _issued(minutes: int) -> Act:
    return _set("issued", to=(AT + timedelta(minutes=minutes)).isoformat())


def _task(case: Case) -> None:
    """Another target than the one the site has met and approved."""
    said = {"target": "Whether the student is ill."}
    case.manifest["tasks"] = [one | said for one in case.manifest["tasks"]]


def _longer(case: Case) -> None:
    more = Input(name="religion").model_dump(mode="json")
    tasks = case.manifest["tasks"]
    case.manifest["tasks"] = [one | {"inputs": [*one["inputs"], more]} for one in tasks]


def _file(name: str, digest: str) -> Act:
    """Also in the run's first job: the terms do not change, the files are odd from the start."""

    def do(case: Case) -> None:
        for one in (case.manifest, case.first, *case.agreed.values()):
            if one is not None and one["model"]["text"] is not None:
                one["model"] = deepcopy(one["model"])
                one["model"]["text"]["files"][name] = digest

    return do


def _agreed_to_another(case: Case) -> None:
    """Approved at the site for another target than the job has."""
    other = deepcopy(case.first or allowed().manifest)
    other["tasks"][0]["target"] = "Whether the student likes the course."
    case.agreed = {case.manifest["run"]: other}
    case.first = None


TABLE: dict[str, dict[str, tuple[str, Act]]] = {
    "bad-signature": {
        "another key": ("signer", _case(signer=b"x" * 32)),
        "a byte changed after signing": ("changed", _case(changed=True)),
    },
    "unknown-kind": {
        "a field too many": ("field", _set("code", to="print(1)")),
        "a value that cannot be": ("rank", _set("rank", to=1000)),
        "a path for a run": ("run agreed", _set("run", to="../run_1")),
        "a model of its own, not in the terms": (
            "kind leaves training",
            _all(_kind("personal"), _set("training", "personal", to=None)),
        ),
    },
    "other-job": {
        "another job": ("job", _case(job="job_2")),
        "another kind": ("kind", _case(kind="evaluate")),
    },
    "wrong-site": {
        "another site": ("site", _set("site", to="site_2")),
        "another institution": ("institution", _set("institution", to="institution_2")),
    },
    "expired": {
        "over": ("at", _case(at=AT + timedelta(hours=1))),
        "not yet": ("issued at", _issued(6)),
        "ends before it begins": ("issued at", _issued(120)),
    },
    "wider-than-its-kind": {
        "numbers of records": ("leaves", _set("leaves", to=["updates", "counts"])),
        "class reports": ("leaves", _set("leaves", to=["class_reports"])),
        "a switch that measures": ("kind leaves", _kind("switch-release", "metrics")),
    },
    "other-model-parts": {
        "a part more": ("modules", _set("modules", "encoder/image", to=_PART)),
        "another task's head": ("modules", _set("modules", "head/religion", to=_PART)),
    },
    "model-files-differ": {
        "other weights, allowed digest": ("files", _file("model.safetensors", "e" * 64)),
        "a second file of weights": ("files", _file("more.safetensors", "a" * 64)),
        "code among the files": ("files", _file("model.py", "a" * 64)),
    },
    "rank-too-high": {"more than the model has": ("rank", _set("rank", to=64))},
    "terms-changed": {
        "another task": ("tasks", _task),
        "a longer list of inputs": ("tasks", _longer),
        "another model": ("model files", _set("model", "width", to=1024)),
        "other training": ("training", _set("training", "epochs", to=99)),
        "another federation": ("federation", _set("federation", to="federation_2")),
        "smaller groups": ("cell", _all(_set("minimum_cell", to=5), _policy(minimum_cell=5))),
    },
    "round-replayed": {
        "a round before": ("round kind", _set("round", to=1)),
        "one whose bytes are gone": (
            "round kind",
            _all(_set("round", to=2), _case(gone=True)),
        ),
    },
    "no-policy": {"none": ("policy", _case(policy=None))},
    "unsupported-protection": {
        "noise": ("policy.protections", _policy(protections=["noise"])),
        "masks": ("policy.protections", _policy(protections=["secure-aggregation"])),
    },
    "purpose-not-allowed": {"research": ("policy.purposes", _policy(purposes=["research"]))},
    "task-not-allowed": {"yes or no": ("policy.kinds", _policy(task_kinds=["regression"]))},
    "modality-not-allowed": {
        "events": ("policy.modalities", _policy(modalities=["table", "text"]))
    },
    "input-not-allowed": {
        "an input": ("policy.blocked", _policy(blocked_inputs=["hours"])),
        "a column of events": ("policy.blocked", _policy(blocked_inputs=["skill"])),
        "the answer": ("policy.blocked", _policy(blocked_inputs=["passed"])),
        "the topic": ("policy.blocked", _policy(blocked_inputs=["topic"])),
        "a group": ("policy.blocked", _policy(blocked_inputs=["first"])),
    },
    "cohort-too-small": {"three of four": ("policy.cohort", _policy(minimum_cohort=4))},
    "cell-too-small": {"ten of eleven": ("policy.cell", _policy(minimum_cell=11))},
    "model-not-allowed": {"not listed": ("policy.models", _policy(models=["d" * 64]))},
    "updates-stay": {
        "said": ("policy.leaves kind", _policy({"updates": False})),
        "concealed": (
            "policy.leaves leaves kind",
            _all(_set("leaves", to=[]), _policy({"updates": False})),
        ),
    },
    "metrics-stay": {
        "of the shared model": (
            "policy.leaves leaves kind",
            _all(_kind("evaluate"), _policy({"metrics": False})),
        ),
        "of its own": (
            "policy.leaves leaves kind",
            _all(_kind("personal", "metrics"), _policy({"metrics": False})),
        ),
    },
    "class-reports-stay": {
        "concealed": (
            "policy.leaves leaves kind",
            _all(_kind("report"), _policy({"class_reports": False})),
        ),
    },
    "special-category": {
        "special here": ("policy.bounds", _bounds(special=["ethnicity"])),
        "never": ("policy.bounds", _bounds(never=["religion", "ethnicity"])),
    },
    "outside-contract": {"not signed for": ("policy.bounds", _bounds(elements=["hours", "essay"]))},
    "goes-abroad": {
        "denied": ("policy.bounds", _bounds(cross_border="deny", area=["DE"])),
        "not reviewed": ("policy.bounds", _bounds(cross_border="review")),
    },
    "approval-missing": {
        "at the hub": ("approved policy.approval kind", _set("approved", to=False)),
        "here": ("agreed policy.approval kind", _all(_case(agreed={}), _policy(approval="site"))),
        "for another task than approved here": (
            f"agreed policy.approval kind run {_TERMS}",
            _all(_agreed_to_another, _policy(approval="site")),
        ),
    },
    "other-policy": {"an older one": ("policy.digest", _set("policy", to="d" * 64))},
}
"""Code to what violates it, in the order of the page; each with what it touches: two that share a word may undo each
other.
"""


@dataclass(frozen=True)
class Violation:
    name: str
    code: str
    touches: frozenset[str]
    do: Act


VIOLATIONS = tuple(
    Violation(f"{code}: {name}", code, frozenset(touches.split()), do)
    for code, named in TABLE.items()
    for name, (touches, do) in named.items()
)
