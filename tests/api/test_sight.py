"""Who sees what of another institution, as DESIGN 6 has it, through the API."""

from typing import Any

from app.clock import now
from app.ids import new_id
from app.releases.models import Release
from app.reports.models import ClassReport
from app.runs import queries as runs
from tests.api.stage import Stage
from tests.api.test_routes import problem
from tests.runs import world as making
from worker.protocol.kept import KeptRows
from worker.protocol.policy import PolicyDocument
from worker.protocol.update import ClassFigures, ClassTask


def get(stage: Stage, path: str, who: str) -> Any:
    answer = stage.call("GET", path.format(**stage.ids), stage.token(who))
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_member_sees_yes_or_no_and_the_lead_the_rule(stage: Stage) -> None:
    third = stage.world.members[2]
    with stage.world.hub.db.session() as session:
        making.set_policy(session, third, PolicyDocument(minimum_cohort=9))

    def row(who: str) -> dict[str, Any]:
        found = get(stage, "/federations/{federation}/compatibility", who)["members"]
        return next(m for m in found if m["institution"] == third.institution)

    member, lead = row("partner"), row("owner")
    assert member["allows"] is False
    assert {k for k, v in member.items() if v is not None} == {"institution", "allows"}
    assert lead["rules"] == ["cohort-too-small"]
    assert lead["objections"] is None and lead["policy"] is None
    own = next(
        m
        for m in get(stage, "/federations/{federation}/compatibility", "owner")["members"]
        if m["institution"] == stage.ids["institution"]
    )
    assert own["allows"] is True and own["objections"] == [] and own["policy"] == 1


def test_progress_shows_others_only_whether_they_take_part(stage: Stage) -> None:
    stage.with_running()
    making.train(stage.world, stage.world.members[2])
    rows = get(stage, "/runs/{run}/progress", "partner")["sites"]
    by_home = {row["institution"]: row for row in rows}
    other = by_home[stage.world.members[2].institution]
    assert other["takes_part"] is True
    for hidden in ("part", "site", "phase", "rule", "last_seen", "job_state"):
        assert other[hidden] is None
    assert by_home[stage.ids["partner"]]["site"] == stage.world.members[1].site
    seen = {r["institution"]: r for r in get(stage, "/runs/{run}/progress", "owner")["sites"]}
    assert seen[other["institution"]]["part"] == "received"


def test_how_often_others_were_heard_is_told_in_quarters_and_to_the_lead(stage: Stage) -> None:
    stage.with_running()
    for member in stage.world.members:
        making.train(stage.world, member)
    stage.world.work()
    told = get(stage, "/runs/{run}/progress", "partner")["participation"]
    assert (told["closed"], told["least"]) == (1, 1.0)
    (own,) = told["sites"]
    assert (own["institution"], own["counted"], own["offered"]) == (stage.ids["partner"], 1, 1)
    led = get(stage, "/runs/{run}/progress", "owner")["participation"]
    assert len(led["sites"]) == len(stage.world.members)


def test_updates_one_by_one_are_for_their_own_institution_and_the_lead(stage: Stage) -> None:
    stage.with_running()
    making.train(stage.world, stage.world.members[2])
    assert get(stage, "/runs/{run}/rounds/1", "partner")["updates"] == []
    (line,) = get(stage, "/runs/{run}/rounds/1", "owner")["updates"]
    assert line["own"] is False and line["weights"] == {}
    problem(stage.call("GET", f"/runs/{stage.ids['run']}/rounds/9", stage.token("owner")), 404)


def test_what_was_said_to_a_run_is_not_told_to_other_members(stage: Stage) -> None:
    stage.with_proposed()
    third = stage.world.members[2]
    from app.runs import queries, service

    with stage.world.hub.db.session() as session:
        run = queries.by_id(session, stage.ids["run"])
        assert run is not None
        reason = "exams are near"
        service.decline(session, third.officer, run, third.institution, reason=reason)
    (said,) = get(stage, "/runs/{run}/approvals", "partner")["items"]
    assert said["answered"] is True and said["approved"] is None
    (led,) = get(stage, "/runs/{run}/approvals", "owner")["items"]
    assert led["approved"] is False and led["reason"] is None
    assert "exams" not in str(led) + str(said)


