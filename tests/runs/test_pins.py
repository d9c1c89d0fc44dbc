"""A run keeps the profile versions it was judged with, whatever is confirmed later."""

import json
from datetime import timedelta

from app.clock import now
from app.institutions import queries as institutions
from app.policies import decisions, shelf
from app.runs import pins, queries
from app.runs.models import Round
from app.sites.models import Job
from tests.policies.test_decisions import FOLDER
from tests.runs import world as acting
from tests.runs.world import POLICY, World
from worker.protocol.bounds import ProfileRef


def bounded(world: World) -> str:
    """The first member's officer confirms FERPA, and its site follows it. Returns the digest of its policy."""
    member = world.lead
    with world.hub.db.session() as session:
        decisions.decide(session, member.officer, member.institution, "us-ferpa", 1, binds=True)
        place = institutions.by_id(session, member.institution)
        bounds = decisions.composed(session, place).bounds
        acting.set_policy(session, member, POLICY.model_copy(update={"bounds": bounds}))
        version = acting.queries_policy(session, member)
        assert version is not None
        return version.digest


def pinned(world: World, run_id: str) -> list[tuple[str, int, list[object]]]:
    with world.hub.db.reading() as session:
        rows = pins.own(session, world.lead.officer, run_id)
        return [(row.digest, row.round, row.profiles) for row in rows]


def test_a_new_version_of_a_profile_leaves_a_running_run_on_its_own(world: World) -> None:
    digest = bounded(world)
    run_id = acting.running(world)
    ref = ProfileRef(profile="us-ferpa", number=1, digest=shelf.packaged()[("us-ferpa", 1)].digest)
    before = pinned(world, run_id)
    assert before == [(digest, 1, [ref.model_dump()])]
    jobs = _manifests(world, run_id)
    plain = json.loads((FOLDER / "us-ferpa.json").read_text(encoding="utf-8"))
    cell = plain["minimum_cell"] | {"common": 25}
    amended = json.dumps(plain | {"number": 2, "minimum_cell": cell}).encode()
    with world.hub.db.session() as session:
        shelf.bring(session, amended)
        officer = world.lead.officer
        decisions.decide(session, officer, world.lead.institution, "us-ferpa", 2, binds=True)
    assert _manifests(world, run_id) == jobs, "no job at a site changed"
    with world.hub.db.session() as session:
        current = queries.open_round(session, run_id)
        assert current is not None
        session.get_one(Round, current.id).deadline = now() - timedelta(seconds=1)
    world.come_by()
    world.sweep()
    with world.hub.db.reading() as session:
        following = queries.open_round(session, run_id)
        assert following is not None and following.number == 2
        assert world.lead.site in following.cohort
    assert pinned(world, run_id) == before, "round 2 asked under the same versions"


def test_another_institution_is_not_told_which_laws_bind_us(world: World) -> None:
    bounded(world)
    run_id = acting.running(world)
    with world.hub.db.reading() as session:
        rows = pins.own(session, world.members[1].officer, run_id)
    assert {row.institution_id for row in rows} == {world.members[1].institution}
    assert [row.profiles for row in rows] == [[]]


def _manifests(world: World, run_id: str) -> list[tuple[str, object]]:
    with world.hub.db.reading() as session:
        jobs: list[Job] = list(queries.jobs_of_run(session, run_id))
        return sorted((job.id, json.dumps(job.manifest, sort_keys=True)) for job in jobs)
