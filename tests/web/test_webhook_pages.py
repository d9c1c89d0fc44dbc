"""Webhooks in the browser: made, seen once, changed by two, sent again, turned on, removed."""

import re

from sqlalchemy import select

from app.integrations import delivering, webhooks
from app.integrations.models import Delivery, Webhook
from app.integrations.states import WebhookState
from tests.web.browsing import send
from tests.web.populated import Populated

SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{20,}")
URL = "https://hooks.school0.example/new"


def home(hub: Populated) -> str:
    return f"/i/{hub.ids['institution']}/integrations"


def page(hub: Populated) -> str:
    return f"{home(hub)}/webhooks/{hub.ids['webhook']}"


def row(hub: Populated) -> Webhook:
    with hub.world.hub.db.reading() as session:
        return session.get_one(Webhook, hub.ids["webhook"])


def test_made_and_its_secret_shown_once(hub: Populated) -> None:
    client = hub.client("administrator")
    made = send(client, f"{home(hub)}/webhooks", url=URL, events=["run.completed", "nonsense"])
    assert made.status_code == 200
    assert len(set(SECRET.findall(made.text))) == 1
    assert "It is not shown again." in made.text
    with hub.world.hub.db.reading() as session:
        found = session.scalars(select(Webhook).where(Webhook.url == URL)).one()
    assert found.events == ["run.completed"]
    for path in (home(hub), f"{home(hub)}/webhooks/{found.id}"):
        text = client.get(path).text
        assert "hooks.school0.example" in text
        assert not SECRET.search(text)


def test_wrong_forms_keep_what_was_typed(hub: Populated) -> None:
    client = hub.client("administrator")
    answer = send(client, f"{home(hub)}/webhooks", url="http://10.0.0.1/x", events="run.failed")
    assert answer.status_code == 422
    assert 'value="http://10.0.0.1/x"' in answer.text
    assert "Give an https:// address" in answer.text
    answer = send(client, f"{page(hub)}/change", url=URL, revision="1")
    assert answer.status_code == 422 and "Choose at least one event." in answer.text


def test_two_people_change_it(hub: Populated) -> None:
    client = hub.client("administrator")
    fields = {"events": "run.failed", "revision": "1"}
    assert send(client, f"{page(hub)}/change", url=URL, **fields).status_code == 303
    answer = send(client, f"{page(hub)}/change", url=f"{URL}er", **fields)
    assert answer.status_code == 409
    assert "Both versions" in answer.text and f"{URL}er" in answer.text
    assert 'name="revision" value="2"' in answer.text
    assert row(hub).url == URL


def test_a_new_secret(hub: Populated) -> None:
    client = hub.client("administrator")
    assert SECRET.search(send(client, f"{page(hub)}/secret").text)
    text = client.get(page(hub)).text
    assert "The old secret signs too" in text and not SECRET.search(text)


def test_the_log_and_one_message(hub: Populated) -> None:
    client = hub.client("administrator")
    text = client.get(page(hub)).text
    for said in ("Arrived", "Waits", "answered 503", "answered 200", "A test"):
        assert said in text
    assert text.count("/replay") == 1  # what still waits is tried by itself
    assert "answered 200" not in client.get(f"{page(hub)}?state=waiting").text
    message = client.get(f"{page(hub)}/deliveries/{hub.ids['delivery']}").text
    for said in ("It took longer than ten seconds.", "It sends elsewhere.", "10,004 ms"):
        assert said in message
    assert "webhook.test" in message


def test_sent_again(hub: Populated) -> None:
    client, path = hub.client("administrator"), f"{page(hub)}/deliveries/{hub.ids['delivery']}"
    answer = send(client, f"{path}/replay")
    assert answer.headers["location"] == f"{page(hub)}?done=told"
    with hub.world.hub.db.reading() as session:
        assert session.get_one(Delivery, hub.ids["delivery"]).next_try is not None
    assert send(client, f"{path}/replay").status_code == 409


def test_off_says_why_and_is_turned_on(hub: Populated) -> None:
    with hub.world.hub.db.session() as session:
        sent = webhooks.test(
            session,
            hub.world.lead.administrator,
            session.get_one(Webhook, hub.ids["webhook"]),
        )
        delivering.done(session, sent.id, delivering.Outcome(9, 410))
    client = hub.client("administrator")
    text = client.get(page(hub)).text
    assert "The hub turned it off" in text and "/replay" not in text
    assert send(client, f"{page(hub)}/test").status_code == 409
    assert send(client, f"{page(hub)}/turn-on").status_code == 303
    assert row(hub).state is WebhookState.ACTIVE


def test_a_proof_of_a_while_ago_is_asked_for_again(hub: Populated) -> None:
    """Where messages go and what they are signed with is as much as a token is."""
    client = hub.client("administrator")
    with hub.world.hub.db.session() as session:
        for found in session.query(_sessions()):
            found.stepped_up = None
    for act in ("change", "secret", "turn-on", "remove"):
        answer = send(client, f"{page(hub)}/{act}", url=URL, events="run.failed", revision="1")
        assert "Confirm that it is you" in answer.text
    assert row(hub).revision == 1


def _sessions() -> type:
    from app.people.models import BrowserSession

    return BrowserSession


def test_removed(hub: Populated) -> None:
    client = hub.client("administrator")
    assert send(client, f"{page(hub)}/remove").headers["location"] == f"{home(hub)}?done=removed"
    assert client.get(page(hub)).status_code == 404
    assert "No server of yours is told" in client.get(home(hub)).text
