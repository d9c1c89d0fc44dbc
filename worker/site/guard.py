"""The site's own judgement of a job, before any learning code is called. A refusal is an answer.

It reads the manifest the hub signed, the key pinned at enrolment, the policy accepted here and what the site
remembers of the run; never the hub's copy of the policy. docs/guard.md lists the rules in their order.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import ValidationError

from worker.protocol import layout, limits, run_terms, slices
from worker.protocol.base_models import BaseShape
from worker.protocol.canonical import digest_of
from worker.protocol.codec import Tensors
from worker.protocol.codes import JobKind, Refusal, Tier
from worker.protocol.manifest import Manifest, PinnedModel
from worker.protocol.messages import Claimed
from worker.protocol.policy import PolicyDocument
from worker.protocol.rules import Objection, Terms, approval_missing, objections
from worker.protocol.shapes import Shape
from worker.protocol.signatures import BadSignature
from worker.site.home import Identity
from worker.site.met import Met

if TYPE_CHECKING:
    from worker.learning.data.records import SiteData

SENDS: Mapping[JobKind, tuple[str, ...]] = {
    JobKind.TRAIN: ("updates",),
    JobKind.EVALUATE: ("metrics",),
    JobKind.BASELINE: ("metrics",),
    JobKind.PERSONAL: (),
    JobKind.REPORT: ("class_reports",),
    JobKind.SWITCH_RELEASE: (),
}
"""What an answer of each kind carries, whatever the manifest admits to."""
MAY_SEND: Mapping[JobKind, frozenset[str]] = {
    **{kind: frozenset(flows) for kind, flows in SENDS.items()},
    JobKind.PERSONAL: frozenset({"metrics"}),
}
"""What a manifest of each kind may ask for. More is wider than its kind."""
_NEEDS_APPROVAL = frozenset(JobKind) - {JobKind.SWITCH_RELEASE}
_DETAIL = re.compile(r"[A-Za-z0-9_./-]{1,64}")
_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}\.(json|txt|safetensors)")
_NOT_READ = BaseShape(1, 1)
_SKEW = timedelta(seconds=limits.CLOCK_SKEW_S)


@dataclass(frozen=True)
class Known:
    """What the site itself knows. `policy` is the document accepted here, None if there is none."""

    identity: Identity
    policy: PolicyDocument | None
    approved_here: Mapping[str, str] = field(default_factory=dict)
    """Run to the digest of the terms that a person here said yes to."""
    tier: Tier = Tier.LARGE
    met: Callable[[str], Met] = lambda run: Met()
    """What is remembered of a run."""


def judge(claimed: Claimed, known: Known, at: datetime) -> Manifest | Objection:
    """The manifest to work on, or the first rule that refuses it."""
    opened = _open(claimed, known)
    if isinstance(opened, Objection):
        return opened
    return (
        _addressed(opened, claimed, known, at)
        or _of_one_piece(opened, known)
        or _as_before(opened, known.met(opened.run))
        or _allowed(opened, known)
        or opened
    )


def _open(claimed: Claimed, known: Known) -> Manifest | Objection:
    """Signed by the hub this site joined, and something this version can read."""
    try:
        content = known.identity.hub_key.open(claimed.manifest)
    except BadSignature:
        return Objection(Refusal.BAD_SIGNATURE)
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError:
        return Objection(Refusal.UNKNOWN_KIND)
    plain = all(_ID.fullmatch(one) for one in (manifest.job, manifest.run, manifest.federation))
    agreed = manifest.kind is not JobKind.PERSONAL or manifest.training.personal is not None
    return manifest if plain and agreed else Objection(Refusal.UNKNOWN_KIND)


def _addressed(
    manifest: Manifest, claimed: Claimed, known: Known, at: datetime
) -> Objection | None:
    """This very job, for this site, now."""
    if (manifest.job, manifest.kind) != (claimed.job, claimed.kind):
        return Objection(Refusal.OTHER_JOB)
    if (manifest.site, manifest.institution) != (known.identity.site, known.identity.institution):
        return Objection(Refusal.WRONG_SITE)
    in_time = manifest.issued - _SKEW <= at < manifest.expires
    if not in_time or not manifest.issued < manifest.expires:
        return Objection(Refusal.EXPIRED)
    return None


def _of_one_piece(manifest: Manifest, known: Known) -> Objection | None:
    """It asks for no more than its kind, its model and this machine give."""
    for flow in manifest.leaves:
        if flow not in MAY_SEND[manifest.kind]:
            return Objection(Refusal.WIDER, flow)
    planned = layout.module_names(manifest.model, manifest.tasks)
    for name in sorted(manifest.modules):
        if name not in planned:
            return Objection(Refusal.OTHER_PARTS, name)
    for base in manifest.model.bases.values():
        if not _names_its_files(base):
            return Objection(Refusal.MODEL_FILES, base.digest[:12])
    if manifest.rank is not None and manifest.rank > _highest(manifest, known.tier):
        return Objection(Refusal.RANK, str(manifest.rank))
    return None


def _names_its_files(base: PinnedModel) -> bool:
    """The digest a policy lists is that of the only weights, and no file lies elsewhere."""
    weights = [digest for name, digest in base.files.items() if name.endswith(".safetensors")]
    return weights == [base.digest] and all(_FILE.fullmatch(name) for name in base.files)


def _highest(manifest: Manifest, tier: Tier) -> int:
    """What this machine may be asked to train of an adapter, by the federation's own numbers."""
    tiers = manifest.model.tiers
    return manifest.model.rank if tiers is None else tiers.of(tier)


