"""News on the home page until it is read; what comes by mail is chosen on the account page."""

import re
from datetime import timedelta

from app.clock import now
from app.notices import queries, service
from app.notices.states import NoticeKind
from app.sites.models import Site
from tests.web.browsing import send
from tests.web.populated import Populated


def silence(hub: Populated) -> None:
    with hub.world.hub.db.session() as session:
        session.get_one(Site, hub.ids["site_id"]).last_seen = now() - timedelta(hours=3)
        service.gather(session, now())


def bell(page: str) -> int:
    """What the menu counts beside Home."""
    found = re.search(r'href="/home"[^>]*>(?:(?!</a>).)*?(\d+)(?:(?!</a>).)*?</a>', page, re.DOTALL)
    return int(found[1]) if found else 0


def test_news_until_it_is_read(hub: Populated) -> None:
    client = hub.client("administrator")
    before = bell(client.get("/home").text)
    silence(hub)
    page = client.get("/home").text
    assert "has not been heard since" in page
    assert f'href="/i/{hub.ids["institution"]}/sites/{hub.ids["site_id"]}"' in page
    assert bell(page) == before + 1
    assert "has not been heard since" not in hub.client("officer").get("/home").text
    assert send(client, "/notices/read").headers["location"] == "/home?done=read"
    page = client.get("/home").text
    assert "has not been heard since" not in page and bell(page) == before


def test_choosing_what_comes_by_mail(hub: Populated) -> None:
    client = hub.client("administrator")
    page = client.get("/account").text
    assert page.count('name="kind"') == len(NoticeKind)
    assert len(re.findall(r'name="kind"[^>]* checked', page)) == len(NoticeKind)
    send(client, "/account/notices", kind=["site-offline", "nonsense"])
    page = client.get("/account").text
    assert len(re.findall(r'name="kind"[^>]* checked', page)) == 1
    with hub.world.hub.db.reading() as session:
        muted = queries.muted(session, hub.world.lead.administrator.person)
    assert muted == frozenset(NoticeKind) - {NoticeKind.SITE_OFFLINE}
