"""Mails for a server are rows: none is lost while it is away, and none is asked for twice at once."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app import letters
from app.clock import now
from app.effects import Mail, Send, after_commit
from app.hub import Hub, build
from app.jobs import HubTask
from app.letters import Letter
from app.settings import Settings
from tests.mailserver import Mailbox, mailserver
from worker.hub import sweep
from worker.hub.letters import post

SENT = Mail("kim@heath.example", "Grüße", "Ein Link:\n\nhttp://hub.test/secret-link\n")


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailserver() as found:
        yield found


@pytest.fixture
def sent() -> list[Send]:
    return []


@pytest.fixture
def hub(settings: Settings, database_url: str, box: Mailbox, sent: list[Send]) -> Iterator[Hub]:
    own = {"mail_url": box.url, "database_url": database_url}
    built = build(settings.model_copy(update=own))
    built.db.dispatch = lambda effect: sent.append(effect) if isinstance(effect, Send) else None
    yield built
    built.close()


def write(hub: Hub) -> str:
    with hub.db.session() as session:
        after_commit(session, SENT)
    with hub.db.reading() as session:
        return session.scalars(select(Letter.id).order_by(Letter.made.desc())).first() or ""


def waiting(hub: Hub) -> list[Letter]:
    with hub.db.reading() as session:
        return list(session.scalars(select(Letter)))


def make_due(hub: Hub) -> None:
    with hub.db.session() as session:
        session.execute(update(Letter).values(next_try=now() - timedelta(minutes=2)))


def test_a_mail_is_a_sealed_row_and_then_is_taken(hub: Hub, box: Mailbox, sent: list[Send]) -> None:
    letter = write(hub)
    assert sent == [Send(HubTask.LETTER.value, (letter,))]
    (row,) = waiting(hub)
    assert "secret-link" not in row.sealed and "kim" not in row.sealed
    assert post(hub, letter) == "taken"
    (mail,) = box.taken
    assert (mail["To"], mail["Subject"]) == (SENT.to, SENT.subject)
    assert "secret-link" in mail.get_content()
    assert waiting(hub) == []
    assert post(hub, letter) == "not due"
    assert len(box.taken) == 1


def test_what_is_rolled_back_is_never_sent(hub: Hub, sent: list[Send]) -> None:
    with pytest.raises(RuntimeError), hub.db.session() as session:
        after_commit(session, SENT)
        raise RuntimeError("undone")
    assert (waiting(hub), sent) == ([], [])


def test_a_server_that_is_away_gets_it_when_it_is_back(
    hub: Hub, box: Mailbox, sent: list[Send]
) -> None:
    letter = write(hub)
    box.refusing = True
    assert post(hub, letter) == "later"
    assert post(hub, letter) == "not due"
    sent.clear()
    make_due(hub)
    sweep.lost_sends(hub)
    assert sent == [Send(HubTask.LETTER.value, (letter,))]
    box.refusing = False
    assert post(hub, letter) == "taken"
    assert len(box.taken) == 1


def test_it_waits_longer_each_time_and_is_given_up(hub: Hub, box: Mailbox) -> None:
    letter = write(hub)
    box.refusing = True
    waits = []
    for _try in range(6):
        make_due(hub)
        assert post(hub, letter) == "later"
        waits.append(round((waiting(hub)[0].next_try - now()).total_seconds()))
    wanted = [*letters.WAITS_S, letters.WAITS_S[-1]]
    assert waits == pytest.approx(wanted, abs=10)
    with hub.db.session() as session:
        session.execute(update(Letter).values(made=now() - letters.KEPT))
    make_due(hub)
    assert post(hub, letter) == "later"
    assert waiting(hub) == []


def test_an_address_the_server_does_not_know_is_asked_for_once(hub: Hub, box: Mailbox) -> None:
    box.unknown = True
    assert post(hub, write(hub)) == "refused"
    assert (waiting(hub), box.taken) == ([], [])


def test_a_worker_that_was_killed_is_followed_by_another(hub: Hub, box: Mailbox) -> None:
    letter = write(hub)
    with hub.db.session() as session:
        assert letters.begin(session, hub.settings, letter) == SENT
    assert post(hub, letter) == "not due"
    make_due(hub)
    assert post(hub, letter) == "taken"


def test_without_a_server_it_is_a_file_at_once(settings: Settings, database_url: str) -> None:
    built = build(settings.model_copy(update={"database_url": database_url}))
    with built.db.session() as session:
        after_commit(session, SENT)
    assert waiting(built) == []
    assert len(list((settings.home / "mail").glob("*.eml"))) == 1
    built.close()
