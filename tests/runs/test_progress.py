"""The run page's tree: what each reader sees, whom we wait for, and means with their intervals."""

from dataclasses import fields
from datetime import timedelta
from math import sqrt

import pytest

from app.access.actor import Actor
from app.access.permissions import Permission
from app.clock import now
from app.runs import queries, rounds, series, service
from app.runs.models import Run
from app.runs.progress import progress, round_view
from app.runs.states import RunState
from app.runs.tallies import Sums
from app.runs.views import Part, Progress, SiteRow
from app.sites import inbox
from app.sites.models import Site
from tests.runs import world as acting
from tests.runs.world import POLICY, World
from worker.protocol.codes import JobKind, Phase, Refusal
from worker.protocol.messages import Answer
from worker.protocol.messages import Progress as Said


def look(world: World, run_id: str, actor: Actor) -> Progress:
    with world.hub.db.reading() as session:
        run = queries.get(session, actor, Permission.RUN_READ, run_id)
        return progress(session, run, actor, seen_recently_s=120)


def row(tree: Progress, world: World, number: int) -> SiteRow:
    return next(r for r in tree.sites if r.institution == world.members[number].institution)


def test_a_round_under_way(world: World) -> None:
    run_id = acting.running(world)
    acting.train(world, world.members[0])
    got = acting.claim(world, world.members[1], JobKind.TRAIN)
    assert got is not None
    with world.hub.db.session() as session:
        site = session.get_one(Site, world.members[1].site)
        said = Said(claim=got[1], phase=Phase.TRAINING, step=2, steps=3, seconds_left=60)
        inbox.progress(session, site, got[0].id, said)
        session.get_one(Site, world.members[2].site).last_seen = now() - timedelta(hours=2)
    tree = look(world, run_id, world.lead.administrator)
    assert (tree.state, tree.leads, tree.closed, tree.rounds_planned) == (
        RunState.RUNNING,
        True,
        0,
        3,
    )
    assert (tree.awaited, tree.missing) == (3, 1)
    assert tree.current is not None
    assert tree.wait_until == tree.current.deadline
    assert tree.sites[0].own
    assert row(tree, world, 0).part is Part.RECEIVED
    training = row(tree, world, 1)
    assert (training.part, training.phase, training.step, training.steps) == (
        Part.WORKING,
        Phase.TRAINING,
        2,
        3,
    )
    assert training.seconds_left == 60
    assert training.at is not None
    offline = row(tree, world, 2)
    assert (offline.part, offline.at) == (Part.OFFLINE, offline.last_seen)
    assert row(tree, world, 3).part is Part.WAITING


def test_who_sees_what(world: World) -> None:
    strict = POLICY.model_copy(update={"blocked_inputs": ("clicks",)})
    with world.hub.db.session() as session:
        acting.set_policy(session, world.members[2], strict)
    run_id = acting.running(world)
    lead = row(look(world, run_id, world.lead.officer), world, 2)
    own = row(look(world, run_id, world.members[2].officer), world, 2)
    other = row(look(world, run_id, world.members[1].officer), world, 2)
    assert (lead.part, lead.rule, lead.rule_detail) == (Part.REFUSED, Refusal.INPUT, None)
    assert (own.part, own.rule, own.rule_detail) == (Part.REFUSED, Refusal.INPUT, "clicks")
    assert not other.takes_part
    known = {"institution", "institution_name", "own", "takes_part", "at"}
    assert {f.name for f in fields(other) if getattr(other, f.name) is not None} == known


def test_a_refusal_by_the_site_itself(world: World) -> None:
    run_id = acting.running(world)
    member = world.members[3]
    got = acting.claim(world, member, JobKind.TRAIN)
    assert got is not None
    with world.hub.db.session() as session:
        site = session.get_one(Site, member.site)
        said = Answer(claim=got[1], refused=Refusal.NEEDS_NOISE, refused_detail="noise")
        ended = inbox.answer(session, site, got[0].id, said)
        assert ended is not None
        rounds.answered(session, ended)
    shown = row(look(world, run_id, world.lead.officer), world, 3)
    assert (shown.part, shown.rule, shown.takes_part) == (
        Part.REFUSED,
        Refusal.NEEDS_NOISE,
        False,
    )


