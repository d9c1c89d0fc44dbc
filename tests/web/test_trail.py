"""The audit trail by who, when, kind and subject: in the page, its cursor and its files alike."""

import html
import re
from datetime import timedelta

from app.audit import kinds
from app.audit.checkpoint import store
from app.audit.collegium_audit import check
from app.audit.models import HUB_CHAIN
from app.audit.service import record
from app.clock import now
from tests.web.populated import Populated

LINK = re.compile(r'href="([^"]+)"[^>]*>([^<]*)<')


def path(hub: Populated) -> str:
    return f"/i/{hub.ids['institution']}/audit"


def rows(page: str) -> int:
    """Without the head, which is there in the page that names none, too."""
    return max(0, page.count("<tr role=") - 1)


def test_by_who_and_kind_and_the_cursor_keeps_both(hub: Populated) -> None:
    home, officer = hub.ids["institution"], hub.world.lead.officer
    with hub.world.hub.db.session() as session:
        for _number in range(30):
            record(session, officer.person, kinds.CLASS_ADDED, chain=home, subject=home)
    client = hub.client("officer")
    page = client.get(f"{path(hub)}?kind=class&actor={officer.person}").text
    assert rows(page) == 25
    (older,) = [html.unescape(h) for h, text in LINK.findall(page) if text == "Older ones"]
    assert "kind=class" in older and f"actor={officer.person}" in older
    rest = client.get(older).text
    assert rows(rest) == 5 and "Older ones" not in rest
    file = client.get(f"{path(hub)}/export/csv?kind=class&actor={officer.person}").text
    assert len(file.splitlines()) == 31
    lines = client.get(f"{path(hub)}/export/jsonl?kind=class&actor={officer.person}").text
    assert len(lines.splitlines()) == 30 and "checkpoint" not in lines


def test_by_day(hub: Populated) -> None:
    client, today = hub.client("officer"), now().date()
    tomorrow, yesterday = today + timedelta(days=1), today - timedelta(days=2)
    assert "No event fits." in client.get(f"{path(hub)}?since={tomorrow}").text
    assert "No event fits." in client.get(f"{path(hub)}?until={yesterday}").text
    assert rows(client.get(f"{path(hub)}?since={yesterday}&until={tomorrow}").text) == 25
    wrong = client.get(f"{path(hub)}?since=soon")
    assert wrong.status_code == 200 and "Enter a day such as 2026-09-01." in wrong.text
    assert client.get(f"{path(hub)}/export/csv?since=soon").status_code == 422


def test_by_subject_and_a_row_leads_to_what_it_is_about(hub: Populated) -> None:
    client, site, home = hub.client("officer"), hub.world.lead.site, hub.ids["institution"]
    with hub.world.hub.db.session() as session:
        record(session, site, kinds.SITE_READINESS, chain=home, subject=site, body={"count": 0})
    page = client.get(f"{path(hub)}?subject={site}&kind=site").text
    assert 0 < rows(page) <= 25
    assert f'href="/i/{home}/sites/{site}"' in page
    assert "No event fits." in client.get(f"{path(hub)}?subject=nothing").text


def test_the_whole_file_can_still_be_checked(hub: Populated) -> None:
    whole = hub.client("officer").get(f"{path(hub)}/export/jsonl").text
    assert "checkpoint" in whole.splitlines()[-1]


def test_stored_checkpoints_are_listed_and_taken(hub: Populated) -> None:
    home, officer = hub.ids["institution"], hub.client("officer")
    assert "No checkpoint is stored yet." in officer.get(path(hub)).text
    for chain in (home, HUB_CHAIN):
        with hub.world.hub.db.session() as session:
            assert store(session, hub.world.hub.key, chain, now())
    for client, trail in ((officer, path(hub)), (hub.client("operator"), "/operator/audit")):
        page = client.get(trail).text
        assert "Checkpoints, newest first" in page and "--kept checkpoints.jsonl" in page
        kept = client.get(f"{trail}/export/checkpoints").content.splitlines()
        whole = client.get(f"{trail}/export/jsonl").content.splitlines()
        held = check(whole, hub.world.hub.key.public.text, kept=kept)
        assert (held.stored, held.kept) == (1, 1)
        assert len(client.get(f"{trail}/export/csv").text.splitlines()) == held.events + 1
        assert b"def check(" in client.get(f"{trail}/export/py").content


def test_the_hubs_own_trail(hub: Populated) -> None:
    client = hub.client("operator")
    page = client.get("/operator/audit?kind=account&actor=hub").text
    assert "No event fits." in page
    assert rows(client.get("/operator/audit").text) > 0
