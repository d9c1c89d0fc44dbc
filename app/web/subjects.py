"""What an event of the audit trail is about, in words and with a link; ids stay for those without a page."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from app.audit import kinds
from app.audit.models import Event
from app.federations import queries as federations
from app.institutions import queries as institutions
from app.people import queries as people
from app.policies import queries as policies
from app.releases import queries as releases
from app.reports import queries as reports
from app.runs import queries as runs
from app.sites import queries as sites
from app.text import _
from app.web.parts import Link

LOUD = frozenset(
    {
        "invitation",
        "role",
        "token",
        "institution",
        "class",
        "policy",
        "site",
        "federation",
        "membership",
        "run",
        "release",
        "report",
    }
)
"""Nouns a person wants to hear of; jobs, uploads and updates are for the whole trail."""
_QUIET = frozenset({kinds.SITE_READINESS.name, kinds.MEASURED.name, kinds.REFERENCE_SET.name})


def loud() -> tuple[str, ...]:
    """The kinds of events that home tells of."""
    return tuple(
        name for name in kinds.ALL if name.partition(".")[0] in LOUD and name not in _QUIET
    )


def about(session: Session, at: str, events: Iterable[Event]) -> dict[str, Link]:
    """Subject id to its name and page, for those that have one. `at` owns the trail."""
    found: dict[str, Link] = {}
    for event in {event.subject: event for event in events}.values():
        link = _one(session, at, _named(event))
        if link is not None:
            found[event.subject] = link
    return found


def _named(event: Event) -> str:
    """What people know it by: a membership by its federation, a job by its site."""
    body = event.body or {}
    noun = event.subject.partition("_")[0]
    if noun in ("membership", "sheet"):
        return str(body.get("federation", ""))
    if noun in ("job", "update", "upload"):
        return str(body.get("site", ""))
    return event.subject


def _one(session: Session, at: str, subject: str) -> Link | None:
    make = {
        "site": _site,
        "class": _class,
        "policy": _policy,
        "person": _person,
        "federation": _federation,
        "run": _run,
        "round": _round,
        "release": _release,
        "report": _report,
    }.get(subject.partition("_")[0])
    return make(session, at, subject) if make else None


def _site(session: Session, at: str, subject: str) -> Link | None:
    row = sites.by_id(session, subject)
    return Link(row.name, f"/i/{at}/sites/{row.id}") if row else None


def _class(session: Session, at: str, subject: str) -> Link | None:
    row = institutions.class_by_id(session, subject)
    return Link(row.code, f"/i/{at}/classes/{row.id}") if row else None


def _policy(session: Session, at: str, subject: str) -> Link | None:
    row = policies.by_id(session, subject)
    return (
        Link(_("Version {n}").format(n=row.number), f"/i/{at}/policy/{row.number}") if row else None
    )


def _person(session: Session, at: str, subject: str) -> Link | None:
    name = people.names(session, {subject}).get(subject)
    return Link(name, f"/i/{at}/people") if name else None


def _federation(session: Session, _at: str, subject: str) -> Link | None:
    row = federations.by_id(session, subject)
    return Link(row.name, f"/federations/{row.id}") if row else None


def _run(session: Session, _at: str, subject: str) -> Link | None:
    row = runs.by_id(session, subject)
    return Link(_("Run {n}").format(n=row.number), f"/runs/{row.id}") if row else None


def _round(session: Session, _at: str, subject: str) -> Link | None:
    row = runs.round_by_id(session, subject)
    if row is None:
        return None
    return Link(_("Round {n}").format(n=row.number), f"/runs/{row.run_id}/rounds/{row.number}")


def _release(session: Session, _at: str, subject: str) -> Link | None:
    row = releases.by_id(session, subject)
    if row is None:
        return None
    return Link(
        _("Release {n}").format(n=row.number), f"/federations/{row.federation_id}/releases/{row.id}"
    )


def _report(session: Session, at: str, subject: str) -> Link | None:
    row = reports.by_id(session, subject)
    return _class(session, at, row.class_id) if row else None
