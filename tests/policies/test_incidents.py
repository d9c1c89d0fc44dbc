"""Incidents: by when whom to tell, counted from the profiles an institution confirmed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from app.audit import queries as audit
from app.clock import now
from app.errors import Invalid, NotAllowed, NotFound
from app.policies import incidents
from app.policies.models import Incident
from tests.cast import Cast
from tests.policies.test_decisions import confirm, home

FRIDAY = datetime(2024, 9, 6, 15, 30, tzinfo=ZoneInfo("America/Sao_Paulo"))
BREACH = "personal-data-breach"


def note(session: Session, cast: Cast, kind: str = BREACH, at: datetime = FRIDAY) -> Incident:
    return incidents.note(session, cast.officer, cast.institution, kind, at, "A lost laptop.")


def told(session: Session, cast: Cast, row: Incident) -> list[tuple[str, str, str]]:
    """To whom, until when by the institution's clock, by which profile."""
    found = incidents.duties(row, *incidents.confirmed(session, cast.institution))
    return [
        (
            one.to,
            one.until.strftime("%a %d %H:%M") if one.until else "-",
            one.ground.profile if one.ground else "default",
        )
        for one in found
    ]


def test_hours_count_over_a_weekend_and_business_days_leave_it_out(
    session: Session, cast: Cast
) -> None:
    home(session, cast, country="BR", zone="America/Sao_Paulo")
    for name in ("br-lgpd", "eu-gdpr", "us-ny-ed2d", "us-ferpa"):
        confirm(session, cast, name)
    assert told(session, cast, note(session, cast)) == [
        ("authority", "Mon 09 15:30", "eu-gdpr"),
        ("authority", "Wed 11 23:59", "br-lgpd"),
        ("families", "Wed 11 23:59", "br-lgpd"),
        ("institution", "Fri 13 23:59", "us-ny-ed2d"),
        ("authority", "Mon 16 23:59", "us-ny-ed2d"),
        ("families", "Tue 05 23:59", "us-ny-ed2d"),
        ("authority", "-", "us-ferpa"),
    ]


def test_each_names_its_article_and_only_what_was_confirmed_counts(
    session: Session, cast: Cast
) -> None:
    home(session, cast, country="DE", zone="Europe/Berlin")
    row = note(session, cast)
    assert told(session, cast, row) == [("authority", "Mon 09 20:30", "default")]
    confirm(session, cast, "us-ferpa")
    assert [one[2] for one in told(session, cast, row)] == ["default", "us-ferpa"]
    confirm(session, cast, "eu-gdpr")
    first = incidents.duties(row, *incidents.confirmed(session, cast.institution))[0]
    assert first.ground is not None and first.ground.article == "Art 33, 34"
    confirm(session, cast, "eu-gdpr", binds=False)
    assert told(session, cast, row)[0][2] == "default", "set aside again"
    other = note(session, cast, "severe-network-incident")
    assert told(session, cast, other) == [], "nobody asks, and the product has no default for it"


def test_the_trail_has_its_kind_and_never_its_note(session: Session, cast: Cast) -> None:
    row = note(session, cast)
    event = audit.latest(session, cast.institution, 1)[0]
    assert (event.kind, event.subject, event.body) == (
        "incident.recorded",
        row.id,
        {"kind": BREACH},
    )


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"kind": "fire"}, "kind"),
        ({"learnt": now() + timedelta(hours=1)}, "learnt"),
        ({"text": "x" * 1001}, "note"),
    ],
)
def test_what_cannot_be_is_named(
    session: Session, cast: Cast, fields: dict[str, object], at: str
) -> None:
    given = {"kind": BREACH, "learnt": now(), "text": ""} | fields
    with pytest.raises(Invalid) as refused:
        incidents.note(session, cast.officer, cast.institution, **given)  # type: ignore[arg-type]
    assert refused.value.errors.keys() == {at}


def test_who_may(session: Session, cast: Cast) -> None:
    row = note(session, cast, at=datetime(2024, 1, 1, tzinfo=UTC))
    assert incidents.of(session, cast.administrator, cast.institution) == [row]
    for actor, raised in ((cast.reader, NotAllowed), (cast.stranger, NotFound)):
        with pytest.raises(raised):
            incidents.get(session, actor, row.id)
        with pytest.raises(raised):
            incidents.of(session, actor, cast.institution)
        with pytest.raises(raised):
            incidents.note(session, actor, cast.institution, BREACH, now())
