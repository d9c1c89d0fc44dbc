"""Are our sites healthy, and what does this one need?"""

from collections.abc import Sequence

from starlette.responses import Response

from app.access.actor import allows
from app.access.permissions import Permission
from app.institutions import queries as institutions
from app.people import queries as people
from app.sites import queries, service
from app.sites.models import Site
from app.sites.states import SiteState
from app.text import _, ngettext
from app.web import own, refusals, render, site_words
from app.web.moments import as_of, day_clock, in_words, known, number, sentence, since
from app.web.pages import erasure_words
from app.web.parts import (
    Bullets,
    Button,
    Cell,
    Code,
    Column,
    Copy,
    Empty,
    Facts,
    Form,
    Link,
    Nothing,
    Panel,
    Part,
    Sheet,
    Status,
    Table,
    Text,
)
from app.web.visit import Here, Visit, page_router, see_other
from worker.protocol import code_words
from worker.protocol.codes import Tier

router = page_router(prefix="/i/{institution}/sites")


@router.get("")
def every(visit: Here, institution: str) -> Response:
    row = institutions.get(visit.session, visit.who, Permission.SITE_READ, institution)
    has = own.of(visit.session, visit, row.id)
    found, stands = has.sites, has.statuses
    may_edit = allows(visit.who, Permission.SITE_EDIT, row.id)
    add = Link(_("Add a site"), f"/i/{row.id}/sites/new", "primary")
    numbers = queries.numbers_in_force(visit.session, found)
    rows = tuple(_line(site, stands[site.id], numbers.get(site.id)) for site in found)
    columns = (
        Column(_("Site")),
        Column(_("State")),
        Column(_("Version")),
        Column(_("Policy in force")),
    )
    part: Part = Table(_("Sites"), columns, rows)
    if not rows:
        text = _("You have no site yet, so nothing can run on your records.")
        part = Empty(text, Link(add.text, add.href, "primary") if may_edit else None)
    sheet = Sheet(
        title=_("Sites"),
        says=_how_many(list(stands.values())),
        asof=as_of(),
        actions=(add,) if may_edit and rows else (),
        note="" if may_edit else _refused(visit, row.id),
        panels=(Panel(_("Ours"), (part,)), *erasure_words.panels(visit, row.id)),
        menu="sites",
    )
    return render.sheet(visit, sheet)


def _how_many(found: Sequence[Status]) -> str:
    """How they stand, all together."""
    about = _("A site is the program on your own computer that holds the records and trains.")
    if not found:
        return about
    tones = [status.tone for status in found]
    well = sum(tone in ("good", "busy") for tone in tones)
    care = sum(tone in ("act", "off") for tone in tones)
    fine = ngettext("{n} is well.", "{n} are well.", well).format(n=in_words(well))
    said = [sentence(fine) if well else _("None is well.")]
    if care:
        text = ngettext("{n} needs a person.", "{n} need a person.", care)
        said.append(sentence(text.format(n=in_words(care))))
    return " ".join(said)


def _refused(visit: Visit, at: str) -> str:
    takes = _("Adding a site takes the role of administrator.")
    return refusals.role(visit, at, Permission.SITE_EDIT, takes).text


def _line(site: Site, status: Status, version: int | None) -> tuple[Cell, ...]:
    href = f"/i/{site.institution_id}/sites/{site.id}"
    if site.state in (SiteState.INVITED, SiteState.JOINED):
        href = f"/i/{site.institution_id}/sites/new?site={site.id}"
    return (
        Link(site.name, href),
        status,
        site.software or Nothing(),
        _("version {n}").format(n=version) if version is not None else _("none"),
    )


@router.get("/{site_id}")
def one(visit: Here, institution: str, site_id: str) -> Response:
    site = queries.get(visit.session, visit.who, Permission.SITE_READ, site_id)
    status = site_words.status(visit.session, visit.settings, site)
    panels = [
        Panel(_("What it needs"), _readiness(visit, site), state=status),
        Panel(_("Work"), (_jobs(visit, site),)),
        *erasure_words.panels(visit, site.institution_id, site.id),
    ]
    if site.state is not SiteState.REVOKED:
        if allows(visit.who, Permission.SITE_EDIT, site.institution_id):
            panels.append(_key(site))
        panels.append(_revoke(visit, site))
    sheet = Sheet(
        title=site.name,
        says=_says(status),
        asof=as_of(),
        crumbs=(Link(_("Sites"), f"/i/{site.institution_id}/sites"), Link(site.name, "")),
        panels=tuple(panels),
        aside=(Panel(_("About it"), (_about(visit, site),)),),
        menu="sites",
    )
    return render.sheet(visit, sheet)


def _says(status: Status) -> str:
    return {
        "good": _("It takes work in its hours."),
        "busy": _("It works now."),
        "off": _("It has not been heard for a while. See below what to check, in order."),
        "act": _("It needs a person."),
        "wait": _("It has not joined yet."),
        "stop": _("It is out and gets no work."),
    }[status.tone]


