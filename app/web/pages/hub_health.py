"""The hub's machinery as the web process sees it: database, Redis, disk, mail, sites."""

import shutil

from app.sites import queries as sites
from app.text import _
from app.web.moments import size
from app.web.parts import Cell, Column, Status, Table
from app.web.visit import Visit

LOW_DISK = 2_000_000_000


def table(visit: Visit) -> Table:
    rows: tuple[tuple[Cell, ...], ...] = (
        (_("Database"), Status("good", _("Answers")), visit.hub.db.engine.dialect.name),
        _redis(visit),
        _disk(visit),
        _mail(visit),
        _sites(visit),
    )
    columns = (Column(_("Part")), Column(_("State")), Column(_("Detail")))
    return Table(_("Parts of this hub, looked at just now"), columns, rows)


def _redis(visit: Visit) -> tuple[Cell, ...]:
    if visit.hub.doorbell.answers():
        return (_("Redis"), Status("good", _("Answers")), _("doorbell and queues"))
    return (
        _("Redis"),
        Status("act", _("Away")),
        _("Nothing is lost: pages and sites look by themselves, slower."),
    )


def _disk(visit: Visit) -> tuple[Cell, ...]:
    free = shutil.disk_usage(visit.settings.home).free
    low = free < LOW_DISK
    state = Status("act", _("Low")) if low else Status("good", _("Enough"))
    return (_("Disk"), state, _("{size} free").format(size=size(free)))


def _mail(visit: Visit) -> tuple[Cell, ...]:
    if visit.settings.mail_url:
        return (_("Mail"), Status("good", _("Configured")), _("by SMTP"))
    return (_("Mail"), Status("act", _("To files only")), _("No mail server is configured."))


def _sites(visit: Visit) -> tuple[Cell, ...]:
    recent, every = sites.alive(visit.session, visit.settings.seen_recently_s)
    said = _("{recent} of {all} seen lately").format(recent=recent, all=every)
    return (_("Sites"), Status("good" if recent == every else "wait", _("Counted")), said)
