"""What a policy's bounds refuse at the guard: special categories, a contract's columns, other countries."""

import pytest

from tests.protocol.test_rules import OPEN, SHEET, TERMS
from worker.protocol import words
from worker.protocol.bounds import Bounds, ProfileRef
from worker.protocol.canonical import digest_of
from worker.protocol.categories import ALL, of_name
from worker.protocol.codes import Refusal
from worker.protocol.policy import PolicyDocument
from worker.protocol.rules import UNKNOWN, Objection, Terms, objections
from worker.protocol.tasks import Input, TaskSheet


def sheet(*columns: str, modality: str = "table", **more: object) -> TaskSheet:
    kinds = {"table": "numeric", "image": "image"}
    inputs = tuple(Input(name=c, modality=modality, kind=kinds[modality]) for c in columns)  # type: ignore[arg-type]
    return SHEET.model_copy(update={"inputs": inputs, "simple_rule": None, **more})


def found(policy: PolicyDocument, *sheets: TaskSheet, **terms: object) -> tuple[Objection, ...]:
    asked = Terms(**{**vars(TERMS), "tasks": sheets or TERMS.tasks, **terms})  # type: ignore[arg-type]
    return objections(policy, asked)


def policy(bounds: Bounds, **more: object) -> PolicyDocument:
    fitting = {"modalities": ("table", "text", "image"), "bounds": bounds}
    return PolicyDocument.model_validate({**OPEN.model_dump(), **fitting, **more})


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("religion", "religion"),
        ("parentReligion", "religion"),
        ("HAS_IEP", "health"),
        ("special_education_hours", "health"),
        ("home_postcode", "location"),
        ("free_lunch", "income"),
        ("faceMood", "emotion"),
    ],
)
def test_a_category_is_told_by_words_of_a_name(name: str, category: str) -> None:
    assert category in of_name(name)


@pytest.mark.parametrize("name", ["score", "clicks", "faithfulness", "surface", "education"])
def test_a_word_within_a_word_is_none(name: str) -> None:
    assert of_name(name) == frozenset()


def test_a_special_category_is_refused_until_the_policy_lists_it() -> None:
    bounds = Bounds(special=("religion",))
    asked = sheet("clicks", "home_religion")
    assert found(policy(bounds), asked) == (Objection(Refusal.CATEGORY, "home_religion"),)
    assert found(policy(bounds, categories=("religion",)), asked) == ()
    assert found(policy(Bounds()), asked) == ()


def test_what_is_never_allowed_stays_refused() -> None:
    bounds = Bounds(never=("emotion",))
    asked = sheet("clicks", label="mood")
    refused = (Objection(Refusal.CATEGORY, "mood"),)
    assert found(policy(bounds, categories=("emotion",)), asked) == refused


def test_pictures_are_recordings_whatever_they_are_called() -> None:
    asked = sheet("page", modality="image")
    bounds = Bounds(special=("recordings",))
    assert found(policy(bounds), asked) == (Objection(Refusal.CATEGORY, "page"),)


def test_a_contracts_list_is_all_there_is() -> None:
    asked = sheet("clicks", "hours", label="passed")
    bounds = Bounds(elements=("clicks", "passed"))
    assert found(policy(bounds), asked) == (Objection(Refusal.CONTRACT, "hours"),)


@pytest.mark.parametrize(
    ("rule", "abroad", "countries", "refused"),
    [
        ("deny", False, ("CN",), ()),
        ("deny", False, ("CN", "DE"), ("DE",)),
        ("deny", True, ("CN", "DE"), ("DE",)),
        ("deny", False, (), (UNKNOWN,)),
        ("review", False, ("CN", "DE", "US"), ("DE", "US")),
        ("review", True, ("CN", "DE", "US"), ()),
        ("review", True, (), ()),
        ("review", False, (), (UNKNOWN,)),
        ("with-contract", False, ("DE",), ()),
        (None, False, ("DE",), ()),
    ],
)
def test_borders(
    rule: str | None, abroad: bool, countries: tuple[str, ...], refused: tuple[str, ...]
) -> None:
    bounds = Bounds.model_validate({"cross_border": rule, "area": ("CN",)})
    said = found(policy(bounds, abroad=abroad), countries=countries)
    assert said == tuple(Objection(Refusal.ABROAD, country) for country in refused)


def test_who_accepts_the_policy_reads_its_bounds() -> None:
    ref = ProfileRef(profile="us-ferpa", number=2, digest="0" * 64)
    bounds = Bounds(
        profiles=(ref,),
        consent_age=13,
        rights_age=18,
        special=ALL,
        cross_border="deny",
        area=("US",),
    )
    said = " ".join(words.in_words(policy(bounds)))
    for part in ("us-ferpa 2", "age of 13", "age of 18", "religion", "Nothing leaves", "US"):
        assert part in said
    assert digest_of(policy(bounds)) != digest_of(policy(Bounds()))
