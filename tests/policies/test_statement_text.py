"""Statements of profiles in words: nothing raw, every language, and the authors' words apart."""

import re

import pytest

from app.policies import shelf
from app.policies.profile import Age, Border, BreachDuty, Deadline, Stated
from app.policies.statement_text import country, sentence, wording
from app.text import speaking
from worker.protocol.clocks import Clock

EVERY = [
    (known.profile.profile, place, stated)
    for known in shelf.packaged().values()
    for place, stated in known.profile.statements()
]
RAW = re.compile(
    r"\b(kind|default|statutory|common|area|clock|never|categories|none): |own-consent|None|_|[{}]"
)
ABOUT = {"article": "Art 1", "source": "s-1", "verification": "read"}


@pytest.mark.parametrize("locale", ["en", "de"])
def test_nothing_stands_raw(locale: str) -> None:
    with speaking(locale):
        for name, place, stated in EVERY:
            said = sentence(place, stated)
            assert not RAW.search(said), (name, place, said)
            assert said == "" or re.fullmatch(r"[A-ZÀ-Þ].*[.]", said), (name, place, said)
            assert said or wording(stated), (name, place)


def test_every_sentence_is_translated_and_no_author_s_word_is() -> None:
    for name, place, stated in EVERY:
        english, quoted = sentence(place, stated), wording(stated)
        with speaking("de"):
            assert english == "" or sentence(place, stated) != english, (name, place)
            assert wording(stated) == quoted


def stated(what: type[Stated], **fields: object) -> Stated:
    return what.model_validate({**ABOUT, **fields})


@pytest.mark.parametrize(
    ("place", "one", "english", "german"),
    [
        (
            "ages",
            stated(Age, kind="own-consent", age=16, by_country={"AT": 14}),
            "From the age of 16 a child may agree without a parent. "
            "A country’s own age goes before it: Austria 14.",
            "Ab 16 Jahren darf ein Kind ohne Eltern zustimmen. "
            "Das eigene Alter eines Landes geht vor: Österreich 14.",
        ),
        (
            "ages",
            stated(Age, kind="rights-transfer", age=None),
            "The law names no age at which the rights pass to the student.",
            "Das Gesetz nennt kein Alter, in dem die Rechte auf die lernende Person übergehen.",
        ),
        (
            "erasure",
            stated(Deadline, clock=Clock(amount=1, unit="days")),
            "A request to erase is answered within 1 day.",
            "Ein Antrag auf Löschung ist zu beantworten. Frist: 1 Tag.",
        ),
        (
            "breaches",
            stated(
                BreachDuty,
                kind="personal-data-breach",
                to="authority",
                clock=Clock(amount=72, unit="hours"),
            ),
            "A breach of personal data: the authority must be told within 72 hours.",
            "Eine Verletzung des Schutzes personenbezogener Daten ist der Behörde zu melden. Frist: 72 Stunden.",
        ),
        (
            "cross_border",
            stated(Border, rule="None", default=None, area=("GB",)),
            "The law has no default for sending to another country: someone reviews it. "
            "These do not count as another country: United Kingdom.",
            "Für die Weitergabe in ein anderes Land hat das Gesetz keine Vorgabe: Jemand prüft sie. "
            "Nicht als anderes Land gelten: Vereinigtes Königreich.",
        ),
    ],
    ids=["age", "rights", "erasure", "breach", "border"],
)
def test_as_people_read_it(place: str, one: Stated, english: str, german: str) -> None:
    assert sentence(place, one) == english
    with speaking("de"):
        assert sentence(place, one) == german


def test_a_null_is_never_a_zero_nor_no_duty() -> None:
    for place in ("access", "erasure"):
        assert "names no number" in sentence(place, stated(Deadline, clock=None))
    told = sentence(
        "breaches", stated(BreachDuty, kind="ai-serious-incident", to="families", clock=None)
    )
    assert "must be told" in told and "no number" in told


def test_what_the_author_left_empty_is_not_quoted() -> None:
    assert wording(stated(Border, rule="None", default=None)) == ""
    one = stated(
        Border, rule="By treaty", default=None, allowed_if=("A clause",), note="See there."
    )
    assert wording(one) == "By treaty. A clause. See there."
    assert country("XK") and country("ZZ") != ""
