"""No page asks the database more often because there is more to show: as many statements with a few as with many."""

from collections.abc import Iterator

from tests.web.counting import statements
from tests.web.grown import grow
from tests.web.populated import Populated
from tests.web.route_table import NO_PAGE, ROLES, TABLE, filled

FEW, MANY = 3, 12
MOST = 36
"""Statements of any page: a bound for the number itself, to be lowered when it can be."""


def pages(ids: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Every page as everyone who may read it."""
    for method, path, statuses in TABLE:
        if method != "GET" or path in NO_PAGE:
            continue
        for role, status in zip(ROLES, statuses.split(), strict=True):
            if status == "200":
                yield role, filled(path, ids)
    for role in ("administrator", "member"):
        yield role, f"/runs/{ids['finished']}"
        yield role, f"/runs/{ids['run_id']}#live"
    yield "administrator", f"/i/{ids['institution']}/audit?kind=update"


def counted(made: Populated) -> dict[tuple[str, str], list[str]]:
    found = {}
    clients = {role: made.client(None if role == "nobody" else role) for role in ROLES}
    for role, path in pages(made.ids):
        fragment = {"HX-Request": "true", "HX-Target": "live"} if path.endswith("#live") else {}
        with statements(made.world.hub.db) as seen:
            answer = clients[role].get(path, headers=fragment)
        assert answer.status_code == 200, (role, path)
        found[role, path] = list(seen)
    return found


def test_no_page_asks_more_often_for_more_rows(hub: Populated) -> None:
    grow(hub, FEW)
    few = counted(hub)
    grow(hub, MANY - FEW)
    many = counted(hub)
    more = {
        f"{path} as {role}": (len(few[role, path]), len(seen), _most(few[role, path], seen))
        for (role, path), seen in many.items()
        if len(seen) > len(few[role, path])
    }
    assert more == {}
    assert max((len(seen), page) for page, seen in many.items())[0] <= MOST


def _most(few: list[str], many: list[str]) -> str:
    """What is asked once more for each row."""
    grown = {text: many.count(text) - few.count(text) for text in many}
    worst = max(grown, key=lambda text: grown[text])
    return " ".join(worst.split())[-160:]
