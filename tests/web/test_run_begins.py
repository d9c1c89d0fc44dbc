"""A run is proposed to go on from an earlier one: chosen on the page, told to those who approve and look."""

from app.runs import queries as runs
from tests.web.browsing import send
from tests.web.populated import Populated

FIELDS = {
    "sheets": "pass",
    "rounds": "2",
    "quorum": "3",
    "deadline_min": "1",
    "evaluate_every": "1",
    "seed": "5",
}


def test_a_completed_run_is_chosen_and_told(hub: Populated) -> None:
    client, path = hub.client("administrator"), f"/federations/{hub.ids['federation_id']}/runs/new"
    finished = hub.ids["finished"]
    page = client.get(path).text
    assert "first weights, by the seed of the model" in page
    assert f'value="{finished}"' in page and f'value="{hub.ids["run_id"]}"' not in page
    answer = send(client, path, **FIELDS, begin=finished)
    made = answer.headers["location"].split("?")[0]
    with hub.world.hub.db.reading() as session:
        run, earlier = runs.by_id(session, made.split("/")[2]), runs.by_id(session, finished)
        assert run is not None and earlier is not None
        begin = runs.plan_of(run).begin
    assert begin is not None and begin.run == finished
    assert f"the last model of run {earlier.number}; parts that are new" in client.get(made).text
    assert "first weights of seed" in client.get(f"/runs/{finished}").text


def test_a_run_that_is_not_completed_is_refused_at_its_field(hub: Populated) -> None:
    client, path = hub.client("administrator"), f"/federations/{hub.ids['federation_id']}/runs/new"
    answer = send(client, path, **FIELDS, begin=hub.ids["run_id"])
    assert answer.status_code == 422
    assert 'id="e-begin"' in answer.text and "completed run of this federation" in answer.text
