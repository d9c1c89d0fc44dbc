"""The hub's machinery as the web process sees it: database, Redis, queues, workers, disk, mail, sites, stuck work."""

import shutil

from app.clock import now
from app.jobs import Look, Queue, QueueAway, look
from app.runs import stuck
from app.sites import tallies as sites
from app.text import _, ngettext
from app.web.moments import in_words, number, sentence, size
from app.web.parts import Cell, Column, Empty, Part, Status, Table
from app.web.visit import Visit

LOW_DISK = 2_000_000_000
MANY = 20
"""Messages in one queue that say: no worker takes them, or too few do."""
Row = tuple[Cell, ...]


def table(visit: Visit) -> Table:
    seen = _look(visit)
    rows: tuple[Row, ...] = (
        (_("Database"), Status("good", _("Answers")), _database(visit)),
        _redis(visit),
        *queues(seen),
        _workers(seen),
        _disk(visit),
        _mail(visit),
        _sites(visit),
    )
    columns = (Column(_("Part of the hub")), Column(_("State")), Column(_("Detail")))
    return Table(_("Parts of this hub, looked at just now"), columns, rows)


def says(found: Table) -> str:
    """The answer to the page's question, from the states of its rows."""
    care = [row[0] for row in found.rows if isinstance(row[1], Status) and row[1].tone == "act"]
    if not care:
        return _("Everything answers.")
    said = ngettext("{n} part needs a look.", "{n} parts need a look.", len(care))
    return sentence(said.format(n=in_words(len(care))))


def _look(visit: Visit) -> Look | None:
    try:
        return look(visit.settings.redis_url) if visit.settings.redis_url else None
    except QueueAway:
        return None


def _database(visit: Visit) -> str:
    name = visit.hub.db.engine.dialect.name
    return {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.get(name, name)


def _redis(visit: Visit) -> Row:
    if visit.hub.doorbell.answers():
        return (_("Redis"), Status("good", _("Answers")), _("doorbell and queues"))
    return (
        _("Redis"),
        Status("act", _("Away")),
        _("Nothing is lost: pages and sites look by themselves, slower."),
    )


def queues(seen: Look | None) -> list[Row]:
    """A row for each; None when Redis is away."""
    names = {
        Queue.ROUNDS: _("Queue of preparing and combining"),
        Queue.OUTBOUND: _("Queue of webhooks"),
        Queue.LIGHT: _("Queue of everything else"),
    }
    if seen is None:
        return [
            (name, Status("off", _("Not known")), _("Redis is away.")) for name in names.values()
        ]
    rows: list[Row] = []
    for queue, name in names.items():
        count = seen.waiting[queue]
        said = ngettext("{n} task waits", "{n} tasks wait", count).format(n=number(count))
        state = Status("good", _("Moves")) if count < MANY else Status("act", _("Long"))
        if count >= MANY:
            said += ". " + _("Start another worker: collegium-hub worker.")
        rows.append((name, state, said))
    return rows


def _workers(seen: Look | None) -> Row:
    name = _("Workers")
    if seen is None or seen.listening is None:
        why = _("Redis is away.") if seen is None else _("This Redis does not tell.")
        return (name, Status("off", _("Not known")), why)
    if seen.listening == 0:
        said = _("None waits for work: all are busy, or none runs.")
        return (name, Status("act", _("None waits")), said)
    said = ngettext("{n} waits for work", "{n} wait for work", seen.listening)
    return (name, Status("good", _("Listening")), said.format(n=number(seen.listening)))


def _disk(visit: Visit) -> Row:
    """Uploads are refused before the reserve is touched."""
    free = shutil.disk_usage(visit.settings.home).free
    reserve = visit.settings.disk_reserve_mb << 20
    low = free < LOW_DISK + reserve
    state = Status("act", _("Low")) if low else Status("good", _("Enough"))
    said = _("{size} free, {reserve} of it kept for the database")
    return (_("Disk"), state, said.format(size=size(free), reserve=size(reserve)))


def _mail(visit: Visit) -> Row:
    if visit.settings.mail_url:
        return (_("Mail"), Status("good", _("Configured")), _("by SMTP"))
    said = _("No mail server is configured: mails lie in {folder}. COLLEGIUM_MAIL_URL names one.")
    return (
        _("Mail"),
        Status("act", _("To files only")),
        said.format(folder=visit.settings.home / "mail"),
    )


def _sites(visit: Visit) -> Row:
    recent, every = sites.alive(visit.session, visit.settings.seen_recently_s)
    said = _("{recent} of {all} seen lately").format(recent=recent, all=every)
    return (_("Sites"), Status("good" if recent == every else "wait", _("Counted")), said)


def versions(visit: Visit) -> Part:
    """Which software the sites run."""
    found = sites.versions(visit.session)
    if not found:
        return Empty(_("No site is ready yet."))
    columns = (Column(_("Version")), Column(_("Sites"), True))
    rows = tuple((software or _("not told yet"), number(count)) for software, count in found)
    return Table(_("Software of ready sites, as they last said"), columns, rows)


def stuck_work(visit: Visit) -> Part:
    """What the sweep brings forward; a number that stays says that no worker sweeps."""
    session, at = visit.session, now()
    found = (
        (_("Rounds that are due"), len(stuck.overdue_rounds(session, at))),
        (_("Rounds to combine that no worker holds"), len(stuck.unheld_aggregations(session, at))),
        (_("Approved runs that no worker prepares"), len(stuck.approved_runs(session, at))),
        (_("Jobs of members who left"), len(stuck.jobs_of_departed(session))),
        (_("Jobs of rounds that ended"), len(stuck.jobs_of_ended(session))),
        (_("Updates to delete"), len(stuck.deletable(session))),
    )
    if not any(count for _name, count in found):
        return Empty(_("Nothing is stuck."))
    columns = (Column(_("Work")), Column(_("Waiting"), True))
    rows = tuple((name, number(count)) for name, count in found if count)
    caption = _("The sweep takes it up every {n} seconds").format(n=f"{visit.settings.sweep_s:g}")
    return Table(caption, columns, rows)
