"""Claims, leases and fencing: one job is at one site once, and a stale claim can do nothing."""

import threading
from datetime import timedelta

import pytest

from app.clock import now
from app.errors import Invalid
from app.sites import inbox, queries
from app.sites.errors import OtherAnswer, StaleClaim, UpdateMissing
from app.sites.models import Job, SentLine, Site
from app.sites.states import JobState
from tests.sites import world as worlds
from tests.sites.acts import begun, claimed, state
from worker.protocol.codes import Failure, JobKind, Lane, Phase, Refusal
from worker.protocol.manifest import Manifest
from worker.protocol.messages import Answer, Nack, Progress
from worker.protocol.update import MetricsAnswer


def test_a_claim_carries_the_manifest_the_hub_signed(db, enrolled, job):
    taken = claimed(db, enrolled)
    assert taken.job == job and taken.claim == 1 and taken.lease_s == 15
    manifest = Manifest.model_validate_json(enrolled.hub_key.public.open(taken.manifest))
    assert (manifest.job, manifest.site) == (job, enrolled.site)
    assert state(db, job) is JobState.OFFERED


def test_a_claimed_job_is_not_handed_out_again(db, enrolled, job):
    assert claimed(db, enrolled) is not None
    assert claimed(db, enrolled) is None


def test_a_lane_gets_its_own_jobs_only(db, enrolled, job):
    assert claimed(db, enrolled, Lane.QUICK) is None
    with db.session() as session:
        quick = worlds.post(
            session, enrolled.world, enrolled.hub_key, enrolled.site, JobKind.EVALUATE
        ).id
    assert claimed(db, enrolled, Lane.QUICK).job == quick


def test_the_oldest_job_goes_first(db, enrolled, job):
    with db.session() as session:
        second = worlds.post(session, enrolled.world, enrolled.hub_key, enrolled.site).id
    assert [claimed(db, enrolled).job, claimed(db, enrolled).job] == [job, second]


def test_eight_claimers_at_once_share_four_jobs_without_doubles(db, enrolled):
    with db.session() as session:
        posted = {
            worlds.post(session, enrolled.world, enrolled.hub_key, enrolled.site).id
            for _ in range(4)
        }
    start, taken = threading.Barrier(8), []

    def one() -> None:
        start.wait()
        taken.append(claimed(db, enrolled))

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    got = [t.job for t in taken if t is not None]
    assert len(taken) == 8
    assert sorted(got) == sorted(posted)


def test_a_job_for_later_stays_in(db, enrolled):
    later = now() + timedelta(hours=1)
    with db.session() as session:
        wanted = worlds.manifest(enrolled.world, enrolled.site)
        inbox.post(session, enrolled.hub_key, wanted, not_before=later)
    assert claimed(db, enrolled) is None
    with db.reading() as session:
        assert queries.next_due(session, enrolled.site, Lane.TRAIN) == later


@pytest.mark.parametrize(
    ("from_hours", "to_hours", "gets_one"), [(-1, 1, True), (1, 2, False), (-2, -1, False)]
)
def test_a_site_gets_jobs_within_its_hours_only(db, enrolled, job, from_hours, to_hours, gets_one):
    edge = {
        name: (now() + timedelta(hours=hours)).strftime("%H:%M")
        for name, hours in (("hours_from", from_hours), ("hours_to", to_hours))
    }
    with db.session() as session:
        session.get_one(Site, enrolled.site).readiness = {**edge, "time_zone": "UTC"}
    assert (claimed(db, enrolled) is not None) is gets_one


def test_an_unconfirmed_site_gets_nothing(db, world, hub_key):
    from app.institutions.models import Institution
    from app.sites import service
    from worker.protocol.signatures import PrivateKey

    with db.session() as session:
        home = session.get_one(Institution, world.institution)
        site, token = service.add_site(
            session, world.administrator, home, "Lab", hub_key=hub_key.public
        )
        service.join(session, worlds.join_request(token, PrivateKey()))
        worlds.post(session, world, hub_key, site.id)
        assert inbox.claim(session, site, Lane.TRAIN, 15) is None


def test_confirming_twice_counts_one_attempt(db, enrolled, job):
    number = begun(db, enrolled)
    with db.session() as session:
        inbox.confirm(session, session.get_one(Site, enrolled.site), job, number, 60)
    with db.reading() as session:
        assert session.get_one(Job, job).attempts == 1
    assert state(db, job) is JobState.CLAIMED


