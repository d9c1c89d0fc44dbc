"""The first update of a site is the one; what is wrong at the door has a name; figures are checked and kept once."""

import math
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.audit.models import Event
from app.clock import now
from app.runs import measurements, queries, updates
from app.runs.models import Measurement, Round
from app.runs.states import RoundState, UpdateState
from app.sites import uploads
from app.sites.models import Job, Site, Upload
from tests.runs import world as acting
from tests.runs.world import Member, World
from worker.protocol.codec import Unacceptable
from worker.protocol.codes import JobKind, UploadRefusal
from worker.protocol.messages import StartUpload
from worker.protocol.update import MetricsAnswer, TaskMetrics


def claimed(world: World, member: Member) -> tuple[Job, int]:
    got = acting.claim(world, member, JobKind.TRAIN)
    assert got is not None
    return got


def uploaded(
    world: World, member: Member, job: Job, claim: int, seed: int, **header: object
) -> str:
    """A whole upload, not yet received by the round."""
    made = acting.delta(world, acting.manifest_of(job), seed)
    body = acting.body_of(made)
    told = acting.header_for(member, job, claim, body, dict.fromkeys(made, 10.0), **header)  # type: ignore[arg-type]
    with world.hub.db.session() as session:
        site = session.get_one(Site, member.site)
        said = StartUpload(claim=claim, header=member.key.seal(told))
        upload = uploads.begin(session, world.hub.objects, site, job.id, said)
        world.hub.objects.append(upload.id, 0, body)
        uploads.place(world.hub.objects, upload)
        uploads.complete(session, site, upload)
        return upload.id


def receive(world: World, job: Job, upload_id: str) -> UploadRefusal | None:
    try:
        with world.hub.db.session() as session:
            updates.receive(
                session, session.get_one(Job, job.id), session.get_one(Upload, upload_id)
            )
    except Unacceptable as error:
        return error.code
    return None


def audit(world: World, kind: str) -> list[Event]:
    with world.hub.db.reading() as session:
        return list(session.scalars(select(Event).where(Event.kind == kind)))


def test_the_same_update_twice_is_one(world: World) -> None:
    run_id = acting.running(world)
    member = world.members[1]
    job, claim = claimed(world, member)
    upload = uploaded(world, member, job, claim, 1)
    assert receive(world, job, upload) is None
    assert receive(world, job, upload) is None
    with world.hub.db.reading() as session:
        round_ = queries.open_round(session, run_id)
        assert round_ is not None
        (update,) = queries.updates(session, round_.id)
        assert update.state is UpdateState.RECEIVED
    assert len(audit(world, "update.received")) == 1


def test_a_second_different_update_is_refused(world: World) -> None:
    acting.running(world)
    member = world.members[1]
    job, claim = claimed(world, member)
    first = uploaded(world, member, job, claim, 1)
    assert receive(world, job, first) is None
    with world.hub.db.session() as session:
        kept = session.get_one(Upload, first)
        other = Upload(
            id="upload_second",
            job_id=job.id,
            site_id=member.site,
            digest="f" * 64,
            bytes=kept.bytes,
            offset=kept.bytes,
            header=kept.header,
            created=now(),
            completed=now(),
        )
        session.add(other)
    assert receive(world, job, "upload_second") is UploadRefusal.SECOND_UPDATE
    with world.hub.db.session() as session:
        assert job.round_id is not None
        updates.refuse(session, session.get_one(Job, job.id), UploadRefusal.SECOND_UPDATE)
        (update,) = queries.updates(session, job.round_id)
        assert (update.state, update.refusal) == (UpdateState.RECEIVED, None)


def test_another_base_is_refused(world: World) -> None:
    acting.running(world)
    member = world.members[1]
    job, claim = claimed(world, member)
    wrong = dict.fromkeys(acting.manifest_of(job).modules, "e" * 64)
    upload = uploaded(world, member, job, claim, 1, base=wrong)
    assert receive(world, job, upload) is UploadRefusal.WRONG_BASE


def test_a_refused_one_does_not_use_up_the_sites_update(world: World) -> None:
    acting.running(world)
    member = world.members[1]
    job, claim = claimed(world, member)
    with world.hub.db.session() as session:
        updates.refuse(session, session.get_one(Job, job.id), UploadRefusal.WRONG_DIGEST, "d" * 64)
    (line,) = audit(world, "update.refused")
    assert line.body["reason"] == "wrong-digest"
    assert line.chain_id == member.institution
    upload = uploaded(world, member, job, claim, 1)
    assert receive(world, job, upload) is None
    with world.hub.db.reading() as session:
        assert job.round_id is not None
        (update,) = queries.updates(session, job.round_id)
        assert (update.state, update.refusal) == (UpdateState.RECEIVED, None)


def test_a_closed_round_takes_no_update(world: World) -> None:
    acting.running(world)
    late = world.members[3]
    job, claim = claimed(world, late)
    upload = uploaded(world, late, job, claim, 3)
    for member in world.members[:3]:
        acting.train(world, member)
    assert job.round_id is not None
    with world.hub.db.session() as session:
        session.get_one(Round, job.round_id).deadline = now()
        # Silent, so its job does not go over to the next round: see test_late.
        session.get_one(Site, late.site).last_seen = now() - timedelta(hours=1)
    world.sweep()
    assert receive(world, job, upload) is UploadRefusal.ROUND_CLOSED
    with world.hub.db.session() as session:
        updates.refuse(session, session.get_one(Job, job.id), UploadRefusal.ROUND_CLOSED)
        found = queries.update_of(session, job.round_id, late.site)
        assert found is not None
        assert found.refusal is UploadRefusal.ROUND_CLOSED
        assert session.get_one(Round, job.round_id).state is RoundState.CLOSED


FINE = TaskMetrics(
    task="pass", metric="auc", value=0.8, interval=(0.7, 0.9), records_band="100-200", weight=120
)
BAD = {
    "another task": {"task": "other"},
    "another metric": {"metric": "accuracy"},
    "no number": {"value": math.nan},
    "an endless interval": {"interval": (0.1, math.inf)},
    "a small cell": {"weight": 9},
}


def baseline_job(world: World) -> Job:
    acting.running(world)
    with world.hub.db.reading() as session:
        return queries.jobs_of_run(
            session, session.scalars(select(Job.run_id)).first() or "", (JobKind.BASELINE,)
        )[0]


@pytest.mark.parametrize("case", BAD)
def test_figures_that_cannot_be(world: World, case: str) -> None:
    job = baseline_job(world)
    figure = FINE.model_copy(update=BAD[case])
    with world.hub.db.session() as session:
        held = session.get_one(Job, job.id)
        assert measurements.record(session, held, MetricsAnswer(local=(figure,))) == 0
        assert not session.scalars(select(Measurement)).all()


def test_figures_are_kept_once_and_only_those_asked_for(world: World) -> None:
    job = baseline_job(world)
    other = FINE.model_copy(update={"value": 0.1})
    with world.hub.db.session() as session:
        held = session.get_one(Job, job.id)
        first = MetricsAnswer(local=(FINE, other), rule=(FINE,), shared=(FINE,))
        assert measurements.record(session, held, first) == 2
        assert measurements.record(session, held, MetricsAnswer(local=(other,))) == 0
        kept = session.scalars(select(Measurement)).all()
        assert {(m.model, m.value, m.low, m.high) for m in kept} == {
            ("local", 0.8, 0.7, 0.9),
            ("rule", 0.8, 0.7, 0.9),
        }
    assert len(audit(world, "run.measured")) == 1
