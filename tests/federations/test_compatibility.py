"""Who can take part, before a run: and what each reader sees of others."""

from pathlib import Path

import pytest

from app.db import Database
from app.federations import compatibility
from app.federations.models import Federation
from tests.runs import world as acting
from tests.runs.world import POLICY, World
from worker.protocol.codes import Refusal
from worker.protocol.policy import PolicyDocument


@pytest.fixture
def world(db: Database, tmp_path: Path) -> World:
    return acting.make(db, tmp_path)


def rows_for(world: World, number: int) -> dict[int, compatibility.Row]:
    reader = world.members[number].officer
    with world.hub.db.reading() as session:
        federation = session.get_one(Federation, world.federation)
        found = compatibility.matrix(session, federation, reader)
    by_id = {row.member.institution.id: row for row in found.rows}
    return {n: by_id[m.institution] for n, m in enumerate(world.members)}


def with_policy(world: World, number: int, **changes: object) -> None:
    with world.hub.db.session() as session:
        document = POLICY.model_copy(update=changes)
        acting.set_policy(session, world.members[number], document)


@pytest.mark.parametrize(
    ("changes", "rule", "detail"),
    [
        ({"purposes": ("research",)}, Refusal.PURPOSE, "early-support"),
        ({"task_kinds": ("regression",)}, Refusal.TASK, "pass"),
        ({"modalities": ("text",)}, Refusal.MODALITY, "table"),
        ({"blocked_inputs": ("clicks",)}, Refusal.INPUT, "clicks"),
        ({"minimum_cohort": 5}, Refusal.MINIMUM_COHORT, "5"),
        ({"minimum_cell": 20}, Refusal.MINIMUM_CELL, "20"),
        ({"protections": ("noise",)}, Refusal.UNSUPPORTED_PROTECTION, "noise"),
        (
            {"leaves": POLICY.leaves.model_copy(update={"updates": False})},
            Refusal.UPDATES_STAY,
            "updates",
        ),
    ],
)
def test_each_rule_is_named_to_the_lead_and_explained_to_its_own(
    world: World, changes: dict[str, object], rule: Refusal, detail: str
) -> None:
    with_policy(world, 2, **changes)
    lead, own, other = (rows_for(world, n)[2] for n in (0, 2, 1))
    assert not lead.allows
    assert not own.allows
    assert not other.allows
    assert (lead.rules, lead.objections) == ((rule,), None)
    assert own.objections is not None
    assert [(o.code, o.detail) for o in own.objections] == [(rule, detail)]
    assert (other.rules, other.objections, other.stays, other.sites_ready) == (None,) * 4
    assert other.policy_number is None


def test_no_policy_means_no(world: World) -> None:
    with world.hub.db.session() as session:
        version = acting.queries_policy(session, world.members[3])
        assert version is not None
        version.state = type(version.state).REPLACED
    assert rows_for(world, 0)[3].rules == (Refusal.NO_POLICY,)


def test_flows_that_stay_do_not_keep_a_site_from_training(world: World) -> None:
    quiet = POLICY.leaves.model_copy(update={"metrics": False, "class_reports": False})
    with_policy(world, 1, leaves=quiet)
    own = rows_for(world, 1)[1]
    assert own.allows
    assert own.stays == ("metrics", "class_reports")
    assert rows_for(world, 0)[1].stays is None


def test_enough_counts_the_willing(world: World) -> None:
    with world.hub.db.reading() as session:
        federation = session.get_one(Federation, world.federation)
        found = compatibility.matrix(session, federation, world.lead.officer)
        assert (found.cohort, found.enough) == (4, True)
    for number in (1, 2, 3):
        with_policy(world, number, purposes=("research",))
    with world.hub.db.reading() as session:
        federation = session.get_one(Federation, world.federation)
        found = compatibility.matrix(session, federation, world.lead.officer)
        assert (found.cohort, found.enough) == (1, False)


def test_someone_thinking_of_joining_sees_their_own_fit(world: World) -> None:
    home = next(iter(world.stranger.institutions))
    with world.hub.db.session() as session:
        federation = session.get_one(Federation, world.federation)
        assert not compatibility.row_of(session, federation, home).allows
        acting.add_policy(session, home, world.stranger, PolicyDocument(minimum_cohort=5))
        row = compatibility.row_of(session, federation, home)
    assert row.allows  # with itself, five institutions would be asked
    assert row.stays == ("metrics", "class_reports")
