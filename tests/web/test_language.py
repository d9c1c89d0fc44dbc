"""The catalogues: complete as collected, and a translation keeps every gap its sentence has."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from sqlalchemy.orm import Session

from app.clock import now
from app.locale.__main__ import HERE, collect
from app.people import accounts
from app.text import speaking, use_locale
from app.web import moments
from tests import cast
from tests.web.browsing import send
from tests.web.populated import Populated

GAPS = re.compile(r"\{\w*\}|%\(\w+\)s")


def test_the_template_is_up_to_date() -> None:
    with (HERE / "collegium.pot").open("rb") as file:
        kept = {str(message.id) for message in read_po(file) if message.id}
    found = {str(message.id) for message in collect() if message.id}
    assert found == kept, "run python -m app.locale"


@pytest.fixture(scope="module")
def german() -> Catalog:
    with (HERE / "de" / "LC_MESSAGES" / "collegium.po").open("rb") as file:
        return read_po(file, locale="de")


def test_every_sentence_has_its_german(german: Catalog) -> None:
    """A new sentence comes with its translation: write it into the `.po` that `python -m app.locale` has renewed."""
    missing = [m.id for m in german if m.id and not all(_texts(m.string))]
    assert missing == []


def _texts(found: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return (found,) if isinstance(found, str) else tuple(found)


ONE_WORD = {
    "Verbund": r"F[öo]+e?deration|Zusammenschluss|Bündnis",
    "Ausgabe": r"Freigab|freigegeben|freigeben",
    "Aufgabenbogen": r"Aufgabenbl[aä]tt|\b(Blatt|Blätter|Blättern|Blattes|Blatts)\b",
}
"""The German word of our own word, and others that would be taken for something else."""


@pytest.mark.parametrize("word", ONE_WORD)
def test_german_has_one_word_for_one_thing(german: Catalog, word: str) -> None:
    texts = [text for m in german if m.id for text in _texts(m.string)]
    assert any(word in text for text in texts)
    other = re.compile(ONE_WORD[word], re.IGNORECASE)
    assert [text for text in texts if other.search(text)] == []


def test_german_keeps_the_gaps(german: Catalog) -> None:
    wrong = {}
    for message in german:
        if not message.id or not message.string:
            continue
        ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
        texts = message.string if isinstance(message.string, tuple | list) else (message.string,)
        allowed = {gap for one in ids for gap in GAPS.findall(one)}
        for text in texts:
            gaps = set(GAPS.findall(text))
            plural = len(ids) > 1  # one may say "eine" where many say a number
            if text and (gaps - allowed or (not plural and allowed - gaps)):
                wrong[ids[0]] = text
    assert wrong == {}


@pytest.mark.parametrize(("locale", "title"), [("en", "Sign in"), ("de", "Anmelden")])
def test_a_browsers_wish(made: Populated, locale: str, title: str) -> None:
    text = made.client().get("/sign-in", headers={"Accept-Language": f"{locale},fr;q=0.5"}).text
    assert f'<html lang="{locale}"' in text
    assert f"<h1>{title}</h1>" in text


def test_the_run_in_german(made: Populated) -> None:
    client = made.client("administrator")
    client.cookies.set("collegium-locale", "de")
    text = client.get(f"/runs/{made.ids['run_id']}").text
    assert "Auf wen wir warten" in text
    assert "Der Hub kann sie lesen." in text
    for english in ("Whom we wait for", "Look again", "Rounds", "Pause after"):
        assert english not in text


@pytest.mark.parametrize(
    ("age", "said"), [(5, "just now"), (60, "1 minute ago"), (7300, "2 hours ago")]
)
def test_ages(age: int, said: str) -> None:
    use_locale("en")
    assert moments.ago(now() - timedelta(seconds=age)) == said


def test_sizes_and_numbers() -> None:
    use_locale("en")
    assert [moments.size(n) for n in (400, 1_080_000, 6_600_000_000)] == [
        "0.4 kB",
        "1.08 MB",
        "6.60 GB",
    ]
    use_locale("de")
    assert moments.size(1_080_000) == "1,08 MB"
    use_locale("en")


def test_days_and_figures_as_german_writes_them() -> None:
    noon = datetime(2025, 11, 26, 12, 0, tzinfo=UTC)
    with speaking("en"):
        assert (moments.day_clock(noon), moments.figure(0.003)) == ("26 Nov 2025, 12:00", "0.003")
    with speaking("de"):
        assert (moments.day_clock(noon), moments.figure(0.003)) == ("26. Nov. 2025, 12:00", "0,003")
        assert moments.due(noon) == "Bis Mittwoch, 26. November"
        assert moments.figure(1440) == "1440", "as it is typed into a form"


def test_a_time_zone_one_does_not_have() -> None:
    moments.use_zone("Nowhere/Land")
    assert moments.zone() == "UTC"
    moments.use_zone("../../etc/passwd")
    assert moments.zone() == "UTC"


def test_a_new_device_speaks_the_accounts_language(hub: Populated) -> None:
    """From sign-in on; a device on which a person chose one keeps that."""
    chosen = hub.client("administrator")
    assert send(chosen, "/display", locale="de", next="/home").status_code == 303
    who = {"email": "administrator@school0.example", "password": cast.PASSWORD}
    new, own = hub.client(), hub.client()
    own.cookies.set("collegium-locale", "en")
    for client in (new, own):
        assert send(client, "/sign-in", **who).headers["location"] == "/home"
    assert '<html lang="de"' in new.get("/home").text
    assert '<html lang="en"' in own.get("/home").text


def test_an_account_starts_in_the_language_it_was_made_in(session: Session) -> None:
    with speaking("de"):
        made = accounts.make_person(session, "neu@heath.example", "Neu", "four calm green hills")
    assert made.locale == "de"
