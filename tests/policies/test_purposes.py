"""The register of purposes: its basis and how long, its ground for special categories, who may write it."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.audit import queries as audit
from app.errors import Invalid, NotAllowed, NotFound, Outdated
from app.policies import durations, purposes, queries, service
from app.policies.models import PurposeRecord
from app.policies.purposes import OWN, Told
from app.policies.states import Approver
from tests.cast import Cast
from tests.policies.test_decisions import confirm, drafted, home

TOLD = Told("Early help", "early-support", OWN, "P3Y", "Public task, Education Act s.1.")


def add(session: Session, cast: Cast, **fields: Any) -> PurposeRecord:
    return purposes.add(session, cast.administrator, cast.institution, replace(TOLD, **fields))


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("P3Y", date(2024, 2, 29), date(2027, 2, 28)),
        ("P18M", date(2026, 8, 31), date(2028, 2, 29)),
        ("P1M", date(2026, 1, 31), date(2026, 2, 28)),
        ("P2W", date(2026, 12, 24), date(2027, 1, 7)),
        ("P400D", date(2026, 1, 1), date(2027, 2, 5)),
        ("P1Y6M10D", date(2026, 1, 1), date(2027, 7, 11)),
    ],
)
def test_a_duration_ends_on_a_day(text: str, start: date, end: date) -> None:
    assert durations.read(text).after(start) == end


@pytest.mark.parametrize(
    "text", ["", "P", "3 years", "P0D", "PT5H", "P1Y2W", "P1M1Y", "P-1D", "P101Y", "p3y", "P1.5Y"]
)
def test_a_duration_that_cannot_be(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        durations.read(text)
    assert refused.value.errors.keys() == {"retention"}


def test_a_duration_in_words() -> None:
    assert durations.in_words("P1Y6M") == "1 year, 6 months"


def test_it_is_written_down_and_found_in_the_trail(session: Session, cast: Cast) -> None:
    row = add(session, cast, protected=True)
    assert (row.name, row.basis, row.protected) == ("Early help", TOLD.basis_text, True)
    assert purposes.of(session, cast.reader, cast.institution) == [row]
    newest = audit.latest(session, cast.institution, 1)[0]
    assert (newest.kind, newest.subject, newest.body) == (
        "purpose.recorded",
        row.id,
        {"revision": 1},
    )


def test_its_basis_comes_from_a_confirmed_profile(session: Session, cast: Cast) -> None:
    assert purposes.bases(session, cast.institution) == []
    home(session, cast, country="DE")
    confirm(session, cast, "eu-gdpr")
    ground = purposes.bases(session, cast.institution)[0]
    row = add(session, cast, basis=ground.key)
    assert (row.basis_profile, row.basis) == ("eu-gdpr 1", f"{ground.text} (Art 6, 9(2))")


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"name": " "}, "name"),
        ({"purpose": "marketing"}, "purpose"),
        ({"basis": "eu-gdpr:1:0"}, "basis"),
        ({"basis_text": ""}, "basis_text"),
        ({"retention": "for ever"}, "retention"),
        ({"categories": ("height",)}, "categories"),
    ],
)
def test_what_cannot_be(session: Session, cast: Cast, fields: dict[str, Any], name: str) -> None:
    with pytest.raises(Invalid) as refused:
        add(session, cast, **fields)
    assert refused.value.errors.keys() == {name}


def test_two_purposes_have_two_names(session: Session, cast: Cast) -> None:
    row = add(session, cast)
    with pytest.raises(Invalid, match="has this name"):
        add(session, cast)
    purposes.end(session, cast.administrator, row.id)
    assert add(session, cast).id != row.id


def test_two_people_change_one(session: Session, cast: Cast) -> None:
    row = add(session, cast)
    later = replace(TOLD, retention="P5Y")
    changed = purposes.change(session, cast.officer, row.id, later, 1)
    assert (changed.retention, changed.revision) == ("P5Y", 2)
    with pytest.raises(Outdated):
        purposes.change(session, cast.administrator, row.id, TOLD, 1)
    assert row.retention == "P5Y"


def test_who_may_write(session: Session, cast: Cast) -> None:
    row = add(session, cast)
    for who in (cast.reader, cast.instructor):
        with pytest.raises(NotAllowed):
            purposes.add(session, who, cast.institution, replace(TOLD, name="Other"))
        with pytest.raises(NotAllowed):
            purposes.end(session, who, row.id)
    with pytest.raises(NotFound):
        purposes.change(session, cast.stranger, row.id, TOLD, 1)


def test_a_special_category_needs_a_purpose_with_its_ground(session: Session, cast: Cast) -> None:
    home(session, cast, country="DE")
    confirm(session, cast, "eu-gdpr")
    row = drafted(session, cast, categories=("health",))
    with pytest.raises(Invalid) as refused:
        service.approve(session, cast.officer, row.id)
    assert "Art 9" in refused.value.errors["categories"]
    add(session, cast, categories=("health",), basis_text="Art 9(2)(g), School Act s.4.")
    assert service.approve(session, cast.officer, row.id).decided is not None


def test_an_ended_purpose_is_no_ground_any_more(session: Session, cast: Cast) -> None:
    home(session, cast, country="DE")
    confirm(session, cast, "eu-gdpr")
    ground = add(session, cast, categories=("health",))
    row = drafted(session, cast, categories=("health",))
    purposes.end(session, cast.administrator, ground.id)
    with pytest.raises(Invalid):
        service.approve(session, cast.officer, row.id)


def test_a_purpose_whose_runs_the_site_approves(session: Session, cast: Cast) -> None:
    add(session, cast, approver=Approver.SITE)
    row = drafted(session, cast, approval="hub")
    with pytest.raises(Invalid) as refused:
        service.approve(session, cast.officer, row.id)
    assert refused.value.errors.keys() == {"approval"}
    row = drafted(session, cast, approval="site")
    assert service.approve(session, cast.officer, row.id).decided is not None
    assert queries.document(row).approval == "site"
