"""The audit trail as a table, with its filter and its way to older events: an institution's, and the hub's own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from app.audit import kinds
from app.audit.models import Event
from app.audit.queries import EventPage, Filter
from app.people import queries as people
from app.text import _
from app.web.moments import day_clock
from app.web.parts import (
    Button,
    Cell,
    Column,
    Empty,
    Field,
    Form,
    Link,
    Links,
    Option,
    Part,
    Table,
    When,
)
from app.web.visit import Visit


@dataclass(frozen=True)
class Asked:
    """The filter as it was typed, for the form, for the links that keep it, and as what the trail is asked for."""

    kind: str = ""
    actor: str = ""
    subject: str = ""
    since: str = ""
    until: str = ""

    @property
    def filter(self) -> Filter:
        """Days are whole and both count; what cannot be read filters nothing, and `errors` says so."""
        last = _day(self.until)
        return Filter(
            kind=f"{self.kind}." if self.kind else None,
            actor=self.actor or None,
            subject=self.subject or None,
            since=_day(self.since),
            until=last + timedelta(days=1) if last else None,
        )

    @property
    def errors(self) -> dict[str, str]:
        problem = _("Enter a day such as 2026-09-01.")
        named = {"since": self.since, "until": self.until}
        return {name: problem for name, text in named.items() if text and _day(text) is None}

    def query(self, **more: str | int) -> str:
        """For an address: everything that filters, and `more` in its place or besides."""
        given = {**vars(self), **more}
        return urlencode({name: value for name, value in given.items() if value != ""})


def asked(visit: Visit) -> Asked:
    given = visit.request.query_params
    return Asked(**{name: given.get(name, "").strip()[:80] for name in vars(Asked())})


def _day(text: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        return None


def parts(
    session: Session,
    found: EventPage,
    path: str,
    wanted: Asked,
    about: dict[str, Link],
    who: Sequence[Option],
) -> tuple[Part, ...]:
    """`about` names subjects and links them; the others show their id. `who`: whom one can filter by."""
    more: tuple[Part, ...] = ()
    if found.cursor is not None:
        older = f"{path}?{wanted.query(cursor=found.cursor)}"
        more = (Links((Link(_("Older ones"), older),)),)
    table = _table(session, found.events, about, path, wanted)
    return (_filter(path, wanted, who), table, *more)


def _table(
    session: Session, found: list[Event], about: dict[str, Link], path: str, wanted: Asked
) -> Part:
    if not found:
        return Empty(_("No event fits."), Link(_("Show everything"), path))
    names = people.names(session, {e.actor for e in found})
    rows: list[tuple[Cell, ...]] = [
        (
            When(e.at, day_clock(e.at)),
            _(kinds.by_name(e.kind).title),
            about.get(e.subject) or Link(e.subject, f"{path}?{wanted.query(subject=e.subject)}"),
            Link(names.get(e.actor, _who(e.actor)), f"{path}?{wanted.query(actor=e.actor)}"),
            str(e.number),
        )
        for e in found
    ]
    columns = (
        Column(_("Time")),
        Column(_("What")),
        Column(_("About")),
        Column(_("Who")),
        Column(_("Number"), True),
    )
    return Table(_("Events, newest first"), columns, tuple(rows))


def _who(actor: str) -> str:
    noun = actor.partition("_")[0]
    return {"site": _("a site"), "token": _("an API token"), "hub": _("the hub")}.get(
        noun, _("someone")
    )


def noun(name: str) -> str:
    """What the events are about, in words."""
    return {
        "account": _("Accounts"),
        "invitation": _("Invitations"),
        "role": _("Roles"),
        "token": _("API tokens"),
        "webhook": _("Webhooks"),
        "registration": _("Registrations"),
        "institution": _("The institution"),
        "class": _("Classes"),
        "policy": _("The policy"),
        "profile": _("Laws and contracts"),
        "purpose": _("Purposes"),
        "incident": _("Incidents"),
        "tie": _("District and schools"),
        "floor": _("Floors of a district"),
        "erasure": _("Erasure requests"),
        "evidence": _("Evidence"),
        "site": _("Sites"),
        "job": _("Jobs"),
        "upload": _("Uploads"),
        "federation": _("Federations"),
        "membership": _("Memberships"),
        "model": _("Base models"),
        "run": _("Runs"),
        "round": _("Rounds"),
        "update": _("Updates"),
        "release": _("Releases"),
        "report": _("Class reports"),
    }.get(name, name.capitalize())


def _filter(path: str, wanted: Asked, who: Sequence[Option]) -> Form:
    nouns = {name.partition(".")[0] for name in kinds.ALL}
    named = sorted((Option(n, noun(n)) for n in nouns), key=lambda o: o.label.casefold())
    people = [Option("", _("Everyone")), *who]
    if wanted.actor and wanted.actor not in {o.value for o in people}:
        people.append(Option(wanted.actor, _who(wanted.actor)))
    errors = wanted.errors
    return Form(
        path,
        (
            Field(
                "kind",
                _("Only about"),
                "select",
                value=wanted.kind,
                options=(Option("", _("Everything")), *named),
            ),
            Field("actor", _("Only by"), "select", value=wanted.actor, options=tuple(people)),
            Field("since", _("From day"), "date", wanted.since, error=errors.get("since", "")),
            Field("until", _("To day"), "date", wanted.until, error=errors.get("until", "")),
            Field("subject", _("Id of what it is about"), value=wanted.subject, optional=True),
        ),
        (Button(_("Show")),),
        row=True,
        method="get",
    )


def people_of(found: Iterable[tuple[str, str]]) -> tuple[Option, ...]:
    """Ids with names, and the hub itself."""
    named = sorted((Option(id_, name) for id_, name in found), key=lambda o: o.label.casefold())
    return (*named, Option("hub", _("the hub")))
