"""Two requests at the same moment, each in its own transaction, on both databases."""

import threading
from collections.abc import Callable

import pyotp

from app.access.actor import Actor
from app.access.permissions import Role
from app.db import Database
from app.errors import Conflict, HubError, TooMany
from app.people import queries, service, throttle
from app.settings import Settings
from tests.cast import PASSWORD, make_cast, member


def together(*works: Callable[[], object]) -> list[object]:
    """What each returned, or the HubError it raised."""
    results: list[object] = [None] * len(works)
    gate = threading.Barrier(len(works))

    def run(index: int, work: Callable[[], object]) -> None:
        gate.wait()
        try:
            results[index] = work()
        except HubError as error:
            results[index] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_two_administrators_remove_each_other(db: Database) -> None:
    with db.session() as setting:
        cast = make_cast(setting)
        second = member(setting, cast.institution, "second", Role.ADMINISTRATOR)
    first = cast.administrator

    def remove(actor: Actor, other: str) -> None:
        with db.session() as own:
            service.remove(own, actor, cast.institution, other)

    results = together(lambda: remove(first, second.person), lambda: remove(second, first.person))
    assert [type(r) for r in results].count(Conflict) == 1, results
    with db.session() as check:
        assert len(queries.lock_administrators(check, cast.institution)) == 1


def test_guessing_in_parallel_wins_nothing(db: Database, settings: Settings) -> None:
    with db.session() as setting:
        make_cast(setting)

    def guess() -> object:
        with db.session() as own:
            return service.sign_in(own, settings, "reader@heath.example", "not the right one")

    results = together(*[guess] * (throttle.SIGN_IN.free + 4))
    assert results.count(None) == throttle.SIGN_IN.free
    assert sum(isinstance(r, TooMany) for r in results) == 4


def test_one_invitation_accepted_twice(db: Database, settings: Settings) -> None:
    with db.session() as setting:
        make_cast(setting)
        link = service.invite_operator(setting, settings, "new@hub.example")
    token = link.rpartition("/")[2]

    def accept() -> object:
        with db.session() as own:
            return service.accept_invitation(own, token, name="New", password=PASSWORD)

    results = together(accept, accept)
    assert sum(isinstance(r, HubError) for r in results) == 1, results


def test_one_recovery_code_used_twice(db: Database, settings: Settings) -> None:
    with db.session() as setting:
        cast = make_cast(setting)
        offer = service.start_totp(setting, settings, cast.reader)
        found = service.sign_in(setting, settings, "reader@heath.example", PASSWORD)
        assert found is not None
        code = pyotp.TOTP(offer.secret).now()
        codes = service.confirm_totp(setting, settings, cast.reader, offer.sealed, code)
        assert codes is not None
    row, recovery = found.browser_session, codes[0]

    def use() -> object:
        with db.session() as own:
            return service.check_code(own, settings, row, recovery)

    assert sorted(map(str, together(use, use))) == ["False", "True"]