def test_an_open_federation_can_be_read_before_joining_but_not_its_members(stage: Stage) -> None:
    (found,) = get(stage, "/federations?joinable=true", "guest")["items"]
    assert found["id"] == stage.ids["federation"]
    assert get(stage, "/federations", "guest")["items"] == []
    agreement = get(stage, "/federations/{federation}/agreement", "guest")
    assert agreement["digest"] == found["agreement_digest"]
    assert get(stage, "/federations/{federation}/fit", "guest")["allows"] is True
    for path in ("memberships", "memberships/{partner}", "runs", "releases", "compatibility"):
        full = f"/federations/{stage.ids['federation']}/{path}".format(**stage.ids)
        problem(stage.call("GET", full, stage.token("guest")), 404)
    problem(
        stage.call("GET", f"/federations/{stage.ids['federation']}", stage.token("newcomer")), 403
    )


def test_what_a_member_signed_is_its_own_and_the_leads(stage: Stage) -> None:
    third = stage.world.members[2].institution
    path = f"/federations/{stage.ids['federation']}/memberships/{third}"
    assert get(stage, path, "owner")["accepted_digest"]
    told = get(stage, path, "partner")
    assert told["accepted_digest"] is None
    assert told["institution"]["name"] and told["institution"]["verified_by"] == 2


def test_a_report_is_its_instructors_alone_and_every_reading_is_written_down(stage: Stage) -> None:
    stage.with_releases()
    stage.with_class()
    figures = ClassFigures(
        code="7B",
        term="2026",
        records=30,
        tasks=(ClassTask(task="pass", metric="auc", shared=0.8, local=0.7, rule=0.6),),
    )
    with stage.world.hub.db.session() as session:
        report = ClassReport(
            id=new_id("report"),
            class_id=stage.ids["school_class"],
            release_id=stage.ids["release"],
            site_id=stage.ids["site"],
            figures=figures.model_dump(mode="json"),
            minimum_cell=10,
            as_of=now(),
        )
        session.add(report)
    told = get(stage, "/reports/{school_class}", "owner")
    assert told["figures"]["tasks"][0]["shared"] == 0.8
    assert told["release"] == 1 and told["minimum_cell"] == 10
    assert told["viewers"] == ["Owner"]
    assert get(stage, "/reports/{school_class}", "owner")["viewers"] == ["Owner", "Owner"]
    read = get(stage, "/institutions/{institution}/audit?kind=report.viewed", "owner")["items"]
    assert len(read) == 2
    (listed,) = get(stage, "/reports", "owner")["items"]
    assert listed["as_of"] == told["as_of"]
    colleague = stage.call("GET", f"/reports/{listed['school_class']}", stage.token("partner"))
    problem(colleague, 404)


def test_the_second_factor_that_a_token_lacks_opens_nothing_more(stage: Stage) -> None:
    """No route lets a token approve: neither a policy nor a run can be moved by one with every scope."""
    stage.with_proposed()
    stage.with_policy_draft()
    token = stage.token("owner")
    for path in (f"/policies/{stage.ids['policy']}", f"/runs/{stage.ids['run']}"):
        for act in ("approve", "decline", "accept"):
            problem(stage.call("POST", f"{path}/{act}", token, {}), 404)


def test_a_release_says_what_stays_with_its_sites(stage: Stage) -> None:
    stage.with_releases()
    rows = KeptRows(rows={"values.programme": ((2, 1),)}).model_dump(mode="json")
    with stage.world.hub.db.session() as session:
        release = session.get_one(Release, stage.ids["release"])
        state = runs.states_after(session, release.run_id, 99)["encoder/table"]
        state.kept = rows
    told = get(stage, "/releases/{release}", "partner")
    assert told["kept"] == {"encoder/table": rows}
    assert told["modules"].keys() > told["kept"].keys()