def test_after_the_run_everyone_who_was_asked_is_named_and_who_refused_with_its_rule(
    world: World,
) -> None:
    run_id = acting.running(world)
    shy = world.members[3]
    got = acting.claim(world, shy, JobKind.TRAIN)
    assert got is not None
    with world.hub.db.session() as session:
        site = session.get_one(Site, shy.site)
        said = Answer(claim=got[1], refused=Refusal.TOO_FEW_RECORDS)
        ended = inbox.answer(session, site, got[0].id, said)
        assert ended is not None
        rounds.answered(session, ended)
    for _round in range(3):
        for member in world.members[:3]:
            acting.train(world, member)
        world.work()
    assert acting.run_of(world, run_id).state is RunState.COMPLETED
    tree = look(world, run_id, world.lead.officer)
    assert [row(tree, world, n).part for n in (0, 1, 2)] == [Part.TAKEN] * 3
    refused = row(tree, world, 3)
    assert (refused.part, refused.rule) == (Part.REFUSED, Refusal.TOO_FEW_RECORDS)
    other = row(look(world, run_id, world.members[1].officer), world, 3)
    assert (other.takes_part, other.rule) == (False, None)


def test_rounds_series_and_digests(world: World) -> None:
    run_id = acting.running(world)
    with world.hub.db.session() as session:
        service.set_reference(session, session.get_one(Run, run_id), {"pass": 0.83})
    for _ in range(3):
        for member in world.members:
            acting.train(world, member)
        world.work()
        acting.evaluate_all(world)
    tree = look(world, run_id, world.members[1].officer)
    assert (tree.state, tree.closed, len(tree.sites)) == (RunState.COMPLETED, 3, 4)
    (one,) = tree.series
    assert [p.round for p in one.shared] == [1, 2, 3]
    assert one.latest is not None
    assert one.latest.value == pytest.approx(0.73)
    assert (one.latest.sites, one.latest.records, one.central) == (4, 400, 0.83)
    assert one.local is not None
    assert one.rule is not None
    assert [p.sites for p in one.own] == [1, 1, 1]
    with world.hub.db.reading() as session:
        run = session.get_one(Run, run_id)
        first = queries.rounds(session, run_id)[0]
        mine = round_view(session, run, first, world.members[1].officer)
        lead = round_view(session, run, first, world.lead.officer)
    assert (mine.taken, mine.received, mine.refused) == (4, 4, ())
    assert [u.own for u in mine.updates] == [True]
    assert len(lead.updates) == 4
    assert {m.module: m.base for m in lead.modules} == first.base
    assert all(m.digest and m.digest != m.base and m.sites == 4 for m in lead.modules)


def test_a_waiting_run_says_what_it_lacks(world: World) -> None:
    with world.hub.db.session() as session:
        for member in world.members[1:]:
            session.get_one(Site, member.site).last_seen = None
    run_id = acting.running(world)
    tree = look(world, run_id, world.lead.officer)
    assert tree.reason.startswith("1 site can take part now and 2 are needed.")
    assert row(tree, world, 1).part is Part.OFFLINE


def test_approvals_are_named_to_those_they_concern(world: World) -> None:
    with world.hub.db.session() as session:
        hub = POLICY.model_copy(update={"approval": "hub"})
        acting.set_policy(session, world.members[1], hub)
    run_id = acting.propose(world)
    member = world.members[1]
    with world.hub.db.session() as session:
        run = session.get_one(Run, run_id)
        service.decline(session, member.officer, run, member.institution, reason="Not now.")
    own = look(world, run_id, member.administrator).approvals[0]
    lead = look(world, run_id, world.lead.officer).approvals[0]
    other = look(world, run_id, world.members[2].officer).approvals[0]
    assert (own.approved, own.by, own.reason, own.policy_number) == (
        False,
        member.officer.name,
        "Not now.",
        2,
    )
    assert (lead.approved, lead.by, lead.reason) == (False, None, None)
    assert (other.answered, other.approved, other.by) == (True, None, None)


def figure(value: float, weight: float, half: float | None) -> Sums:
    """One site's."""
    squares = None if half is None else (weight * 2 * half) ** 2
    return Sums("pass", "shared", 1, weight, weight * value, squares, 1, now())


def test_a_mean_by_hand() -> None:
    point = series.mean([figure(0.8, 300, 0.06), figure(0.6, 100, 0.08)])
    assert point is not None
    half = sqrt((300 * 0.06) ** 2 + (100 * 0.08) ** 2) / 400
    assert point.value == pytest.approx(0.75)
    assert point.low == pytest.approx(0.75 - half)
    assert point.high == pytest.approx(0.75 + half)
    assert (point.sites, point.records) == (2, 400)


def test_a_mean_without_every_interval_has_none() -> None:
    point = series.mean([figure(0.8, 300, 0.06), figure(0.6, 100, None)])
    assert point is not None
    assert (point.low, point.high) == (None, None)
    assert series.mean([]) is None
