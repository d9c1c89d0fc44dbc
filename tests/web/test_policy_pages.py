"""From a law to a rule in a browser: confirm it, see its floor in the draft and its effect, print it for a board."""

import re

from starlette.testclient import TestClient

from app.policies import queries
from app.policies.models import PolicyVersion
from tests.web.browsing import send, token
from tests.web.populated import Populated


def at(hub: Populated, path: str = "") -> str:
    return f"/i/{hub.ids['institution']}/policy{path}"


def draft(hub: Populated) -> PolicyVersion:
    with hub.world.hub.db.reading() as session:
        found = queries.open_draft(session, hub.ids["institution"])
        assert found is not None
        return found


def typed(client: TestClient, hub: Populated, **changes: str | list[str]) -> dict[str, object]:
    """The draft's form as its page fills it, with some fields changed."""
    page = client.get(at(hub, "/draft")).text
    form = page[page.index("<form method=") :]
    fields: dict[str, object] = {}
    for name, value in re.findall(
        r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"[^>]* checked', form
    ):
        fields.setdefault(name, [])
        fields[name].append(value)  # type: ignore[attr-defined]
    for name, value in re.findall(
        r'<input[^>]* name="(minimum_\w+|revision)"[^>]* value="([^"]*)"', form
    ):
        fields[name] = value
    return fields | changes


def confirm(hub: Populated, profile: str) -> None:
    answer = send(hub.client("officer"), at(hub, f"/profiles/{profile}/confirm"), number="1")
    assert answer.headers["location"] == at(hub, "/profiles?done=confirmed")


def test_what_waits_is_said_and_bounds_nothing(hub: Populated) -> None:
    page = hub.client("reader").get(at(hub)).text
    assert "wait for a person to confirm them" in page
    assert "UK GDPR" in page
    listed = hub.client("reader").get(at(hub, "/profiles")).text
    assert "Waits for a person to confirm it" in listed
    assert "No profile is confirmed, so none bounds the policy." in listed


def test_what_is_decided_is_not_asked_again(hub: Populated) -> None:
    officer, page = hub.client("officer"), at(hub, "/profiles/uk-gdpr")
    assert "Confirm version 1" in officer.get(page).text
    confirm(hub, "uk-gdpr")
    shown = officer.get(page).text
    assert "Confirm version 1" not in shown and "It does not bind us" in shown
    send(officer, f"{page}/set-aside", number="1")
    shown = officer.get(page).text
    assert "Confirm version 1" in shown and "It does not bind us" not in shown


def test_an_officer_confirms_and_the_draft_shows_the_floor_with_its_source(hub: Populated) -> None:
    confirm(hub, "uk-gdpr")
    listed = hub.client("reader").get(at(hub, "/profiles")).text
    assert "Confirmed" in listed and "UK GDPR Art 33" in listed
    page = hub.client("administrator").get(at(hub, "/draft")).text
    assert "At least 5: UK GDPR" in page
    assert "none: practice of Ofqual and HESA (version 1)" in page


def test_a_draft_looser_than_the_law_is_refused_by_its_article(hub: Populated) -> None:
    confirm(hub, "eu-gdpr")
    client = hub.client("administrator")
    fields = typed(client, hub, minimum_cell="7")
    assert send(client, at(hub, "/draft/save"), **fields).status_code == 303  # type: ignore[arg-type]
    row = draft(hub)
    path = at(hub, f"/{row.number}/approve")
    answer = send(hub.client("officer"), path, digest=row.digest)
    assert answer.status_code == 422
    assert "must be at least 10" in answer.text and "GDPR" in answer.text
    assert draft(hub).id == row.id, "still a draft"


def test_the_effect_while_typing_is_a_fragment_and_saves_nothing(hub: Populated) -> None:
    client, before = hub.client("administrator"), draft(hub).revision
    fields = typed(client, hub, purposes=["research"], protections=[])
    answer = client.post(
        at(hub, "/draft/effect"),
        data={"csrf": token(client), **fields},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 200
    assert answer.text.strip().startswith("<aside") and "<form" not in answer.text
    assert "Its policy does not allow the purpose" in answer.text
    assert draft(hub).revision == before
    whole = send(client, at(hub, "/draft/effect"), **fields)  # type: ignore[arg-type]
    assert whole.status_code == 200 and "<form method=" in whole.text
    assert draft(hub).revision == before


def test_two_drafts_side_by_side(hub: Populated) -> None:
    client, officer = hub.client("administrator"), hub.client("officer")
    mine = typed(client, hub, minimum_cohort="7")
    theirs = typed(officer, hub, minimum_cohort="9")
    assert send(officer, at(hub, "/draft/save"), **theirs).status_code == 303  # type: ignore[arg-type]
    answer = send(client, at(hub, "/draft/save"), **mine)  # type: ignore[arg-type]
    assert answer.status_code == 409
    both = answer.text[answer.text.index('id="h-both"') :]
    both = both[: both.index("</table>")]
    assert "Theirs" in both and "Yours" in both and "Approved version" in both
    assert "9" in both and "7" in both


def test_for_the_board(hub: Populated) -> None:
    confirm(hub, "uk-gdpr")
    client = hub.client("administrator")
    send(client, at(hub, "/draft/save"), **typed(client, hub))  # type: ignore[arg-type]
    page = hub.client("reader").get(at(hub, f"/{draft(hub).number}/board")).text
    for part in ("What bounds it, and why", "UK GDPR Chapter V", "Signature", draft(hub).digest):
        assert part in page
    assert "<form method=" not in page[page.index("<h1") :]


def test_a_purpose_is_recorded_changed_and_ended(hub: Populated) -> None:
    client = hub.client("administrator")
    fields = {
        "name": "Early help",
        "purpose": "early-support",
        "basis": "own",
        "basis_text": "Public task.",
        "retention": "P3Y",
    }
    bad = send(client, at(hub, "/purposes"), **fields | {"retention": "long"})
    assert bad.status_code == 422 and "ISO 8601" in bad.text and "Public task." in bad.text
    assert send(client, at(hub, "/purposes"), **fields).status_code == 303
    page = client.get(at(hub, "/purposes")).text
    found = re.search(r'href="([^"]+/purposes/purpose_\w+)">Early help', page)
    assert found and "3 years" in page
    changed = fields | {"protected": "yes", "revision": "1"}
    assert send(client, found[1], **changed).status_code == 303
    assert "protected from erasure" in client.get(at(hub, "/purposes")).text
    assert send(client, found[1], **changed).status_code == 409, "revision 1 is gone"
    assert send(client, f"{found[1]}/end").status_code == 303
    assert "Early help" not in client.get(at(hub, "/purposes")).text