def _readiness(visit: Visit, site: Site) -> tuple[Part, ...]:
    items = site.readiness.get("items", [])
    if site.state is SiteState.READY and not queries.is_recent(
        site, visit.settings.seen_recently_s
    ):
        checks = (
            _("Is the computer on, and does “collegium-site status” answer there?"),
            _("Does it reach {url} on port 443, through your proxy if there is one?").format(
                url=visit.settings.public_url
            ),
            _("Is its clock right to five minutes?"),
            _("What does “collegium-site log” say at its end?"),
        )
        return (Text(_("Check in this order:")), Bullets(checks))
    if not items:
        return (
            Empty(_("It has not reported its readiness yet. Run “collegium-site check” there.")),
        )
    rows = tuple((_item(i["item"]), _fine(i), site_words.fix_of(i)) for i in items)
    columns = (Column(_("What")), Column(_("State")), Column(_("What to do")))
    return (Table(_("What “collegium-site check” found"), columns, rows),)


def _item(name: str) -> str:
    return {
        "hub-reachable": _("Reaches the hub"),
        "clock": _("Clock"),
        "keys": _("Keys"),
        "standing": _("Institution"),
        "policy": _("Policy"),
        "data": _("Records"),
        "disk": _("Disk"),
        "memory": _("Memory"),
        "learning": _("Learning"),
    }.get(name, name)


def _fine(item: dict[str, object]) -> Status:
    if item.get("ok"):
        return Status("good", _("Fine"))
    return Status("act", site_words.readiness_fault(str(item.get("item"))))


def _jobs(visit: Visit, site: Site) -> Part:
    rows: list[tuple[Cell, ...]] = []
    for job in queries.open_jobs(visit.session, site):
        word = code_words.phase(job.phase) if job.phase else _("Waiting")
        tone = Status("busy" if job.phase else "wait", word, known(job.progress_at or job.created))
        rows.append((code_words.job(job.kind), tone, number(job.attempts)))
    if not rows:
        return Empty(_("No job waits for it."))
    columns = (Column(_("Job")), Column(_("State")), Column(_("Tries"), True))
    return Table(_("Open jobs, oldest first"), columns, tuple(rows))


def _about(visit: Visit, site: Site) -> Facts:
    said = site.readiness
    names = people.names(visit.session, {site.confirmed_by} if site.confirmed_by else set())
    version = queries.policy_in_force(visit.session, site)
    lines: list[tuple[str, Cell]] = [
        (_("Version"), site.software or "–"),
        (_("Last seen"), known(site.last_seen)),
        (
            _("Policy in force"),
            _("version {n}, accepted there {since}").format(
                n=version.number, since=since(site.policy_accepted)
            )
            if version and site.policy_accepted
            else _("none: it refuses every job"),
        ),
        (_("Working hours"), _hours(site)),
    ]
    for key, label in (("disk_free_mb", _("Free disk")), ("memory_mb", _("Memory"))):
        if said.get(key):
            lines.append((label, f"{number(float(said[key]) / 1000, 1)} GB"))
    if said.get("tier"):
        lines.append((_("Computer"), site_words.tier(Tier(said["tier"]))))
    if site.confirmed:
        who = names.get(site.confirmed_by or "", "")
        when = day_clock(site.confirmed)
        lines.append((_("Confirmed"), f"{when}, {who}" if who else when))
    lines.append((_("Id"), Code(site.id, True)))
    return Facts(tuple(lines), stacked=True)


def _key(site: Site) -> Panel:
    """Only the site can make a key, so the page says how, and what the hub knows of it."""
    lines: list[tuple[str, Cell]] = [(_("Fingerprint"), Code(queries.fingerprint(site) or "–"))]
    if site.key_since:
        lines.append((_("In force"), since(site.key_since)))
    if site.next_key:
        lines.append((_("New key"), _("announced, and in force at its first use")))
    text = _(
        "To rotate it, run this at the site. A new key is made there, and the old one is refused at once. Work goes on."
    )
    return Panel(
        _("Key"),
        (
            Facts(tuple(lines)),
            Text(text),
            Copy("rotate", _("Command to rotate the key"), "collegium-site key rotate"),
        ),
    )


def _hours(site: Site) -> str:
    start, end = site.readiness.get("hours_from"), site.readiness.get("hours_to")
    if not start or not end:
        return _("always")
    return _("{start} to {end} ({zone})").format(
        start=start, end=end, zone=site.readiness.get("time_zone") or "UTC"
    )


def _revoke(visit: Visit, site: Site) -> Panel:
    if not allows(visit.who.unheld, Permission.SITE_EDIT, site.institution_id):
        takes = _("Revoking a site takes the role of administrator.")
        note = refusals.role(visit, site.institution_id, Permission.SITE_EDIT, takes)
        return Panel(_("Revoke"), (note,))
    text = _(
        "Its key stops working at its next request and its jobs are cancelled. This cannot be taken back."
    )
    form = Form(
        f"/i/{site.institution_id}/sites/{site.id}/revoke",
        (),
        (Button(_("Revoke this site")),),
        inline=True,
    )
    return Panel(_("Revoke"), (Text(text), form))


@router.post("/{site_id}/revoke")
def revoke(visit: Here, institution: str, site_id: str) -> Response:
    site = queries.get(visit.session, visit.who.unheld, Permission.SITE_EDIT, site_id)
    service.revoke(visit.session, visit.who, site)
    return see_other(f"/i/{site.institution_id}/sites", "revoked")
