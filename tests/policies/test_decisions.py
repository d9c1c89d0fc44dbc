"""Who confirms a profile, what is proposed to whom, and what a confirmed one does to a draft and to what runs."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.permissions import Role
from app.audit import queries as audit
from app.clock import now
from app.errors import Invalid, NotAllowed, NotFound, StepUpNeeded
from app.institutions import places
from app.institutions import queries as institutions
from app.institutions.models import Institution
from app.institutions.states import InstitutionKind
from app.policies import decisions, queries, service, shelf
from app.policies.models import PolicyVersion, ProfileDecision
from tests.cast import Cast, member
from worker.protocol.policy import PolicyDocument

FOLDER = Path(shelf.__file__).parent / "profiles"


def home(session: Session, cast: Cast, **fields: Any) -> Institution:
    row = institutions.by_id(session, cast.institution)
    for name, value in fields.items():
        setattr(row, name, value)
    session.flush()
    return row


def standings(session: Session, cast: Cast) -> dict[str, str]:
    row = institutions.by_id(session, cast.institution)
    return {h.newest.profile.profile: h.standing for h in decisions.held(session, row)}


def proposed(session: Session, cast: Cast) -> set[str]:
    return {name for name, standing in standings(session, cast).items() if standing == "proposed"}


def confirm(
    session: Session, cast: Cast, name: str, number: int = 1, **fields: Any
) -> ProfileDecision:
    return decisions.decide(
        session, cast.officer, cast.institution, name, number, **{"binds": True, **fields}
    )


def amended(session: Session, name: str, **fields: Any) -> None:
    plain = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    shelf.bring(session, json.dumps(plain | {"number": 2} | fields).encode())


def drafted(session: Session, cast: Cast, **fields: Any) -> PolicyVersion:
    row = service.draft(session, cast.administrator, cast.institution)
    text = PolicyDocument.model_validate({**queries.document(row).model_dump(), **fields})
    return service.save(session, cast.administrator, row.id, text, row.revision)


@pytest.mark.parametrize(
    ("place", "names"),
    [
        ({"country": "DE"}, {"eu-gdpr", "eu-ai-act"}),
        ({"country": "GB"}, {"uk-gdpr", "uk-aadc"}),
        ({"country": "GB", "youngest": 18}, {"uk-gdpr"}),
        ({"country": "US"}, {"us-ferpa", "us-coppa", "us-ppra", "us-ada-title-ii"}),
        (
            {"country": "US", "region": "US-NY", "youngest": 14},
            {"us-ferpa", "us-ppra", "us-ada-title-ii", "us-ny-ed2d"},
        ),
        (
            {"country": "US", "kind": InstitutionKind.UNIVERSITY, "region": "US-NY"},
            {"us-ferpa", "us-ada-title-ii"},
        ),
        ({"country": "CA", "region": "CA-QC"}, {"ca-pipeda", "ca-qc-law25"}),
        ({"country": "JP"}, set()),
    ],
)
def test_what_is_proposed(
    session: Session, cast: Cast, place: dict[str, Any], names: set[str]
) -> None:
    home(session, cast, **place)
    assert proposed(session, cast) == names


def test_what_nobody_confirmed_bounds_nothing(session: Session, cast: Cast) -> None:
    home(session, cast, country="US")
    row = drafted(session, cast, minimum_cell=5)
    assert queries.document(row).bounds.profiles == ()
    service.approve(session, cast.officer, row.id)


def test_a_named_person_confirms(session: Session, cast: Cast) -> None:
    home(session, cast, country="US")
    row = confirm(session, cast, "us-ferpa")
    assert (row.decided_by, row.one_person) == (cast.officer.person, True)
    assert standings(session, cast)["us-ferpa"] == "confirmed"
    newest = audit.latest(session, cast.institution, 1)[0]
    assert (newest.kind, newest.subject) == ("profile.confirmed", row.version_id)
    assert newest.body["number"] == 1
    assert newest.body["digest"] == shelf.packaged()[("us-ferpa", 1)].digest


def test_who_may_not_confirm(session: Session, cast: Cast) -> None:
    def act(who: Actor) -> None:
        decisions.decide(session, who, cast.institution, "us-ferpa", 1, binds=True)

    for who in (cast.administrator, cast.reader):
        with pytest.raises(NotAllowed):
            act(who)
    with pytest.raises(NotFound):
        act(cast.stranger)
    stale = Actor(**{**vars(cast.officer), "stepped_up": None})
    with pytest.raises(StepUpNeeded):
        act(stale)


def test_a_second_officer_makes_it_no_one_person_word(session: Session, cast: Cast) -> None:
    second = member(session, cast.institution, "second", Role.PRIVACY_OFFICER)
    assert second
    assert confirm(session, cast, "us-ferpa").one_person is False


def test_a_draft_starts_from_what_is_confirmed(session: Session, cast: Cast) -> None:
    home(session, cast, country="US")
    confirm(session, cast, "us-ca-sopipa")
    document = queries.document(service.draft(session, cast.administrator, cast.institution))
    assert document.minimum_cell == 11
    assert [ref.profile for ref in document.bounds.profiles] == ["us-ca-sopipa"]
    assert "discipline" in document.bounds.special


def test_a_looser_draft_is_refused_with_name_and_article(session: Session, cast: Cast) -> None:
    home(session, cast, country="US")
    confirm(session, cast, "us-ferpa")
    row = drafted(session, cast, minimum_cell=9)
    with pytest.raises(Invalid) as refused:
        service.approve(session, cast.officer, row.id)
    said = refused.value.errors["minimum_cell"]
    assert "10" in said and "FERPA" in said and "34 CFR 99.31(b)" in said
    row = drafted(session, cast, minimum_cell=10)
    assert service.approve(session, cast.officer, row.id).decided is not None


def test_what_is_never_used_cannot_be_allowed(session: Session, cast: Cast) -> None:
    home(session, cast, country="DE")
    confirm(session, cast, "eu-ai-act")
    row = drafted(session, cast, categories=("emotion",))
    with pytest.raises(Invalid, match=r"Art 5\(1\)"):
        service.approve(session, cast.officer, row.id)


def test_a_denied_export_cannot_be_reviewed_away(session: Session, cast: Cast) -> None:
    home(session, cast, country="CN")
    confirm(session, cast, "cn-pipl")
    row = drafted(session, cast, abroad=True)
    with pytest.raises(Invalid, match="Art 38 to 40"):
        service.approve(session, cast.officer, row.id)


def test_a_draft_older_than_a_confirmation_is_saved_again(session: Session, cast: Cast) -> None:
    home(session, cast, country="US")
    row = drafted(session, cast)
    confirm(session, cast, "us-ferpa")
    with pytest.raises(Invalid, match="Save it again"):
        service.approve(session, cast.officer, row.id)
    row = drafted(session, cast)
    assert service.approve(session, cast.officer, row.id).decided is not None


def test_nobody_writes_bounds_by_hand(session: Session, cast: Cast) -> None:
    row = drafted(session, cast, bounds={"consent_age": 3, "country": "XX"})
    assert queries.document(row).bounds.consent_age is None


def test_a_new_version_opens_a_review_and_changes_nothing(session: Session, cast: Cast) -> None:
    home(session, cast, country="US")
    confirm(session, cast, "us-ferpa")
    row = drafted(session, cast)
    service.approve(session, cast.officer, row.id)
    digest = row.digest
    cell = json.loads((FOLDER / "us-ferpa.json").read_text(encoding="utf-8"))["minimum_cell"]
    amended(session, "us-ferpa", minimum_cell=cell | {"common": 20})
    assert standings(session, cast)["us-ferpa"] == "changed"
    place = institutions.by_id(session, cast.institution)
    assert decisions.composed(session, place).bounds.minimum_cell == 10, "still the confirmed one"
    current = queries.current(session, cast.institution)
    assert current is row and current.digest == digest
    confirm(session, cast, "us-ferpa", 2)
    assert decisions.composed(session, place).bounds.minimum_cell == 20
    assert queries.document(row).bounds.minimum_cell == 10, "the approved version stays as it was"


def test_a_profile_is_looked_at_again_after_half_a_year(session: Session, cast: Cast) -> None:
    confirm(session, cast, "us-ferpa")
    row = institutions.by_id(session, cast.institution)
    (found,) = [
        h
        for h in decisions.held(session, row, now() + timedelta(days=181))
        if h.newest.profile.profile == "us-ferpa"
    ]
    assert (found.standing, found.waits) == ("due", True)


def test_set_aside_and_proposed_anew_with_the_next_version(session: Session, cast: Cast) -> None:
    home(session, cast, country="US")
    confirm(session, cast, "us-coppa", binds=False)
    assert standings(session, cast)["us-coppa"] == "set-aside"
    amended(session, "us-coppa")
    assert standings(session, cast)["us-coppa"] == "proposed"


def test_only_a_contract_lists_columns(session: Session, cast: Cast) -> None:
    with pytest.raises(Invalid, match="Only a contract"):
        confirm(session, cast, "us-ferpa", elements=("clicks",))
    confirm(session, cast, "contract-sdpc-ndpa", elements=("clicks",))
    row = institutions.by_id(session, cast.institution)
    assert decisions.composed(session, row).bounds.elements == ("clicks",)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"region": "FR-75"}, "region"),
        ({"region": "New York"}, "region"),
        ({"youngest": 0}, "youngest"),
        ({"youngest": 12, "oldest": 11}, "oldest"),
        ({"zone": "Mars/Olympus"}, "zone"),
    ],
)
def test_a_place_that_cannot_be(
    session: Session, cast: Cast, fields: dict[str, Any], name: str
) -> None:
    told = {"region": None, "youngest": None, "oldest": None, "zone": "UTC"} | fields
    with pytest.raises(Invalid) as refused:
        places.place(session, cast.administrator, cast.institution, **told)
    assert refused.value.errors.keys() == {name}


def test_deadlines_follow_the_zone_that_was_told(session: Session, cast: Cast) -> None:
    told = {"region": None, "youngest": 6, "oldest": 10, "zone": "America/Sao_Paulo"}
    row = places.place(session, cast.administrator, cast.institution, **told)
    assert audit.latest(session, cast.institution, 1)[0].body == {"ages": [6, 10]}
    confirm(session, cast, "us-ferpa")
    assert decisions.composed(session, row).bounds.zone == "America/Sao_Paulo"
