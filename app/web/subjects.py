"""What an event of the audit trail is about, in words and with a link; ids stay for those without a page."""

from collections import defaultdict
from collections.abc import Callable, Iterable

from sqlalchemy.orm import Session

from app.audit import kinds
from app.audit.models import Event
from app.federations import tallies as federations
from app.institutions import queries as institutions
from app.integrations import queries as integrations
from app.people import queries as people
from app.policies import queries as policies
from app.releases import queries as releases
from app.reports import queries as reports
from app.runs import tallies
from app.sites import tallies as sites
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
        "webhook",
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
    """Subject id to its name and page, for those that have one. `at` owns the trail. One read for each noun."""
    named = {event.subject: _named(event) for event in events}
    nouns: defaultdict[str, set[str]] = defaultdict(set)
    for id_ in named.values():
        nouns[id_.partition("_")[0]].add(id_)
    links: dict[str, Link] = {}
    for noun, ids in nouns.items():
        if noun in _LINKS:
            links |= _LINKS[noun](session, at, ids)
    return {subject: links[id_] for subject, id_ in named.items() if id_ in links}


def _named(event: Event) -> str:
    """What people know it by: a membership by its federation, a job by its site."""
    body = event.body or {}
    noun = event.subject.partition("_")[0]
    if noun in ("membership", "sheet"):
        return str(body.get("federation", ""))
    if noun in ("job", "update", "upload"):
        return str(body.get("site", ""))
    return event.subject


def _sites(session: Session, at: str, ids: set[str]) -> dict[str, Link]:
    found = sites.by_ids(session, ids)
    return {id_: Link(row.name, f"/i/{at}/sites/{id_}") for id_, row in found.items()}


def _classes(session: Session, at: str, ids: set[str]) -> dict[str, Link]:
    found = institutions.classes_by_ids(session, ids)
    return {id_: Link(row.code, f"/i/{at}/classes/{id_}") for id_, row in found.items()}


def _policies(session: Session, at: str, ids: set[str]) -> dict[str, Link]:
    found = policies.by_ids(session, ids)
    return {
        id_: Link(_("Version {n}").format(n=row.number), f"/i/{at}/policy/{row.number}")
        for id_, row in found.items()
    }


def _people(session: Session, at: str, ids: set[str]) -> dict[str, Link]:
    return {id_: Link(name, f"/i/{at}/people") for id_, name in people.names(session, ids).items()}


def _federations(session: Session, _at: str, ids: set[str]) -> dict[str, Link]:
    found = federations.by_ids(session, ids)
    return {id_: Link(row.name, f"/federations/{id_}") for id_, row in found.items()}


def _runs(session: Session, _at: str, ids: set[str]) -> dict[str, Link]:
    found = tallies.runs_by_ids(session, ids)
    return {
        id_: Link(_("Run {n}").format(n=row.number), f"/runs/{id_}") for id_, row in found.items()
    }


def _rounds(session: Session, _at: str, ids: set[str]) -> dict[str, Link]:
    return {
        row.id: Link(_("Round {n}").format(n=row.number), f"/runs/{row.run_id}/rounds/{row.number}")
        for row in tallies.rounds_by_ids(session, ids)
    }


def _releases(session: Session, _at: str, ids: set[str]) -> dict[str, Link]:
    return {
        row.id: Link(
            _("Release {n}").format(n=row.number),
            f"/federations/{row.federation_id}/releases/{row.id}",
        )
        for row in releases.by_ids(session, ids)
    }


def _reports(session: Session, at: str, ids: set[str]) -> dict[str, Link]:
    """By their classes."""
    found = reports.classes_of(session, ids)
    links = _classes(session, at, set(found.values()))
    return {id_: links[class_id] for id_, class_id in found.items() if class_id in links}


def _webhooks(session: Session, at: str, ids: set[str]) -> dict[str, Link]:
    found = integrations.standing(session, ids)
    return {
        id_: Link(row.host, f"/i/{at}/integrations/webhooks/{id_}") for id_, row in found.items()
    }


_LINKS: dict[str, Callable[[Session, str, set[str]], dict[str, Link]]] = {
    "site": _sites,
    "class": _classes,
    "policy": _policies,
    "person": _people,
    "federation": _federations,
    "run": _runs,
    "round": _rounds,
    "release": _releases,
    "report": _reports,
    "webhook": _webhooks,
}
