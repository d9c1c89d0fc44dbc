"""A second, slow reading of docs/guard.md, on plain JSON: what should the guard answer?

It shares no code with `worker`: neither models, rules, layout nor the opening of what was signed; only the list
of words that stand for special categories.
"""

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from worker.protocol import categories

ALLOWED = "allowed"
_PLAIN = re.compile(r"^[A-Za-z0-9_-]{1,80}$")
_FILE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,60}\.(json|txt|safetensors)$")
_NEEDED = {
    *(
        "version",
        "job",
        "kind",
        "site",
        "institution",
        "federation",
        "run",
        "round",
        "issued",
        "expires",
    ),
    *(
        "tasks",
        "model",
        "modules",
        "training",
        "cohort",
        "minimum_cell",
        "protections",
        "leaves",
        "rank",
    ),
    *("approved", "stall_s", "hard_limit_s"),
}
_ALSO = {"kept", "classes", "policy", "release", "countries", "partners"}
WORDS = {category: words.split() for category, words in categories._WORDS.items()}
"""The list itself; how a name is held against it stands below."""
_KINDS = {"train", "evaluate", "baseline", "personal", "report", "switch-release"}
_FLOWS = {"updates", "metrics", "counts", "class_codes", "class_reports"}
_STAYS = {
    "updates": "updates-stay",
    "metrics": "metrics-stay",
    "counts": "counts-stay",
    "class_reports": "class-reports-stay",
}
_SENDS = {
    "train": ["updates"],
    "evaluate": ["metrics"],
    "baseline": ["metrics"],
    "personal": [],
    "report": ["class_reports"],
    "switch-release": [],
}


@dataclass
class Case:
    """An offer and what the site knows, in plain values. `first`: the run's first job here; `agreed`: run to the job
    whose terms a person approved."""

    manifest: dict[str, Any]
    job: str
    kind: str
    at: datetime
    site: str
    institution: str
    policy: dict[str, Any] | None
    agreed: dict[str, dict[str, Any]] = field(default_factory=dict)
    tier: str = "large"
    first: dict[str, Any] | None = None
    trained: int | None = None
    gone: bool = False
    signer: bytes = b"h" * 32
    changed: bool = False
    """A byte was changed after the hub had signed."""


def verdict(case: Case, payload: str, signature: bytes, hub: bytes) -> str:
    """The code of the first rule that says no, or `allowed`. `hub`: the pinned key's 32 bytes."""
    try:
        Ed25519PublicKey.from_public_bytes(hub).verify(signature, payload.encode())
    except InvalidSignature:
        return "bad-signature"
    job = json.loads(payload)
    if not _readable(job):
        return "unknown-kind"
    for rule in (_offered, _wider, _parts, _files, _rank, _before, _policy):
        code = rule(job, case)
        if code:
            return code
    return ALLOWED


def _readable(job: dict[str, Any]) -> bool:
    given = set(job)
    if given - _NEEDED - _ALSO or _NEEDED - given:
        return False
    if job["kind"] not in _KINDS or set(job["leaves"]) - _FLOWS or not job["tasks"]:
        return False
    if job["cohort"] < 1 or job["minimum_cell"] < 5 or job["round"] < 0:
        return False
    if job["rank"] is not None and not 1 <= job["rank"] <= 64:
        return False
    if not all(re.match(r"^[0-9a-f]{64}$", part["digest"]) for part in job["modules"].values()):
        return False
    if not all(_PLAIN.match(job[name]) for name in ("job", "run", "federation")):
        return False
    return not (job["kind"] == "personal" and job["training"]["personal"] is None)


def _offered(job: dict[str, Any], case: Case) -> str:
    if job["job"] != case.job or job["kind"] != case.kind:
        return "other-job"
    if job["site"] != case.site or job["institution"] != case.institution:
        return "wrong-site"
    issued, expires = (datetime.fromisoformat(job[name]) for name in ("issued", "expires"))
    early = case.at < issued - timedelta(minutes=5)
    return "expired" if early or case.at >= expires or expires <= issued else ""


def _wider(job: dict[str, Any], case: Case) -> str:
    may = ["metrics"] if job["kind"] == "personal" else _SENDS[job["kind"]]
    return "wider-than-its-kind" if any(flow not in may for flow in job["leaves"]) else ""


def _parts(job: dict[str, Any], case: Case) -> str:
    with_text, model = job["model"]["text"] is not None, set()
    for sheet in job["tasks"]:
        model.add("head/" + sheet["name"])
        if sheet["kind"] != "next_answer":
            model.add("fusion")
        for column in sheet["inputs"]:
            if column["kind"] in ("numeric", "categorical"):
                model.add("encoder/table")
            elif column["kind"] != "text":
                model.add("encoder/" + column["kind"])
            elif with_text:
                model.add("encoder/text")
                if job["model"]["adapter_layers"] > 0:
                    model.add("adapter/text")
    return "other-model-parts" if any(part not in model for part in job["modules"]) else ""


