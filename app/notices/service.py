"""Telling: gather what holds, settle what does not, put each person's mails into one digest an hour."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.audit import kinds
from app.audit.models import HUB_CHAIN
from app.audit.service import record
from app.clock import now
from app.effects import Mail
from app.errors import NotFound
from app.ids import new_id
from app.notices import finding, queries, words
from app.notices.models import Notice, NoticeChoice
from app.notices.states import HAPPENED, NoticeKind
from app.people import mails
from app.people import queries as people
from app.people.models import Person
from app.settings import Settings
from app.text import _, ngettext, speaking

EVERY = timedelta(hours=1)
KEPT = timedelta(days=90)
MOST = 30
"""Lines of one digest; the rest is on the home page."""


def gather(session: Session, at: datetime) -> int:
    """Writes what is new, settles what no longer holds, forgets what is old. Returns how many are new."""
    known, holds, new = queries.known(session), set(), 0
    for found in finding.everything(session, at):
        for person in found.people:
            key = (person, found.kind, found.subject)
            holds.add(key)
            if key not in known:
                _add(session, person, found, at)
                new += 1
    for row in queries.unsettled(session):
        key = (row.person_id, row.kind, row.subject)
        if row.kind not in HAPPENED and key not in holds:
            row.settled = at
    for row in queries.before(session, at - KEPT):
        if (row.person_id, row.kind, row.subject) not in holds:
            session.delete(row)
    session.flush()
    return new


def _add(session: Session, person: str, found: finding.Finding, at: datetime) -> None:
    session.add(
        Notice(
            id=new_id("notice"),
            person_id=person,
            institution_id=found.institution,
            kind=found.kind,
            subject=found.subject,
            facts=found.facts,
            created=at,
        )
    )


@dataclass(frozen=True)
class Digest:
    """One person's mail, and the notices in it."""

    person: str
    mail: Mail
    notices: tuple[str, ...]


def take_digests(session: Session, settings: Settings, at: datetime) -> list[Digest]:
    """Claims every digest that is due: who had one within the hour waits, and two workers never send the same."""
    waiting: defaultdict[str, list[Notice]] = defaultdict(list)
    for row in queries.unmailed(session):
        waiting[row.person_id].append(row)
    made = []
    for person_id, rows in waiting.items():
        quiet = queries.muted(session, person_id)
        loud = [row for row in rows if row.kind not in quiet]
        person = people.person(session, person_id)
        if not loud or person is None or person.disabled or not _claim(session, person_id, at):
            continue
        for row in loud:
            row.mailed = at
        made.append(Digest(person_id, _mail(settings, person, loud), tuple(r.id for r in loud)))
    session.flush()
    return made


def _claim(session: Session, person_id: str, at: datetime) -> bool:
    _choice(session, person_id)
    taken = session.execute(
        update(NoticeChoice)
        .where(
            NoticeChoice.id == person_id,
            or_(NoticeChoice.last_digest.is_(None), NoticeChoice.last_digest <= at - EVERY),
        )
        .values(last_digest=at)
        .execution_options(synchronize_session=False)
    )
    return taken.rowcount == 1  # type: ignore[attr-defined, no-any-return]


def _choice(session: Session, person_id: str) -> None:
    """The person's row, made if it is missing."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = insert(NoticeChoice).values(id=person_id, muted=[])
    session.execute(row.on_conflict_do_nothing())


def _mail(settings: Settings, person: Person, rows: list[Notice]) -> Mail:
    with speaking(person.locale):
        said = ngettext("{n} message from {hub}", "{n} messages from {hub}", len(rows))
        lines = [
            f"{words.sentence(row)}\n{mails.link(settings, str(row.facts['path']))}"
            for row in rows[:MOST]
        ]
        if len(rows) > MOST:
            lines.append(_("And {n} more on your home page.").format(n=len(rows) - MOST))
        foot = _("You get one such mail an hour at most. Choose what comes by mail:")
        return mails.written(
            settings,
            person.email,
            said.format(n=len(rows), hub=settings.hub_name),
            *lines,
            f"{foot}\n{mails.link(settings, '/account')}",
        )


def give_back(session: Session, digest: Digest) -> None:
    """The mail server did not take it: due again with the next look."""
    session.execute(
        update(Notice)
        .where(Notice.id.in_(digest.notices))
        .values(mailed=None)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(NoticeChoice)
        .where(NoticeChoice.id == digest.person)
        .values(last_digest=None)
        .execution_options(synchronize_session=False)
    )


def read(session: Session, actor: Actor) -> int:
    """Everything shown to the actor now; it is not mailed any more. Returns how many."""
    shown = queries.news(session, actor, limit=1000)
    for row in shown:
        row.read = now()
    session.flush()
    return len(shown)


def choose(session: Session, actor: Actor, by_mail: Iterable[NoticeKind]) -> None:
    """Which kinds come by mail from now on. The pages show every kind."""
    if actor.token is not None:
        raise NotFound(_("There is nothing here for you."))
    wanted = set(by_mail)
    _choice(session, actor.person)
    session.execute(
        update(NoticeChoice)
        .where(NoticeChoice.id == actor.person)
        .values(muted=sorted(k.value for k in NoticeKind if k not in wanted))
        .execution_options(synchronize_session=False)
    )
    session.expire_all()
    body = {"count": len(wanted)}
    record(
        session, actor.id, kinds.NOTICES_CHOSEN, chain=HUB_CHAIN, subject=actor.person, body=body
    )
