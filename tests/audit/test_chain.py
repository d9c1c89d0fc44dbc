"""The chain holds, and any change to it is found."""

import threading
from datetime import UTC
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from app.access.permissions import Role
from app.audit import kinds, queries
from app.audit.events import FIELDS
from app.audit.models import HUB_CHAIN, Chain, Event
from app.audit.service import Fault, Head, digest_event, record, verify
from app.db import Database
from app.ids import new_id
from tests.cast import Cast

WHO, WHERE, OTHER = new_id("person"), new_id("institution"), new_id("institution")


def write(session: Session, count: int, chain: str = WHERE) -> list[Event]:
    return [
        record(
            session, WHO, kinds.POLICY_DRAFTED, chain=chain, subject=WHO, body={"number": number}
        )
        for number in range(count)
    ]


def head(session: Session, chain: str = WHERE) -> Head:
    return Head(*queries.head(session, chain))


def test_an_untouched_chain_has_no_fault(session: Session) -> None:
    events = write(session, 5)
    assert [e.number for e in events] == [1, 2, 3, 4, 5]
    assert [e.previous for e in events] == ["", *(e.digest for e in events[:-1])]
    session.expire_all()
    assert verify(session, WHERE, head(session)) is None


def test_a_chain_without_events_has_no_fault(session: Session) -> None:
    assert verify(session, WHERE) is None
    assert queries.head(session, WHERE) == (0, "")


def test_chains_are_counted_apart(session: Session) -> None:
    write(session, 2)
    record(session, WHO, kinds.SIGNED_OUT, chain=HUB_CHAIN, subject=WHO)
    write(session, 1)
    assert queries.head(session, WHERE)[0] == 3
    assert queries.head(session, HUB_CHAIN)[0] == 1
    assert verify(session, WHERE) is None
    assert verify(session, HUB_CHAIN) is None


def test_a_check_walks_over_page_borders(session: Session, monkeypatch: Any) -> None:
    monkeypatch.setattr(queries, "WALK", 3)
    write(session, 7)
    assert verify(session, WHERE, head(session)) is None


CHANGES: dict[str, Any] = {
    "actor": st.just(new_id("person")),
    "kind": st.sampled_from(["policy.saved", "role.granted"]),
    "subject": st.just(new_id("policy")),
    "body": st.fixed_dictionaries({"number": st.integers(100, 2**40)}),
    "at": st.datetimes(timezones=st.just(UTC)),
    "previous": st.text("0123456789abcdef", min_size=64, max_size=64),
    "digest": st.text("0123456789abcdef", min_size=64, max_size=64),
    "number": st.integers(1000, 2000),
    "chain_id": st.just(OTHER),
}


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_changed_field_is_found(session: Session, data: st.DataObject) -> None:
    with session.begin_nested() as savepoint:
        session.add(Chain(id=OTHER))
        events = write(session, data.draw(st.integers(1, 5)))
        known = head(session)
        victim = data.draw(st.sampled_from(events))
        field = data.draw(st.sampled_from(sorted(CHANGES)))
        value = data.draw(CHANGES[field])
        session.execute(update(Event).where(Event.id == victim.id).values({field: value}))
        session.expire_all()
        assert verify(session, WHERE, known) is not None
        savepoint.rollback()


def rewrite(session: Session, events: list[Event]) -> None:
    """What a clever forger does: every digest and the head made to fit again."""
    previous = ""
    for number, event in enumerate(events, 1):
        event.number, event.previous = number, previous
        event.digest = previous = digest_event(event)
    session.flush()
    values = {"length": len(events), "head": previous}
    session.execute(update(Chain).where(Chain.id == WHERE).values(values))
    session.expire_all()


def test_a_chain_rewritten_as_a_whole_is_found_by_its_known_head(session: Session) -> None:
    events = write(session, 4)
    known = head(session)
    events[1].body = {"number": 99}
    rewrite(session, events)
    assert verify(session, WHERE) is None, "without a head known from elsewhere it cannot be seen"
    assert verify(session, WHERE, known) == Fault(4, "known-head")


def test_a_chain_cut_as_a_whole_is_found_by_its_known_head(session: Session) -> None:
    events = write(session, 4)
    known = head(session)
    session.execute(delete(Event).where(Event.id == events[-1].id))
    session.expire_all()
    assert verify(session, WHERE) == Fault(4, "head")
    rewrite(session, list(queries.walk(session, WHERE)))
    assert verify(session, WHERE) is None
    assert verify(session, WHERE, known) == Fault(4, "known-head")


def test_an_event_taken_out_of_the_middle_is_found(session: Session) -> None:
    events = write(session, 4)
    session.execute(delete(Event).where(Event.id == events[1].id))
    session.expire_all()
    assert verify(session, WHERE) == Fault(2, "number")


