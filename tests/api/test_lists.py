"""Pages by cursor: every item once, in order, whatever the limit."""

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.audit import kinds
from app.audit.service import record
from app.clock import now
from app.ids import new_id
from app.institutions import service as institutions
from app.sites.models import SentLine
from app.web.api import v1
from app.web.api.description import described
from tests.api import lists
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


LISTS = sorted(
    path.removeprefix("/api/v1")
    for path, operations in described(v1)["paths"].items()
    if "after" in {p["name"] for p in operations.get("get", {}).get("parameters", ())}
)


@pytest.fixture
def full(stage: Stage) -> Stage:
    return lists.fill(stage)


def test_every_list_in_pages_of_one_and_by_its_filters(full: Stage) -> None:
    """Every item once, in the order of the whole; there are at least two of each. A filter leaves what fits."""
    assert LISTS
    for path in LISTS:
        address = lists.SHOWN.get(path, path).format(**full.ids)
        token = full.token("owner")
        whole = walk(full, address, token, 200)
        assert len(whole) >= (1 if path in lists.ONE else 2), path
        told = [json.dumps(item, sort_keys=True) for item in whole]
        assert len(set(told)) == len(told), path
        single = walk(full, address, token, 1)
        assert steady(single) == steady(whole), path
    filters_leave_what_fits(full)


def steady(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what the clock moves between two requests."""
    return [{k: v for k, v in item.items() if k not in ("recent", "last_seen")} for item in items]


def test_every_list_has_a_filter_that_is_described() -> None:
    for path, operations in described(v1)["paths"].items():
        if path.removeprefix("/api/v1") not in LISTS:
            continue
        given = {
            p["name"]: p.get("description", "")
            for p in operations["get"]["parameters"]
            if p["in"] == "query"
        }
        filters = given.keys() - {"after", "limit"}
        assert filters, path
        assert all(given.values()), path


def filters_leave_what_fits(full: Stage) -> None:
    token = full.token("owner")
    for path, query, field, value in lists.FILTERS:
        address = path.format(**full.ids)
        whole = walk(full, address, token, 200)
        found = walk(full, f"{address}?{query}".format(**full.ids), token, 1)
        wanted = value.format(**full.ids) if isinstance(value, str) else value
        fitting = [item for item in whole if lists.holds(item, field, wanted)]
        assert steady(found) == steady(fitting), path
        assert 0 < len(found) < len(whole), f"{path}: the filter is not shown by this example"


def test_what_comes_in_between_shifts_nothing(full: Stage) -> None:
    """Items that were there are all met once, though another comes before each page."""
    token = full.token("owner")
    for path, insert in lists.INSERTS.items():
        address = path.format(**full.ids)
        before = walk(full, address, token, 200)
        key = "id" if "id" in before[0] else "number"
        met = [item[key] for item in disturbed(full, address, token, insert)]
        there = [item[key] for item in before]
        assert len(set(met)) == len(met), path
        assert [k for k in met if k in there] == there, path


def disturbed(
    stage: Stage, address: str, token: str, insert: Callable[[Stage], object]
) -> Iterator[dict[str, Any]]:
    """In pages of one; before each of the first pages after the first, something is inserted."""
    after, pages = "", 0
    while True:
        page = stage.call("GET", f"{address}?limit=1{after}", token).json()
        yield from page["items"]
        if page["next"] is None:
            return
        after, pages = f"&after={page['next']}", pages + 1
        if pages < 4:
            insert(stage)


def test_an_item_taken_away_under_the_cursor_does_no_harm(full: Stage) -> None:
    path, token = f"/federations/{full.ids['draft']}/sheets", full.token("owner")
    whole = [s["name"] for s in walk(full, path, token, 200)]
    first = full.call("GET", f"{path}?limit=1", token).json()
    gone = full.call("DELETE", f"{path}/{first['items'][0]['name']}", token)
    assert gone.status_code == 204
    rest = walk(full, f"{path}?after={first['next']}", token, 200)
    assert [s["name"] for s in rest] == whole[1:]
