"""From a plan to one site's job: the signed manifest and the objects it may download."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.federations.schemas import Flow
from app.ids import new_id
from app.runs import module_states
from app.runs.eligibility import Candidate
from app.runs.models import ModuleState, Run
from app.runs.schemas import Plan
from app.sites import inbox
from app.sites.models import Job, Site
from worker.protocol.canonical import digest_of
from worker.protocol.codes import JobKind, Tier
from worker.protocol.manifest import Manifest, ModuleRef, Training
from worker.protocol.signatures import PrivateKey

Seeds = Callable[[int, int, str], int]
"""(run's seed, round, site) to the site's training seed: `worker.learning.seeds.training_seed`, given by the
worker, because the hub's own code does not import learning. Round 0 is training alone."""

LEAVES: dict[JobKind, tuple[Flow, ...]] = {
    JobKind.TRAIN: ("updates",),
    JobKind.EVALUATE: ("metrics",),
    JobKind.BASELINE: ("metrics",),
    JobKind.PERSONAL: (),
    JobKind.REPORT: ("class_reports",),
    JobKind.SWITCH_RELEASE: (),
}
"""What a job of each kind sends. The guard refuses it if the site's policy has one of them closed. A personal job's
model stays where it is; its figures come along only where the policy lets metrics out."""


@dataclass(frozen=True)
class Occasion:
    """What all jobs posted together share. `number` is the round whose state `base` is, or trains on."""

    run: Run
    plan: Plan
    number: int
    base: Mapping[str, ModuleState]
    cohort: int
    issued: datetime
    expires: datetime
    round_id: str | None = None
    countries: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    """Institution to name, of all that are asked."""

    def others(self, institution: str) -> tuple[str, ...]:
        return tuple(sorted({name for one, name in self.names.items() if one != institution}))


def post(
    session: Session,
    hub_key: PrivateKey,
    occasion: Occasion,
    candidate: Candidate,
    kind: JobKind,
    *,
    training: Training | None = None,
    classes: tuple[str, ...] = (),
    release: str | None = None,
    metrics: bool = False,
) -> Job:
    """Seals and posts one job. `metrics`: its answer may bring figures along."""
    plan, site = occasion.plan, candidate.site
    manifest = Manifest(
        **_shared(occasion),
        job=new_id("job"),
        kind=kind,
        site=site.id,
        institution=site.institution_id,
        training=training or plan.training,
        rank=_rank(plan, site) if kind is JobKind.TRAIN else None,
        partners=occasion.others(site.institution_id),
        leaves=("metrics",) if metrics else LEAVES[kind],
        classes=classes,
        release=release,
        policy=digest_of(candidate.policy),
        approved=candidate.approved,
    )
    return _posted(session, hub_key, manifest, occasion)


def _shared(occasion: Occasion) -> dict[str, Any]:
    """What is the same in every job posted together."""
    plan = occasion.plan
    return {
        "federation": occasion.run.federation_id,
        "run": occasion.run.id,
        "round": occasion.number,
        "issued": occasion.issued,
        "expires": occasion.expires,
        "tasks": plan.sheets,
        "model": plan.model,
        "modules": _refs(occasion.base),
        "kept": dict(module_states.kept(occasion.base)),
        "cohort": max(occasion.cohort, 1),
        "countries": occasion.countries,
        "minimum_cell": plan.minimum_cell,
    }


def _rank(plan: Plan, site: Site) -> int | None:
    """What the site's tier trains; a site that told none gets what any machine can."""
    tiers = plan.model.tiers
    told = site.readiness.get("tier") or Tier.SMALL
    return None if tiers is None else tiers.of(Tier(told))


def _refs(base: Mapping[str, ModuleState]) -> dict[str, ModuleRef]:
    return {
        name: ModuleRef(digest=state.digest, bytes=state.bytes)
        for name, state in sorted(base.items())
    }


def _posted(session: Session, hub_key: PrivateKey, manifest: Manifest, occasion: Occasion) -> Job:
    """With what the site may fetch for it: the modules, and every file of the base models."""
    bases = occasion.plan.model.bases.values()
    objects = (
        *(state.digest for state in occasion.base.values()),
        *(digest for base in bases for digest in base.files.values()),
    )
    return inbox.post(session, hub_key, manifest, objects=objects, round_id=occasion.round_id)
