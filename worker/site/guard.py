"""The site's own judgement of a job, before any learning code is called. A refusal is an answer.

It reads the manifest the hub signed, the key pinned at enrolment and the policy accepted here; never the
hub's copy of the policy.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import ValidationError

from worker.protocol.codes import JobKind, Refusal, Tier
from worker.protocol.manifest import Manifest
from worker.protocol.messages import Claimed
from worker.protocol.policy import PolicyDocument
from worker.protocol.rules import Objection, Terms, approval_missing, objections
from worker.protocol.signatures import BadSignature
from worker.site.home import Identity

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
_NEEDS_APPROVAL = frozenset(JobKind) - {JobKind.SWITCH_RELEASE}
_DETAIL = re.compile(r"[A-Za-z0-9_./-]{1,64}")


@dataclass(frozen=True)
class Known:
    """What the site itself knows. `policy` is the document accepted here, None if there is none."""

    identity: Identity
    policy: PolicyDocument | None
    approved_here: frozenset[str]
    tier: Tier = Tier.LARGE


def judge(claimed: Claimed, known: Known, at: datetime) -> Manifest | Objection:
    """The manifest to work on, or the first rule that refuses it."""
    opened = _open(claimed, known, at)
    if isinstance(opened, Objection):
        return opened
    if known.policy is None:
        return Objection(Refusal.NO_POLICY)
    terms = _terms(opened, known)
    found = objections(known.policy, terms)
    if found:
        return found[0]
    if opened.kind in _NEEDS_APPROVAL:
        missing = approval_missing(known.policy, terms)
        if missing is not None:
            return missing
    return opened


def _open(claimed: Claimed, known: Known, at: datetime) -> Manifest | Objection:
    try:
        content = known.identity.hub_key.open(claimed.manifest)
    except BadSignature:
        return Objection(Refusal.BAD_SIGNATURE)
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError:
        return Objection(Refusal.UNKNOWN_KIND)
    if manifest.job != claimed.job:
        return Objection(Refusal.BAD_SIGNATURE)
    if (manifest.site, manifest.institution) != (known.identity.site, known.identity.institution):
        return Objection(Refusal.WRONG_SITE)
    if manifest.kind != claimed.kind or not _agreed(manifest):
        return Objection(Refusal.UNKNOWN_KIND)
    if not manifest.issued < manifest.expires or at >= manifest.expires:
        return Objection(Refusal.EXPIRED)
    if manifest.rank is not None and manifest.rank > _highest(manifest, known.tier):
        return Objection(Refusal.RANK, str(manifest.rank))
    return manifest


def _highest(manifest: Manifest, tier: Tier) -> int:
    """What this machine may be asked to train of an adapter, by the federation's own numbers."""
    tiers = manifest.model.tiers
    return manifest.model.rank if tiers is None else tiers.of(tier)


def _agreed(manifest: Manifest) -> bool:
    """A model of the site's own is made only in a run whose terms have one."""
    return manifest.kind is not JobKind.PERSONAL or manifest.training.personal is not None


def _terms(manifest: Manifest, known: Known) -> Terms:
    return Terms(
        tasks=manifest.tasks,
        cohort=manifest.cohort,
        minimum_cell=manifest.minimum_cell,
        protections=manifest.protections,
        leaves=tuple(dict.fromkeys((*SENDS[manifest.kind], *manifest.leaves))),
        models=manifest.model.digests,
        approved_at_hub=manifest.approved,
        approved_at_site=manifest.run in known.approved_here,
        countries=manifest.countries,
    )


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


assert set(SENDS) == set(JobKind)
