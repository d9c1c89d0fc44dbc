"""What people and sites do in the federated world of `making`: sites speak to the hub's services as the door does."""

from collections.abc import Mapping

import numpy as np

from app.clock import now
from app.federations.models import Federation
from app.reports import service as reports
from app.runs import measurements, queries, rounds, service, updates
from app.runs.models import Run
from app.runs.schemas import Proposal
from app.sites import inbox, uploads
from app.sites.models import Job, Site
from tests.runs.making import (
    POLICY,
    SHEET,
    TERMS,
    WORK,
    Member,
    World,
    add_policy,
    collect,
    make,
    make_hub,
    queries_policy,
    set_policy,
)
from worker.protocol import codec
from worker.protocol.canonical import digest
from worker.protocol.codec import Tensors
from worker.protocol.codes import Change, Chosen, JobKind, Lane
from worker.protocol.manifest import Manifest
from worker.protocol.messages import Answer, StartUpload
from worker.protocol.run_terms import RunTerms
from worker.protocol.update import (
    ClassFigures,
    ClassOutcomes,
    MetricsAnswer,
    PersonalChoice,
    Receipt,
    ReportAnswer,
    TaskMetrics,
    UpdatedModule,
    UpdateHeader,
)

__all__ = [
    "POLICY",
    "SHEET",
    "TERMS",
    "WORK",
    "Member",
    "World",
    "add_policy",
    "collect",
    "make",
    "make_hub",
    "queries_policy",
    "set_policy",
]


def propose(world: World, proposal: Proposal | None = None) -> str:
    with world.hub.db.session() as session:
        federation = session.get_one(Federation, world.federation)
        run = service.propose(session, world.lead.administrator, federation, proposal or Proposal())
        return run.id


def running(world: World, proposal: Proposal | None = None) -> str:
    """A run whose first round is open."""
    run_id = propose(world, proposal)
    world.work()
    return run_id


def run_of(world: World, run_id: str) -> Run:
    with world.hub.db.reading() as session:
        return session.get_one(Run, run_id)


def terms_of(world: World, run_id: str) -> RunTerms:
    """What a person at a site approves."""
    run = run_of(world, run_id)
    plan = queries.plan_of(run)
    training = plan.training.model_copy(update={"seed": 0})
    return RunTerms(
        federation=run.federation_id,
        tasks=plan.sheets,
        model=plan.model,
        training=training,
        minimum_cell=plan.minimum_cell,
    )


# What a site does.


def claim(world: World, member: Member, kind: JobKind) -> tuple[Job, int] | None:
    lane = Lane.TRAIN if kind.lane is Lane.TRAIN else Lane.QUICK
    with world.hub.db.session() as session:
        site = session.get_one(Site, member.site)
        site.last_seen = now()
        claimed = inbox.claim(session, site, lane, 15)
        if claimed is None:
            return None
        inbox.confirm(session, site, claimed.job, claimed.claim, 60)
        return session.get_one(Job, claimed.job), claimed.claim


def manifest_of(job: Job) -> Manifest:
    return Manifest.model_validate_json(job.manifest["payload"])


def delta(world: World, manifest: Manifest, seed: int) -> dict[str, Tensors]:
    """Small differences of the right names and shapes, the same for the same seed and round."""
    source = np.random.default_rng(seed * 1000 + manifest.round)
    made: dict[str, Tensors] = {}
    for module, ref in sorted(manifest.modules.items()):
        base = codec.decode(world.hub.objects.get(ref.digest))
        made[module] = {
            name: (source.standard_normal(array.shape) * 0.01).astype(np.float32)
            for name, array in sorted(base.items())
        }
    return made


def body_of(modules: Mapping[str, Tensors]) -> bytes:
    return codec.encode({f"{m}::{n}": a for m, own in modules.items() for n, a in own.items()})


def header_for(
    member: Member,
    job: Job,
    claim_number: int,
    body: bytes,
    modules: Mapping[str, float],
    base: Mapping[str, str] | None = None,
) -> UpdateHeader:
    manifest = manifest_of(job)
    bases = base or {name: ref.digest for name, ref in manifest.modules.items()}
    return UpdateHeader(
        job=job.id,
        claim=claim_number,
        run=job.run_id,
        round=manifest.round,
        site=member.site,
        modules={m: UpdatedModule(base=bases[m], weight=w) for m, w in modules.items()},
        body=digest(body),
        bytes=len(body),
        receipt=Receipt(policy=manifest.policy or "0" * 64, policy_version=1),
        trained=now(),
        software="test",
    )