def _as_before(manifest: Manifest, met: Met) -> Objection | None:
    """The run has the terms of its first job here, and its rounds go forward."""
    if met.terms is not None and met.terms != run_terms.of(manifest).digest:
        return Objection(Refusal.TERMS_CHANGED)
    if manifest.kind is not JobKind.TRAIN or met.trained is None:
        return None
    older = manifest.round < met.trained
    if older or (met.gone and manifest.round == met.trained):
        return Objection(Refusal.ROUND_REPLAYED, str(manifest.round))
    return None


def _allowed(manifest: Manifest, known: Known) -> Objection | None:
    """The policy accepted here."""
    if known.policy is None:
        return Objection(Refusal.NO_POLICY)
    terms = _terms(manifest, known)
    for found in objections(known.policy, terms):
        return found
    if manifest.kind in _NEEDS_APPROVAL:
        missing = approval_missing(known.policy, terms)
        if missing is not None:
            return missing
    if manifest.policy is not None and manifest.policy != digest_of(known.policy):
        return Objection(Refusal.OTHER_POLICY)
    return None


def _terms(manifest: Manifest, known: Known) -> Terms:
    approved = known.approved_here.get(manifest.run)
    return Terms(
        tasks=manifest.tasks,
        cohort=manifest.cohort,
        minimum_cell=manifest.minimum_cell,
        protections=manifest.protections,
        leaves=tuple(dict.fromkeys((*SENDS[manifest.kind], *manifest.leaves))),
        models=manifest.model.digests,
        approved_at_hub=manifest.approved,
        approved_at_site=approved is not None and approved == run_terms.of(manifest).digest,
        countries=manifest.countries,
    )


def leaving(
    manifest: Manifest, found: Mapping[str, Tensors], bases: layout.Shapes
) -> Objection | None:
    """An update before it is stored: only parts and tensors of the plan, each in its shape or its first rows.

    `bases`: of those that the tasks here read by. A part that needs another one has no shape that could leave.
    """
    known = {modality: bases.get(modality, _NOT_READ) for modality in manifest.model.bases}
    planned = layout.shapes(manifest.model, manifest.tasks, known)
    for module, tensors in sorted(found.items()):
        if module not in manifest.modules or not _planned(tensors, planned.get(module, {})):
            return Objection(Refusal.OTHER_PARTS, module)
    return None


def _planned(tensors: Tensors, planned: Mapping[str, Shape]) -> bool:
    def fits(name: str) -> bool:
        return slices.fits(name, tensors[name].shape, planned[name].size)

    return tensors.keys() <= planned.keys() and all(map(fits, tensors))


def enough(policy: PolicyDocument, manifest: Manifest, data: "SiteData") -> "SiteData | Objection":
    """The records of the tasks that have enough of them, or why there are none.

    A task with too few records is left out here; the site takes part in the others.
    """
    from worker.learning.data.folder import digest_of_records
    from worker.learning.data.records import SiteData

    if not data.tasks:
        return Objection(Refusal.NO_MATCHING_DATA)
    kept = {
        name: task
        for name, task in data.tasks.items()
        if len(task.label) >= max(policy.minimum_records, manifest.task(name).minimum_records)
    }
    if not kept:
        return Objection(Refusal.TOO_FEW_RECORDS, next(iter(sorted(data.tasks))))
    return data if len(kept) == len(data.tasks) else SiteData(kept, digest_of_records(kept))


def detail(objection: Objection) -> str | None:
    """As an answer may carry it: a name from the manifest or the policy, or nothing."""
    return objection.detail if _DETAIL.fullmatch(objection.detail) else None


assert set(SENDS) == set(MAY_SEND) == set(JobKind)
