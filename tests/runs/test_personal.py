"""Sites' own models at the hub: asked once each, counted without pointing at one, dropped where they do not fit."""

from typing import Any

import pytest
from sqlalchemy import select

from app.errors import Invalid
from app.federations.models import Federation
from app.runs import personal, queries, tallies
from app.runs.models import Measurement
from app.runs.schemas import Proposal
from app.runs.tallies import ChoiceLine
from app.web import own_models
from tests.runs import world as acting
from tests.runs.world import POLICY, TERMS, World
from worker.hub.finish import finish
from worker.protocol.codes import Change, Chosen, JobKind
from worker.protocol.policy import Leaves


def completed(world: World, value: Any = "chosen") -> str:
    training = TERMS.training.model_copy(update={"personal": value})
    with world.hub.db.session() as session:
        federation = session.get_one(Federation, world.federation)
        accepted = TERMS.model_copy(update={"training": training})
        federation.terms = accepted.model_dump(mode="json")
    run = acting.running(world, Proposal(rounds=1, training=training))
    for member in world.members:
        acting.train(world, member)
    world.work()
    return run


def asked(world: World, run: str) -> list[Any]:
    with world.hub.db.reading() as session:
        return list(queries.jobs_of_run(session, run, (JobKind.PERSONAL,)))


def answer_all(world: World) -> None:
    for member in world.members:
        while (got := acting.claim(world, member, JobKind.PERSONAL)) is not None:
            acting.settle_other(world, member, *got)


def test_every_site_is_asked_once_after_the_last_round(world: World) -> None:
    run = completed(world)
    assert not finish(world.hub, "run_none") and finish(world.hub, run)
    jobs = asked(world, run)
    assert sorted(j.site_id for j in jobs) == sorted(m.site for m in world.members)
    with world.hub.db.reading() as session:
        last = {n: s.digest for n, s in queries.states_after(session, run, 1).items()}
    for job in jobs:
        manifest = acting.manifest_of(job)
        assert manifest.training.personal == "chosen"
        assert {n: r.digest for n, r in manifest.modules.items()} == last


def test_a_run_never_has_them_where_members_did_not_accept_them(world: World) -> None:
    training = TERMS.training.model_copy(update={"personal": 0.3})
    with pytest.raises(Invalid, match="Members accepted less") as told:
        acting.running(world, Proposal(rounds=1, training=training))
    assert told.value.errors.keys() == {"training.personal"}


def test_a_run_without_asks_nobody(world: World) -> None:
    assert asked(world, completed(world, None)) == []


def test_a_site_that_keeps_its_figures_makes_its_model_and_is_asked_for_none(world: World) -> None:
    quiet = world.members[1]
    closed = POLICY.model_copy(update={"leaves": Leaves(updates=True)})
    with world.hub.db.session() as session:
        acting.set_policy(session, quiet, closed)
    leaves = {j.site_id: acting.manifest_of(j).leaves for j in asked(world, completed(world))}
    assert leaves.pop(quiet.site) == ()
    assert set(leaves.values()) == {("metrics",)}


def test_choices_are_kept_and_counted(world: World) -> None:
    run_id = completed(world)
    answer_all(world)
    with world.hub.db.session() as session:
        rows = session.scalars(select(Measurement).where(Measurement.model == "personal")).all()
        assert {(r.chosen, r.against_shared, r.against_alone) for r in rows} == {
            (Chosen.PERSONAL, Change.HELPED, Change.UNCHANGED)
        }
        lines = tallies.choices(session, run_id)
    inside = world.members[0].institution
    found = personal.of_task(lines, "pass", {inside})
    assert found is not None
    assert found.against_shared == personal.Outcomes(4, 0, 0)
    assert found.against_alone == personal.Outcomes(0, 4, 0)
    assert found.classes == personal.Outcomes(4, 8, 0)
    assert found.class_parts == personal.ClassParts(4, 4)
    assert len(found.own) == 1
    said = " ".join(own_models.sentences(found))
    assert "of 4 sites 4 better off, 0 unchanged, 0 worse off" in said
    assert "Of 12 classes with enough records" in said
    assert "4 use a head of their own, 4 a head and an adapter" in said
    assert "4 sites also go by what is known of a student already: 4 better off" in said
    assert "its own model, held near the shared one" in said


def test_a_figure_without_a_choice_is_dropped(world: World) -> None:
    completed(world)
    member = world.members[0]
    while (got := acting.claim(world, member, JobKind.PERSONAL)) is not None:
        if got[0].kind is JobKind.PERSONAL:
            break
    assert got is not None
    from app.runs import measurements
    from worker.protocol.update import MetricsAnswer, TaskMetrics

    figure = TaskMetrics(task="pass", metric="auc", value=0.7, records_band="100-199", weight=100)
    with world.hub.db.session() as session:
        job = session.merge(got[0])
        assert measurements.record(session, job, MetricsAnswer(personal=(figure,))) == 0
        assert measurements.record(session, job, MetricsAnswer(shared=(figure,))) == 0


def line(site: int, change: Change) -> ChoiceLine:
    return ChoiceLine(
        "pass",
        f"institution-{site}",
        f"Site {site}",
        Chosen.PERSONAL,
        0.8,
        change,
        Change.UNCHANGED,
        {"helped": 3, "unchanged": 0, "hurt": 0},
    )


@pytest.mark.parametrize("sites", [1, 2])
def test_counts_over_few_sites_stay_closed(sites: int) -> None:
    lines = [line(n, Change.HURT) for n in range(sites)]
    found = personal.of_task(lines, "pass", {"institution-0"})
    assert found is not None
    assert found.against_shared is None and found.against_alone is None and found.classes is None
    assert found.class_parts is None
    assert [own.site_name for own in found.own] == ["Site 0"]
    assert "so no count is shown" in " ".join(own_models.sentences(found))


def test_a_site_of_an_earlier_version_says_nothing_of_heads_and_adapters() -> None:
    """Its counts have no such keys, and its classes still count."""
    found = personal.of_task([line(n, Change.HELPED) for n in range(3)], "pass", set())
    assert found is not None
    assert found.classes == personal.Outcomes(9, 0, 0)
    assert found.class_parts == personal.ClassParts(0, 0)


def test_no_answer_says_nothing() -> None:
    assert personal.of_task([line(1, Change.HELPED)], "other", set()) is None
    assert own_models.sentences(None) == ()