def send(
    world: World, member: Member, job: Job, claim_number: int, body: bytes, header: UpdateHeader
) -> None:
    """As the door: the update in, then the answer."""
    upload(world, member, job, claim_number, body, header)
    answer(world, member, job, claim_number, header)


def upload(
    world: World, member: Member, job: Job, claim_number: int, body: bytes, header: UpdateHeader
) -> None:
    """Begun, filled, completed and received."""
    hub = world.hub
    with hub.db.session() as session:
        site = session.get_one(Site, member.site)
        said = StartUpload(claim=claim_number, header=member.key.seal(header))
        begun = uploads.begin(session, hub.objects, site, job.id, said)
        hub.objects.append(begun.id, 0, body)
        uploads.place(hub.objects, begun)
        row = uploads.complete(session, site, begun)
        updates.receive(session, row, begun)
    hub.objects.discard(begun.id)


def answer(world: World, member: Member, job: Job, claim_number: int, header: UpdateHeader) -> None:
    """The last word of a training job."""
    with world.hub.db.session() as session:
        site = session.get_one(Site, member.site)
        ended = inbox.answer(session, site, job.id, Answer(claim=claim_number, update=header.body))
        if ended is not None:
            rounds.answered(session, ended)


def claim_training(world: World, member: Member) -> tuple[Job, int]:
    """The member's training job, after whatever waits before it."""
    while (got := claim(world, member, JobKind.TRAIN)) is not None:
        if got[0].kind is JobKind.TRAIN:
            return got
        settle_other(world, member, *got)
    raise AssertionError("no training job waits")


def train(world: World, member: Member, seed: int | None = None) -> Job:
    """Claims the member's training job and sends an update of the right form."""
    job, number = claim_training(world, member)
    made = delta(world, manifest_of(job), world.members.index(member) if seed is None else seed)
    body = body_of(made)
    header = header_for(member, job, number, body, dict.fromkeys(made, 100.0))
    send(world, member, job, number, body, header)
    return job


def settle_other(world: World, member: Member, job: Job, claim_number: int) -> None:
    """Answers a baseline or an evaluation with plausible figures, a report job with no class."""
    if job.kind is JobKind.REPORT:
        _report(world, member, job, claim_number)
        return
    manifest = manifest_of(job)
    figure = TaskMetrics(
        task="pass",
        metric="auc",
        value=0.7 + 0.01 * manifest.round,
        interval=(0.65, 0.75),
        records_band="100-200",
        weight=100,
    )
    answer = MetricsAnswer(shared=(figure,))
    if job.kind is JobKind.PERSONAL:
        choice = PersonalChoice(
            task="pass",
            model=Chosen.PERSONAL,
            against_shared=Change.HELPED,
            against_alone=Change.UNCHANGED,
            classes=ClassOutcomes(helped=1, unchanged=2, hurt=0, heads=1, adapters=1),
            students=Change.HELPED,
        )
        answer = MetricsAnswer(personal=(figure,), choices=(choice,))
    if job.kind is JobKind.BASELINE:
        answer = MetricsAnswer(local=(figure,), rule=(figure,))
    with world.hub.db.session() as session:
        site = session.get_one(Site, member.site)
        ended = inbox.answer(session, site, job.id, Answer(claim=claim_number, metrics=answer))
        assert ended is not None
        measurements.record(session, ended, answer)


def evaluate_all(world: World) -> int:
    """Answers every evaluation that waits."""
    done = 0
    for member in world.members:
        while (got := claim(world, member, JobKind.EVALUATE)) is not None:
            if got[0].kind is JobKind.EVALUATE:
                settle_other(world, member, *got)
                done += 1
    return done


def report_all(world: World, member: Member, *figures: ClassFigures) -> int:
    """Answers the report jobs that wait at a member's site, each with these figures. How many were stored."""
    stored = 0
    while (got := claim(world, member, JobKind.REPORT)) is not None:
        if got[0].kind is JobKind.REPORT:
            stored += _report(world, member, *got, *figures)
    return stored


def _report(
    world: World, member: Member, job: Job, claim_number: int, *figures: ClassFigures
) -> int:
    said = ReportAnswer(classes=figures)
    with world.hub.db.session() as session:
        site = session.get_one(Site, member.site)
        ended = inbox.answer(session, site, job.id, Answer(claim=claim_number, report=said))
        assert ended is not None
        return reports.receive(session, ended, said)


def states(world: World, run_id: str, number: int) -> dict[str, str]:
    with world.hub.db.reading() as session:
        found_states = queries.states_after(session, run_id, number)
        return {name: state.digest for name, state in found_states.items()}
