"""Profiles as data: what a file may say, by name what it may not, and that a version never changes."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.errors import Conflict, Invalid, NotFound
from app.policies import profile as profiles
from app.policies import shelf
from app.policies.models import ProfileVersion

FOLDER = Path(shelf.__file__).parent / "profiles"
PLAIN: dict[str, Any] = json.loads((FOLDER / "us-ferpa.json").read_text(encoding="utf-8"))


def changed(**fields: Any) -> bytes:
    return json.dumps(copy.deepcopy(PLAIN) | fields).encode()


def test_twenty_profiles_came_with_the_program() -> None:
    names = {name for name, _number in shelf.packaged()}
    assert len(names) == 20
    assert {"eu-gdpr", "us-ferpa", "contract-sdpc-ndpa", "us-ada-title-ii"} <= names


def test_every_statement_says_where_it_comes_from_and_how_it_was_checked() -> None:
    for known in shelf.packaged().values():
        said = known.profile.statements()
        assert said, known.key
        for _place, stated in said:
            assert stated.article and known.profile.url(stated).startswith("http")
            assert stated.verification in ("read", "recalled")


def test_no_profile_promises_what_nobody_can() -> None:
    """DESIGN 6: never "anonymous" or "compliant" of ourselves."""
    for file in FOLDER.glob("*.json"):
        assert "compliant" not in file.read_text(encoding="utf-8").lower(), file.name


@pytest.mark.parametrize(
    ("content", "field", "said"),
    [
        (changed(consent_ages=13), "consent_ages", "no profile has this field"),
        (changed(sources=[]), "sources", "at least 1 item"),
        (
            changed(ages=[PLAIN["ages"][0] | {"source": "nowhere"}]),
            "profile",
            "names the source nowhere, which is not listed",
        ),
        (
            changed(ages=[{k: v for k, v in PLAIN["ages"][0].items() if k != "source"}]),
            "ages.0.source",
            "this field is missing",
        ),
        (changed(ages=[PLAIN["ages"][0] | {"age": 0}]), "ages.0.age", "greater than or equal to 1"),
        (changed(ages=[PLAIN["ages"][0] | {"age": 180}]), "ages.0.age", "less than or equal to 30"),
        (
            changed(access=PLAIN["access"] | {"clock": {"amount": 0, "unit": "days"}}),
            "access.clock.amount",
            "greater than or equal to 1",
        ),
        (
            changed(access=PLAIN["access"] | {"clock": {"amount": 3, "unit": "weeks"}}),
            "access.clock.unit",
            "hours",
        ),
        (
            changed(applies=PLAIN["applies"] | {"countries": ["USA"]}),
            "applies.countries.0",
            "match",
        ),
        (changed(as_of="yesterday"), "as_of", "date"),
        (changed(ages=[PLAIN["ages"][0]] * 2), "profile", "one kind twice"),
    ],
)
def test_what_cannot_be_is_refused_by_name(content: bytes, field: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        profiles.read(content)
    assert said in refused.value.errors[field]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "not JSON"),
        (b'{"format": 1, "format": 1}', "format stands there twice"),
        (b"[" * 100_000, "not JSON"),
        (b" " * (profiles.LARGEST + 1), "256 KiB"),
    ],
    ids=["half", "twice", "deep", "large"],
)
def test_what_is_no_profile_at_all(content: bytes, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        profiles.read(content)
    assert said in refused.value.message


def test_an_operator_brings_a_new_version(session: Session) -> None:
    row = shelf.bring(session, changed(number=2, status="Amended"))
    assert (row.profile, row.number) == ("us-ferpa", 2)
    assert shelf.newest(session)["us-ferpa"].profile.status == "Amended"
    assert shelf.get(session, "us-ferpa", 1).profile.status == PLAIN["status"]
    again = shelf.bring(session, changed(number=2, status="Amended"))
    assert again.id == row.id
    assert session.scalar(select(func.count()).select_from(ProfileVersion)) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (changed(status="Another text"), "known with another text"),
        (changed(number=3), "next version of us-ferpa is 2"),
        (changed(profile="us-new", number=2), "next version of us-new is 1"),
    ],
)
def test_a_version_never_changes_and_none_is_skipped(
    session: Session, content: bytes, said: str
) -> None:
    with pytest.raises(Conflict, match=said):
        shelf.bring(session, content)


def test_a_profile_nobody_knows(session: Session) -> None:
    with pytest.raises(NotFound):
        shelf.get(session, "us-ferpa", 9)
