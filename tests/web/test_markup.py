"""What every page's HTML must be: ids once, labels that reach their field, forms with their token, one main heading."""

from html.parser import HTMLParser

import pytest

from tests.web.populated import Populated
from tests.web.route_table import NO_PAGE, ROLES, TABLE, filled

PAGES = [
    (path, statuses.split())
    for method, path, statuses in TABLE
    if method == "GET" and path not in NO_PAGE
]


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.points: list[str] = []
        self.headings = 0
        self.forms: list[dict[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if "id" in given:
            self.ids.append(given["id"] or "")
        for name in ("for", "aria-describedby", "aria-labelledby", "popovertarget"):
            self.points += (given.get(name) or "").split()
        self.headings += tag == "h1"
        if tag == "form":
            self.forms.append({"post": given.get("method") == "post", "token": False})
        if tag == "input" and given.get("name") == "csrf" and given.get("value"):
            self.forms[-1]["token"] = True


@pytest.mark.parametrize(("path", "statuses"), PAGES, ids=[path for path, _s in PAGES])
def test_markup(made: Populated, path: str, statuses: list[str]) -> None:
    for role, status in zip(ROLES, statuses, strict=True):
        if status not in ("200", "403"):
            continue
        text = made.client(None if role == "nobody" else role).get(filled(path, made.ids)).text
        reader = Reader()
        reader.feed(text)
        twice = {one for one in reader.ids if reader.ids.count(one) > 1}
        assert twice == set(), role
        assert {point for point in reader.points if point not in reader.ids} == set(), role
        assert reader.headings == 1, role
        assert all(form["token"] or not form["post"] for form in reader.forms), role
