"""From a judged manifest to an answer: what each kind of job fetches, computes and keeps."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from worker.learning.own import laid_over
from worker.protocol import layout, weights
from worker.protocol.codec import Tensors
from worker.protocol.codes import JobKind, Phase
from worker.protocol.manifest import Manifest, PinnedModel
from worker.protocol.messages import Answer
from worker.protocol.policy import Modality, PolicyDocument
from worker.protocol.rules import Objection
from worker.protocol.update import MetricsAnswer, Receipt, ReportAnswer
from worker.site import files, guard, records, telling
from worker.site.accepted import AcceptedPolicy
from worker.site.faults import ObjectMismatch
from worker.site.holding import Holding
from worker.site.outbox import StoredUpdate, safe_name
from worker.site.sending import persist, upload
from worker.site.site import Site

Result = TypeVar("Result")


@dataclass(frozen=True)
class Job:
    """A job the guard let in."""

    site: Site
    manifest: Manifest
    policy: AcceptedPolicy
    held: Holding


def answer(job: Job) -> Answer | Objection:
    """Computes it, or finds it in the outbox. An update is uploaded before this returns."""
    job.site.tidy()
    if job.manifest.kind is JobKind.TRAIN:
        return _train(job)
    earlier = job.site.outbox.find_answer(job.manifest.job, job.held.claim)
    if earlier is not None:
        return earlier
    said = _switch(job) if job.manifest.kind is JobKind.SWITCH_RELEASE else _measure(job)
    if isinstance(said, Answer):
        job.site.outbox.store_answer(job.manifest.job, said)
        job.held.hook(Phase.STORED, 1, 1)
    return said


def _train(job: Job) -> Answer | Objection:
    stored = job.site.outbox.find(job.manifest)
    if stored is None:
        fresh = _fit(job)
        if isinstance(fresh, Objection):
            return fresh
        stored = fresh
    job.held.hook(Phase.STORED, 1, 1)
    upload(job.site, job.manifest, stored, job.held)
    return Answer(claim=job.held.claim, update=stored.digest)


def _fit(job: Job) -> StoredUpdate | Objection:
    from worker.learning import local
    from worker.learning.model.layout import shapes_of

    data = _records(job)
    if isinstance(data, Objection):
        return data
    run, number = job.manifest.run, job.manifest.round
    shared, bases = _modules(job), _bases(job, data.tasks)
    checkpoint = files.folder(job.site.home.checkpoints) / f"{safe_name(run)}.{number}.safetensors"
    found, own = local.take_part(
        job.manifest,
        shared,
        job.site.own.before(run, number),
        data,
        bases=bases,
        cache_dir=files.folder(job.site.home.cache),
        checkpoint=checkpoint,
        on_progress=job.held.hook,
    )
    deltas = {name: one.delta for name, one in found.items()}
    wider = guard.leaving(job.manifest, deltas, shapes_of(bases))
    if wider is not None:
        return wider
    receipt = Receipt(policy=job.policy.digest, policy_version=job.policy.version)
    job.site.own.write(run, number, own)
    stored = job.site.outbox.store(
        job.manifest, found, receipt, counts=job.policy.document.leaves.counts
    )
    checkpoint.unlink(missing_ok=True)
    return stored


def _measure(job: Job) -> Answer | Objection:
    from worker.learning import local

    data = _records(job)
    if isinstance(data, Objection):
        return data
    places: dict[str, Any] = {
        "bases": _bases(job, data.tasks),
        "cache_dir": files.folder(job.site.home.cache),
        "on_progress": job.held.hook,
    }
    claim = job.held.claim
    if job.manifest.kind is JobKind.BASELINE:
        metrics = local.baseline(job.manifest, data, **places)
        return Answer(claim=claim, metrics=_let_out(metrics, job))
    modules = _as_used(job)
    if job.manifest.kind is JobKind.EVALUATE:
        metrics = local.evaluate(job.manifest, modules, data, **places)
        return Answer(claim=claim, metrics=_let_out(metrics, job))
    places["own_dir"] = job.site.own.personal(job.manifest.run)
    if job.manifest.kind is JobKind.PERSONAL:
        metrics = local.personal(job.manifest, modules, data, **places)
        if "metrics" not in job.manifest.leaves:
            metrics = MetricsAnswer()
        return Answer(claim=claim, metrics=_let_out(metrics, job))
    report = local.report(job.manifest, modules, data, **places)
    return Answer(claim=claim, report=without_gaps(report, job.policy.document))


def without_gaps(report: ReportAnswer, policy: PolicyDocument) -> ReportAnswer:
    """Without groups of students where the policy keeps their gaps at the site."""
    if policy.leaves.group_gaps:
        return report
    classes = (
        one.model_copy(
            update={"tasks": tuple(t.model_copy(update={"groups": {}}) for t in one.tasks)}
        )
        for one in report.classes
    )
    return ReportAnswer(classes=tuple(classes))


def _let_out(metrics: MetricsAnswer, job: Job) -> MetricsAnswer:
    """Nothing where the policy keeps metrics at the site; without numbers of records where it keeps counts there."""
    policy = job.policy
    if not policy.document.leaves.metrics:
        return MetricsAnswer()
    if policy.document.leaves.counts:
        return metrics
    return weights.without_counts(metrics, job.manifest.minimum_cell)


def _switch(job: Job) -> Answer:
    """The release to predict with from now on: every part is here and verified before it counts."""
    manifest = job.manifest
    if manifest.release is None:
        raise ObjectMismatch("the job names no release")
    _as_used(job)
    _bases(job, [task.name for task in manifest.tasks])
    record = {
        "release": manifest.release,
        "run": manifest.run,
        "manifest": manifest.model_dump(mode="json"),
    }
    files.write(job.site.home.release_file, json.dumps(record).encode())
    return Answer(claim=job.held.claim, switched=manifest.release)


def _records(job: Job) -> Any:
    job.held.hook(Phase.LOADING, 0, 1)
    site = job.site
    found = records.load(site.home, job.manifest, job.policy.document)
    telling.tell(site.home, site.door)
    return found


def _modules(job: Job) -> dict[str, Tensors]:
    return {name: _module(job, name) for name in sorted(job.manifest.modules)}


def _as_used(job: Job) -> dict[str, Tensors]:
    """The shared modules with the site's own part laid over."""
    own = job.site.own.at(job.manifest.run, job.manifest.round)
    return laid_over(_modules(job), own, job.manifest.kept)


def _module(job: Job, name: str) -> Tensors:
    ref = job.manifest.modules[name]
    objects = job.site.objects
    return persist(lambda: objects.module(ref, job.manifest.job, _fetching(job)), job.held)


def _bases(job: Job, names: Collection[str]) -> dict[Modality, Path]:
    """The folders of the base models by which these tasks read."""
    model, tasks = job.manifest.model, [job.manifest.task(name) for name in names]
    return {
        modality: _base(job, model.bases[modality])
        for modality in layout.read_by_bases(model, tasks)
    }


def _base(job: Job, model: PinnedModel) -> Path:
    folder, objects = job.site.home.models, job.site.objects
    return persist(
        lambda: objects.base_model(folder, model, job.manifest, _fetching(job)), job.held
    )


def _fetching(job: Job) -> Any:
    return lambda done, of: job.held.hook(Phase.FETCHING, done, of)