STALE = {
    "confirm": lambda s, site, job: inbox.confirm(s, site, job, 1, 60),
    "renew": lambda s, site, job: inbox.renew(s, site, job, 1, 60),
    "progress": lambda s, site, job: inbox.progress(
        s, site, job, Progress(claim=1, phase=Phase.TRAINING)
    ),
    "nack": lambda s, site, job: inbox.nack(s, site, job, Nack(claim=1, code=Failure.STOPPED)),
    "answer": lambda s, site, job: inbox.answer(
        s, site, job, Answer(claim=1, failed=Failure.DATA_FAULT)
    ),
}


@pytest.mark.parametrize("act", STALE)
def test_a_stale_claim_is_refused_and_changes_nothing(db, enrolled, job, act):
    begun(db, enrolled)
    with db.session() as session:
        inbox.expire(session, now() + timedelta(seconds=61))
    begun(db, enrolled)
    with pytest.raises(StaleClaim), db.session() as session:
        STALE[act](session, session.get_one(Site, enrolled.site), job)
    with db.reading() as session:
        row = session.get_one(Job, job)
        assert (row.state, row.claim, row.phase) == (JobState.CLAIMED, 2, None)


@pytest.mark.parametrize("act", STALE)
def test_another_site_cannot_touch_the_job(db, enrolled, job, act):
    from worker.protocol.signatures import PrivateKey

    begun(db, enrolled)
    with db.session() as session:
        other = worlds.ready_site(
            session, enrolled.world, enrolled.hub_key, PrivateKey(), "Other"
        ).id
    with pytest.raises(StaleClaim), db.session() as session:
        STALE[act](session, session.get_one(Site, other), job)


def test_the_same_answer_twice_is_taken_once_and_another_is_refused(db, enrolled, job):
    number = begun(db, enrolled)
    said = Answer(claim=number, refused=Refusal.PURPOSE, refused_detail="pass")
    with db.session() as session:
        ended = inbox.answer(session, session.get_one(Site, enrolled.site), job, said)
        assert ended.state is JobState.REFUSED and ended.refusal_detail == "pass"
    with db.session() as session:
        assert inbox.answer(session, session.get_one(Site, enrolled.site), job, said) is None
    with pytest.raises(OtherAnswer), db.session() as session:
        other = Answer(claim=number, failed=Failure.UNEXPECTED)
        inbox.answer(session, session.get_one(Site, enrolled.site), job, other)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"metrics": MetricsAnswer()},
        {"refused": Refusal.PURPOSE, "failed": Failure.UNEXPECTED},
        {"failed": Failure.UNEXPECTED, "refused_detail": "x"},
    ],
)
def test_an_answer_that_does_not_fit_the_job_is_refused(db, enrolled, job, fields):
    number = begun(db, enrolled)
    with pytest.raises(Invalid), db.session() as session:
        site = session.get_one(Site, enrolled.site)
        inbox.answer(session, site, job, Answer(claim=number, **fields))
    assert state(db, job) is JobState.CLAIMED


def test_an_update_that_did_not_arrive_does_not_end_the_job(db, enrolled, job):
    number = begun(db, enrolled)
    with pytest.raises(UpdateMissing), db.session() as session:
        site = session.get_one(Site, enrolled.site)
        inbox.answer(session, site, job, Answer(claim=number, update="c" * 64))
    assert state(db, job) is JobState.CLAIMED


def test_progress_keeps_no_lease_and_grows_one_line(db, enrolled, job):
    number = begun(db, enrolled)
    with db.reading() as session:
        before = session.get_one(Job, job).lease_until
    for step in (1, 2, 3):
        with db.session() as session:
            site = session.get_one(Site, enrolled.site)
            said = Progress(claim=number, phase=Phase.TRAINING, step=step, steps=3)
            inbox.progress(session, site, job, said)
    with db.reading() as session:
        row = session.get_one(Job, job)
        assert row.lease_until == before
        assert (row.phase, row.progress) == (Phase.TRAINING, {"step": 3, "steps": 3})
        lines = session.query(SentLine).filter_by(job_id=job).all()
        assert [line.kind for line in lines] == ["progress"]
        assert lines[0].bytes > 3 * 20