def _bases(job: dict[str, Any]) -> list[dict[str, Any]]:
    return [job["model"][name] for name in ("text", "image", "audio") if job["model"][name]]


def _files(job: dict[str, Any], case: Case) -> str:
    for base in _bases(job):
        weights = [base["files"][name] for name in base["files"] if name.endswith(".safetensors")]
        odd = [name for name in base["files"] if not _FILE.match(name)]
        if odd or weights != [base["digest"]]:
            return "model-files-differ"
    return ""


def _rank(job: dict[str, Any], case: Case) -> str:
    tiers = job["model"]["tiers"]
    most = tiers[case.tier] if tiers else job["model"]["rank"]
    return "rank-too-high" if job["rank"] is not None and job["rank"] > most else ""


def _before(job: dict[str, Any], case: Case) -> str:
    if case.first is not None and not _same_terms(job, case.first):
        return "terms-changed"
    if job["kind"] != "train" or case.trained is None:
        return ""
    older = job["round"] < case.trained
    return "round-replayed" if older or (case.gone and job["round"] == case.trained) else ""


def _same_terms(one: dict[str, Any], other: dict[str, Any]) -> bool:
    names = ("federation", "tasks", "model", "minimum_cell", "protections")
    if any(one[name] != other[name] for name in names):
        return False
    first, second = dict(one["training"]), dict(other["training"])
    del first["seed"], second["seed"]
    return first == second


def _policy(job: dict[str, Any], case: Case) -> str:
    policy = case.policy
    if policy is None:
        return "no-policy"
    if policy["protections"]:
        return "unsupported-protection"  # this version has none
    for sheet in job["tasks"]:
        code = _sheet(sheet, policy)
        if code:
            return code
    if job["cohort"] < policy["minimum_cohort"]:
        return "cohort-too-small"
    if job["minimum_cell"] < policy["minimum_cell"]:
        return "cell-too-small"
    digests = {base["digest"] for base in _bases(job)}
    if policy["models"] is not None and digests - set(policy["models"]):
        return "model-not-allowed"
    for flow in _SENDS[job["kind"]] + job["leaves"]:
        if flow in _STAYS and not policy["leaves"][flow]:
            return _STAYS[flow]
    return _bounds(job, policy) or _yes(job, case, policy)


def _sheet(sheet: dict[str, Any], policy: dict[str, Any]) -> str:
    if sheet["purpose"] not in policy["purposes"]:
        return "purpose-not-allowed"
    if sheet["kind"] not in policy["task_kinds"]:
        return "task-not-allowed"
    if any(column["modality"] not in policy["modalities"] for column in sheet["inputs"]):
        return "modality-not-allowed"
    blocked = set(policy["blocked_inputs"])
    return "input-not-allowed" if blocked & set(_names(sheet)) else ""


def _names(sheet: dict[str, Any]) -> list[str]:
    """Every column a sheet reads."""
    read = [sheet["label"], *sheet["traits"], *(group["name"] for group in sheet["groups"])]
    read += [sheet["topic"]["name"]] if sheet["topic"] else []
    for column in sheet["inputs"]:
        read += [column["name"], *(event["name"] for event in column["columns"])]
    return read


def _bounds(job: dict[str, Any], policy: dict[str, Any]) -> str:
    bounds = policy["bounds"]
    forbidden = set(bounds["never"]) | (set(bounds["special"]) - set(policy["categories"]))
    for sheet in job["tasks"]:
        if any(_stands_for(name, forbidden) for name in [sheet["name"], *_names(sheet)]):
            return "special-category"
        kinds = {column["modality"] for column in sheet["inputs"]}
        if "recordings" in forbidden and kinds & {"image", "audio"}:
            return "special-category"
    for sheet in job["tasks"]:
        if bounds["elements"] is not None and set(_names(sheet)) - set(bounds["elements"]):
            return "outside-contract"
    asks = bounds["cross_border"]
    asks = asks == "deny" or (asks == "review" and not policy["abroad"])
    abroad = not job["countries"] or set(job["countries"]) - set(bounds["area"])
    return "goes-abroad" if asks and abroad else ""


def _stands_for(name: str, forbidden: set[str]) -> bool:
    """By whole words, one or several in a row; `sexLife`, `sex-life` and `SEX_LIFE` alike."""
    spread = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    told = " " + " ".join(re.findall(r"[a-z]+|[0-9]+", spread.lower())) + " "
    return any(
        f" {words.replace('_', ' ')} " in told
        for category in forbidden
        for words in WORDS[category]
    )


def _yes(job: dict[str, Any], case: Case, policy: dict[str, Any]) -> str:
    if job["kind"] != "switch-release":
        agreed = case.agreed.get(job["run"])
        here = agreed is not None and _same_terms(job, agreed)
        if not (job["approved"] if policy["approval"] == "hub" else here):
            return "approval-missing"
    text = json.dumps(policy, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    own = hashlib.sha256(text.encode()).hexdigest()
    return "other-policy" if job.get("policy") not in (None, own) else ""
