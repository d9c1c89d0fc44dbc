"""The end of a lease: expiry, giving back, attempts, cancelling, pausing."""

from datetime import timedelta

import pytest

from app.clock import now
from app.sites import inbox
from app.sites.models import Job, Site
from app.sites.states import JobState
from tests.sites import world as worlds
from tests.sites.acts import begun, claimed, state
from worker.protocol import limits
from worker.protocol.codes import Failure, Verdict
from worker.protocol.messages import Nack


def test_a_lease_that_ran_out_gives_the_job_to_the_next_claim(db, enrolled, job):
    first = begun(db, enrolled)
    with db.session() as session:
        changed = inbox.expire(session, now() + timedelta(seconds=61))
    assert [j.id for j in changed] == [job]
    second = claimed(db, enrolled)
    assert second.claim == first + 1


def test_a_lease_that_runs_is_left_alone(db, enrolled, job):
    begun(db, enrolled)
    with db.session() as session:
        assert inbox.expire(session, now() + timedelta(seconds=50)) == []
    assert state(db, job) is JobState.CLAIMED


def test_a_job_fails_after_its_last_attempt(db, enrolled, job):
    for _ in range(limits.JOB_ATTEMPTS):
        begun(db, enrolled)
        with db.session() as session:
            inbox.expire(session, now() + timedelta(seconds=61))
    assert claimed(db, enrolled) is None
    with db.reading() as session:
        row = session.get_one(Job, job)
        assert (row.state, row.failure) == (JobState.FAILED, Failure.STALLED)


def test_an_offer_nobody_took_costs_no_attempt(db, enrolled, job):
    for _ in range(limits.JOB_ATTEMPTS + 1):
        assert claimed(db, enrolled) is not None
        with db.session() as session:
            inbox.expire(session, now() + timedelta(seconds=16))
    assert claimed(db, enrolled) is not None


def test_a_fault_given_back_rests_before_the_next_claim(db, enrolled, job):
    number = begun(db, enrolled)
    with db.session() as session:
        site = session.get_one(Site, enrolled.site)
        inbox.nack(session, site, job, Nack(claim=number, code=Failure.LOST_CHILD))
    assert claimed(db, enrolled) is None
    with db.reading() as session:
        row = session.get_one(Job, job)
        assert row.state is JobState.WAITING and row.attempts == 1
        assert now() < row.not_before < now() + timedelta(seconds=3)


@pytest.mark.parametrize("code", [Failure.STOPPED, Failure.OUTSIDE_HOURS, Failure.PAUSED])
def test_putting_a_job_down_on_purpose_costs_no_attempt(db, enrolled, job, code):
    number = begun(db, enrolled)
    for _ in range(2):  # the second is the same request again, its answer lost
        with db.session() as session:
            site = session.get_one(Site, enrolled.site)
            inbox.nack(session, site, job, Nack(claim=number, code=code))
    with db.reading() as session:
        assert session.get_one(Job, job).attempts == 0
    assert claimed(db, enrolled).claim == number + 1


def test_cancelling_ends_what_waits_and_tells_who_holds(db, enrolled, job):
    number = begun(db, enrolled)
    with db.session() as session:
        waiting = worlds.post(session, enrolled.world, enrolled.hub_key, enrolled.site).id
        assert inbox.cancel_jobs(session, run=enrolled.world.run) == 2
    assert state(db, waiting) is JobState.CANCELLED
    with db.session() as session:
        site = session.get_one(Site, enrolled.site)
        assert inbox.renew(session, site, job, number, 60).verdict is Verdict.CANCEL
        inbox.nack(session, site, job, Nack(claim=number, code=Failure.CANCELLED))
    assert state(db, job) is JobState.CANCELLED


def test_cancelling_needs_a_name(db, enrolled, job):
    with pytest.raises(ValueError, match="name a run"), db.session() as session:
        inbox.cancel_jobs(session)


def test_a_paused_run_hands_out_nothing_until_it_goes_on(db, enrolled, job):
    number = begun(db, enrolled)
    with db.session() as session:
        inbox.pause_jobs(session, run=enrolled.world.run)
        site = session.get_one(Site, enrolled.site)
        assert inbox.renew(session, site, job, number, 60).verdict is Verdict.PAUSE
        inbox.nack(session, site, job, Nack(claim=number, code=Failure.PAUSED))
    assert claimed(db, enrolled) is None
    with db.session() as session:
        inbox.resume_jobs(session, run=enrolled.world.run)
    assert claimed(db, enrolled).claim == number + 1


def test_the_sweep_rings_again_for_a_site_that_is_there(db, enrolled, job):
    rung: list[str] = []
    db.dispatch = lambda effect: rung.append(effect.topic)
    with db.session() as session:
        inbox.expire(session, now() + timedelta(seconds=1))  # it may yet be on its way
    assert rung == []
    with db.session() as session:
        session.get_one(Site, enrolled.site).last_seen = now()
        inbox.expire(session, now() + timedelta(seconds=3))
    assert rung == [f"inbox:{enrolled.site}:train"]
    rung.clear()
    with db.session() as session:
        session.get_one(Site, enrolled.site).last_seen = now() - timedelta(minutes=5)
        inbox.expire(session, now() + timedelta(seconds=3))
    assert rung == []


def test_nonces_are_forgotten_when_their_request_is_too_old_anyway(db, enrolled):
    from app.sites import admission
    from app.sites.models import Nonce

    with db.session() as session:
        session.add(Nonce(id="s:old", seen=now() - timedelta(seconds=limits.NONCE_KEPT_S + 5)))
        session.add(Nonce(id="s:new", seen=now() - timedelta(seconds=limits.NONCE_KEPT_S - 5)))
        session.flush()
        assert admission.forget_nonces(session) == 1
        assert [nonce.id for nonce in session.query(Nonce)] == ["s:new"]