def test_two_events_in_other_order_are_found(session: Session) -> None:
    events = write(session, 3)
    events[0].number = 100
    session.flush()
    events[1].number = 1
    session.flush()
    events[0].number = 2
    session.flush()
    session.expire_all()
    assert verify(session, WHERE) == Fault(1, "previous")


def test_a_known_head_from_before_still_fits_after_more_events(session: Session) -> None:
    write(session, 2)
    known = head(session)
    write(session, 3)
    assert verify(session, WHERE, known) is None


def test_many_writers_leave_no_gap(db: Database) -> None:
    """Threads write to one chain, its first event included, each in its own transaction."""
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _number in range(5):
                with db.session() as own:
                    write(own, 1)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with db.session() as check:
        assert queries.head(check, WHERE)[0] == 20
        assert verify(check, WHERE) is None


def test_an_act_that_fails_leaves_no_event(db: Database) -> None:
    with pytest.raises(RuntimeError), db.session() as failing:
        write(failing, 1)
        raise RuntimeError("the act failed")
    with db.session() as check:
        assert queries.head(check, WHERE) == (0, "")


BAD_BODIES: list[dict[str, Any]] = [
    {"name": "Heath School"},
    {"role": "administrator"},
    {"role": "kim@heath.example"},
    {"number": float("nan")},
    {"number": True},
    {"number": "3"},
    {"digest": "Kim"},
    {"person": "Kim Miller"},
    {"person": 7},
    {"one_person": 1},
]


@pytest.mark.parametrize("body", BAD_BODIES)
def test_a_body_holds_only_ids_numbers_and_codes(session: Session, body: dict[str, Any]) -> None:
    every = kinds.Kind(
        "test.every",
        kinds.On.EITHER,
        "",
        ("role", "number", "digest", "person", "one_person"),
    )
    with pytest.raises(ValueError, match=r"test\.every has no field|holds a"):
        record(session, WHO, every, chain=WHERE, subject=WHO, body=body)


def test_sets_and_codes_become_plain_values(session: Session) -> None:
    event = record(
        session,
        WHO,
        kinds.ROLE_GRANTED,
        chain=WHERE,
        subject=WHO,
        body={"role": {Role.READER, Role.ADMINISTRATOR}},
    )
    session.expire_all()
    assert event.body == {"role": ["administrator", "reader"]}
    assert verify(session, WHERE) is None


def test_a_kind_stays_in_its_chain(session: Session) -> None:
    with pytest.raises(ValueError, match="chain of: institution"):
        record(session, WHO, kinds.ROLE_GRANTED, chain=HUB_CHAIN, subject=WHO)
    with pytest.raises(ValueError, match="chain of: hub"):
        record(session, WHO, kinds.SIGNED_IN, chain=WHERE, subject=WHO)


@pytest.mark.parametrize("field", ["actor_id", "chain", "subject"])
def test_names_are_no_ids(session: Session, field: str) -> None:
    given = {"actor_id": WHO, "chain": WHERE, "subject": WHO} | {field: "kim@heath.example"}
    with pytest.raises(ValueError, match="is no id"):
        record(session, kind=kinds.POLICY_DRAFTED, **given)


def test_an_unknown_kind_is_refused(session: Session) -> None:
    with pytest.raises(KeyError):
        record(session, WHO, "policy.forgotten", chain=WHERE, subject=WHO)


def test_kinds_have_their_own_names() -> None:
    declared = [k for k in vars(kinds).values() if isinstance(k, kinds.Kind)]
    assert len({k.name for k in declared}) == len(declared) == len(kinds.ALL)
    for kind in declared:
        assert set(kind.fields) <= set(FIELDS), kind.name


def test_the_trail_is_read_page_by_page(session: Session, cast: Cast) -> None:
    write(session, 7, cast.institution)
    first = queries.events(
        session, cast.officer, cast.institution, queries.Filter(kind="policy."), limit=5
    )
    second = queries.events(
        session,
        cast.officer,
        cast.institution,
        queries.Filter(kind="policy."),
        cursor=first.cursor,
        limit=5,
    )
    numbers = [e.body["number"] for e in [*first.events, *second.events]]
    assert numbers == [6, 5, 4, 3, 2, 1, 0]
    assert second.cursor is None


def test_the_trail_is_filtered(session: Session, cast: Cast) -> None:
    write(session, 2, cast.institution)
    trail = queries.events(
        session,
        cast.administrator,
        cast.institution,
        queries.Filter(kind="role.granted", subject=cast.reader.person),
    )
    assert [e.body for e in trail.events] == [{"role": "reader"}]
    mine = queries.events(session, cast.officer, cast.institution, queries.Filter(actor=WHO))
    assert len(mine.events) == 2
    at = mine.events[0].at
    later = queries.events(session, cast.officer, cast.institution, queries.Filter(since=at))
    assert [e.id for e in later.events] == [mine.events[0].id]
    earlier = queries.events(
        session, cast.officer, cast.institution, queries.Filter(actor=WHO, until=at)
    )
    assert [e.id for e in earlier.events] == [mine.events[1].id]
