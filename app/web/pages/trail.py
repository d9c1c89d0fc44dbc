"""The audit trail as a table, with its filter and its way to older events: an institution's, and the hub's own."""

from sqlalchemy.orm import Session

from app.audit import kinds
from app.audit.models import Event
from app.audit.queries import EventPage
from app.people import queries as people
from app.text import _
from app.web.moments import day_clock
from app.web.parts import (
    Button,
    Cell,
    Code,
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


def parts(
    session: Session, found: EventPage, path: str, kind: str, about: dict[str, Link]
) -> tuple[Part, ...]:
    """`about` names subjects and links them; the others show their id."""
    more: tuple[Part, ...] = ()
    if found.cursor is not None:
        more = (Links((Link(_("Older ones"), f"{path}?kind={kind}&cursor={found.cursor}"),)),)
    return (_filter(path, kind), _table(session, found.events, about), *more)


def _table(session: Session, found: list[Event], about: dict[str, Link]) -> Part:
    if not found:
        return Empty(_("None of this kind."))
    names = people.names(session, {e.actor for e in found})
    rows: list[tuple[Cell, ...]] = [
        (
            When(e.at, day_clock(e.at)),
            _(kinds.by_name(e.kind).title),
            about.get(e.subject) or Code(e.subject, True),
            names.get(e.actor, _who(e.actor)),
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


def _filter(path: str, kind: str) -> Form:
    nouns = {name.partition(".")[0] for name in kinds.ALL}
    named = sorted((Option(n, noun(n)) for n in nouns), key=lambda o: o.label.casefold())
    options = (Option("", _("Everything")), *named)
    field = Field("kind", _("Only about"), "select", value=kind, options=options)
    return Form(path, (field,), (Button(_("Show")),), row=True, method="get")
