"""What this person was told: news on the home page, and which kinds come by mail."""

from starlette.responses import Response

from app.notices import queries, words
from app.notices import service as notices
from app.notices.states import NoticeKind
from app.text import _
from app.web import own
from app.web.moments import lately
from app.web.parts import Button, Column, Field, Form, Link, Option, Panel, Part, Table, Text, When
from app.web.visit import Here, Visit, page_router, see_other

router = page_router()


def news(visit: Visit) -> tuple[Panel, ...]:
    """For home: what happened that is no task; read once, it is gone."""
    found = own.news(visit.session, visit)
    if not found:
        return ()
    rows = tuple(
        (When(n.created, lately(n.created)), Link(words.sentence(n), str(n.facts["path"])))
        for n in found
    )
    table = Table(_("News, newest first"), (Column(_("Time")), Column(_("What"))), rows)
    done = Form("/notices/read", (), (Button(_("I have read these")),), inline=True)
    return (Panel(_("News for you"), (table, done), id="h-news"),)


def choices(visit: Visit) -> tuple[Part, ...]:
    """For the account: one box a kind."""
    quiet = queries.muted(visit.session, visit.who.person)
    field = Field(
        "kind",
        _("Tell me by mail when"),
        "checks",
        values=tuple(k.value for k in NoticeKind if k not in quiet),
        options=tuple(Option(k.value, words.kind(k)) for k in NoticeKind),
    )
    says = _("At most one mail an hour, with everything in it. The home page shows every kind.")
    return (Text(says), Form("/account/notices", (field,), (Button(_("Save")),)))


@router.post("/account/notices")
def choose(visit: Here) -> Response:
    known = set(NoticeKind)
    wanted = [NoticeKind(k) for k in visit.form.all("kind") if k in known]
    notices.choose(visit.session, visit.who, wanted)
    return see_other("/account", "saved")


@router.post("/notices/read")
def read(visit: Here) -> Response:
    notices.read(visit.session, visit.who)
    return see_other("/home", "read")
