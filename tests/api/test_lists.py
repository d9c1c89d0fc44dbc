"""Pages by cursor: every item once, in order, whatever the limit."""

import itertools
from typing import Any

import pytest

from app.audit import kinds
from app.audit.service import record
from app.clock import now
from app.ids import new_id
from app.institutions import service as institutions
from app.sites.models import SentLine
from tests.api.stage import Stage


def walk(stage: Stage, path: str, token: str, limit: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    after = ""
    mark = "&" if "?" in path else "?"
    while True:
        page = stage.call("GET", f"{path}{mark}limit={limit}{after}", token).json()
        assert len(page["items"]) <= limit
        items += page["items"]
        if page["next"] is None:
            return items
        after = f"&after={page['next']}"


@pytest.mark.parametrize("limit", [1, 2, 5, 200])
def test_classes(stage: Stage, limit: int) -> None:
    home = stage.ids["institution"]
    with stage.world.hub.db.session() as session:
        for code in "EDCBA":
            institutions.add_class(session, stage.owner, home, "2026", code)
    found = walk(stage, f"/institutions/{home}/classes", stage.token("owner"), limit)
    assert [c["code"] for c in found] == list("ABCDE")


@pytest.mark.parametrize("limit", [1, 3, 200])
def test_what_left_is_newest_first_and_ties_are_not_lost(stage: Stage, limit: int) -> None:
    home, moment = stage.ids["institution"], now()
    with stage.world.hub.db.session() as session:
        for number in range(7):
            line = SentLine(
                id=new_id("sent"),
                institution_id=home,
                site_id=stage.ids["site"],
                kind="progress",
                bytes=number,
                digest="a" * 64,
                reason="train",
                at=moment,
            )
            session.add(line)
            session.flush()
    found = walk(stage, f"/institutions/{home}/sent", stage.token("owner"), limit)
    assert sorted(line["bytes"] for line in found) == list(range(7))
    assert [line["id"] for line in found] == sorted((line["id"] for line in found), reverse=True)


def test_a_cursor_of_another_institution_is_not_found(stage: Stage) -> None:
    partner = stage.world.members[1]
    with stage.world.hub.db.session() as session:
        line = SentLine(
            id=new_id("sent"),
            institution_id=partner.institution,
            site_id=partner.site,
            kind="progress",
            bytes=1,
            digest="a" * 64,
            reason="train",
            at=now(),
        )
        session.add(line)
        session.flush()
        strange = line.id
    path = f"/institutions/{stage.ids['institution']}/sent?after={strange}"
    assert stage.call("GET", path, stage.token("owner")).status_code == 404


@pytest.mark.parametrize("limit", [1, 4, 200])
def test_the_audit_trail_by_filter(stage: Stage, limit: int) -> None:
    home, token = stage.ids["institution"], stage.token("owner")
    with stage.world.hub.db.session() as session:
        for _ in range(5):
            record(session, "hub", kinds.CLASS_ADDED, chain=home, subject=home)
    path = f"/institutions/{home}/audit"
    everything = walk(stage, path, token, limit)
    head = stage.call("GET", f"{path}/head", token).json()
    assert [e["number"] for e in everything] == list(range(head["number"], 0, -1))
    assert everything[0]["digest"] == head["digest"]
    for newer, older in itertools.pairwise(everything):
        assert newer["previous"] == older["digest"]
    classes = walk(stage, f"{path}?kind=class.added", token, limit)
    assert len(classes) == 5
    assert {e["title"] for e in classes} == {"Class added"}
    assert len(walk(stage, f"{path}?kind=class.&actor=hub&subject={home}", token, limit)) == 5
    assert walk(stage, f"{path}?until=2020-01-01T00:00:00Z", token, limit) == []
    assert len(walk(stage, f"{path}?since=2020-01-01T00:00:00Z", token, limit)) == len(everything)
