"""How do I add a site?

One command to copy, then six words to compare. The token is shown once, in the answer itself.
"""

from dataclasses import dataclass

from starlette.responses import Response

from app.access.permissions import Permission
from app.clock import now
from app.errors import Conflict, Invalid
from app.institutions import queries as institutions
from app.people import queries as people
from app.sites import queries, service
from app.sites.models import Site
from app.sites.states import SiteState
from app.text import _
from app.web import looking, render, site_words
from app.web.forms import trying
from app.web.moments import clock, full, number
from app.web.parts import (
    Button,
    Cell,
    Column,
    Copy,
    Facts,
    Field,
    Form,
    Link,
    Panel,
    Sheet,
    Status,
    Step,
    Steps,
    Table,
)
from app.web.visit import Here, Visit, page_router, see_other

router = page_router(prefix="/i/{institution}/sites/new")


@dataclass(frozen=True)
class NewSitePage:
    menu: str
    title: str
    crumbs: tuple[Link, ...]
    command: Copy | None
    expiry: str
    renew: Form | None
    lost: str
    next: str
    meanings: Table
    look: looking.Look
    says: str
    asof: str
    milestone: str
    status: Status
    words: tuple[str, ...]
    confirm: str
    words_text: str
    steps: Steps
    told: Facts | None
    done: Link | None
    errors: tuple[tuple[str, str], ...] = ()


@router.get("")
def show(visit: Here, institution: str, site: str = "") -> Response:
    row = institutions.get(visit.session, visit.who, Permission.SITE_EDIT, institution)
    if not site:
        return _name_page(visit, row.id)
    found = queries.get(visit.session, visit.who, Permission.SITE_EDIT, site)
    page = _page(visit, found)
    block = visit.asks_for("live")
    return render.page(visit.request, "sites/new.html", page, block=block, session=visit.session)


def _name_page(visit: Visit, institution: str, errors: dict[str, str] | None = None) -> Response:
    errors = errors or {}
    form = Form(
        f"/i/{institution}/sites/new",
        (
            Field(
                "name",
                _("Name of the site"),
                value=visit.form.text("name"),
                help=_("Where the computer stands, for example Library server."),
                error=errors.get("name", ""),
            ),
        ),
        (Button(_("Make the command"), look="primary"),),
    )
    sheet = Sheet(
        title=_("Add a site"),
        says=_("You get one command. It is run once on the computer that holds the records."),
        crumbs=(Link(_("Sites"), f"/i/{institution}/sites"), Link(_("Add a site"), "")),
        panels=(Panel("", (form,)),),
        errors=tuple(errors.items()),
        menu="sites",
    )
    return render.sheet(visit, sheet, status=422 if errors else 200)


@router.post("")
def add(visit: Here, institution: str) -> Response:
    """Answers with the page itself: the token is shown now and never again."""
    row = institutions.get(visit.session, visit.who, Permission.SITE_EDIT, institution)
    try:
        with trying(visit.session):
            site, token = service.add_site(
                visit.session,
                visit.who,
                row,
                visit.form.text("name"),
                hub_key=visit.hub.key.public,
            )
    except (Invalid, Conflict) as error:
        return _name_page(visit, row.id, {"name": error.message})
    return render.page(visit.request, "sites/new.html", _page(visit, site, token))


@router.post("/{site_id}/renew")
def renew(visit: Here, institution: str, site_id: str) -> Response:
    site = queries.get(visit.session, visit.who, Permission.SITE_EDIT, site_id)
    token = service.renew_token(visit.session, visit.who, site, hub_key=visit.hub.key.public)
    return render.page(visit.request, "sites/new.html", _page(visit, site, token))


@router.post("/{site_id}/confirm")
def confirm(visit: Here, institution: str, site_id: str) -> Response:
    site = queries.get(visit.session, visit.who, Permission.SITE_EDIT, site_id)
    if visit.form.has("differ"):
        service.revoke(visit.session, visit.who, site)
        return see_other(f"/i/{site.institution_id}/sites", "revoked")
    if not visit.form.has("same"):
        problem = _("Compare the words first, then tick that all six are the same.")
        page = _page(visit, site, errors=(("same", problem),))
        return render.page(visit.request, "sites/new.html", page, status=422)
    words = visit.form.text("words")
    service.confirm(visit.session, visit.who, site, words, hub_key=visit.hub.key.public)
    return see_other(f"/i/{site.institution_id}/sites/new?site={site.id}", "confirmed")


def _page(
    visit: Visit,
    site: Site,
    token: str = "",
    errors: tuple[tuple[str, str], ...] = (),
) -> NewSitePage:
    at, base = site.institution_id, f"/i/{site.institution_id}/sites/new"
    waiting = queries.token_waiting(visit.session, site)
    joined = site.state is SiteState.JOINED
    ready = site.state is SiteState.READY
    line = f"collegium-site join {visit.settings.public_url} --token {token}"
    expiry = _("It works once, for this site only, until {time}. It is shown only now.")
    return NewSitePage(
        menu="sites",
        title=_("Add the site “{name}”").format(name=site.name),
        crumbs=(Link(_("Sites"), f"/i/{at}/sites"), Link(_("Add a site"), "")),
        command=Copy("command", _("The command"), line) if token else None,
        expiry=expiry.format(time=full(waiting.expires)) if waiting else "",
        renew=None if token else _renew(site, base, bool(waiting)),
        lost=_lost(bool(waiting)),
        next=_next(site),
        meanings=_meanings(),
        look=looking.at(visit, f"{base}?site={site.id}", site.state is SiteState.INVITED),
        says=_says(site, bool(waiting)),
        asof=_("As of {time}.").format(time=clock(now())),
        milestone=site.state.value,
        status=site_words.status(visit.session, visit.settings, site),
        words=queries.words(visit.hub.key.public, site) if joined else (),
        confirm=f"{base}/{site.id}/confirm",
        words_text=_(
            "The site shows six words too. Look at its screen, or ask the person there to read them out."
        ),
        steps=_steps(visit, site),
        told=_told(site) if site.software else None,
        done=Link(_("See the site"), f"/i/{at}/sites/{site.id}", "primary") if ready else None,
        errors=errors,
    )


def _renew(site: Site, base: str, waiting: bool) -> Form | None:
    if site.state is not SiteState.INVITED:
        return None
    button = Button(_("Make a new command"), look="btn" if waiting else "primary")
    return Form(f"{base}/{site.id}/renew", (), (button,), inline=True)


def _lost(waiting: bool) -> str:
    if waiting:
        return _(
            "The command was shown once. If it is lost, make a new one; the old one then stops working."
        )
    return _("The command is older than 24 hours and no longer works. Make a new one.")


def _next(site: Site) -> str:
    if site.state is SiteState.REVOKED:
        return _("Nothing. Add a new site if this computer shall take part again.")
    if site.policy_version_id is None:
        return _(
            "A person at the site reads your policy there and accepts it: “collegium-site policy accept”."
        )
    return _("It takes work in its hours. Its page says how it stands.")


def _meanings() -> Table:
    """The states a new site can be in."""
    rows: tuple[tuple[Cell, ...], ...] = (
        (
            Status("wait", _("Waiting")),
            _("The command has not been used yet."),
            _("Run it, or make a new one"),
        ),
        (
            Status("act", _("Waiting for you")),
            _("A computer answered. It can do nothing until you confirm."),
            _("Compare the words"),
        ),
        (
            Status("good", _("Ready")),
            _("Confirmed here, and the policy is accepted there. It takes work."),
            _("See the site"),
        ),
        (
            Status("off", _("Expired")),
            _("Nobody used the command for 24 hours."),
            _("Make a new command"),
        ),
    )
    columns = (Column(_("State")), Column(_("Meaning")), Column(_("What you can do")))
    return Table(_("A new site is always in one of four states"), columns, rows)


def _says(site: Site, waiting: bool) -> str:
    if site.state is SiteState.JOINED:
        return _(
            "A computer answered at {time} and waits for you. Compare six words, then confirm."
        ).format(time=clock(site.joined) if site.joined else "")
    if site.state is SiteState.READY:
        return _(
            "The site is confirmed. It takes work once a person there has accepted the policy."
        )
    if site.state is SiteState.REVOKED:
        return _("This site was revoked and gets no work.")
    if not waiting:
        return _("Nobody used the command for 24 hours. Make a new one.")
    return _("Run the command at the site. This page shows when it answers.")


def _steps(visit: Visit, site: Site) -> Steps:
    order = [SiteState.INVITED, SiteState.JOINED, SiteState.READY]
    at = order.index(site.state) if site.state in order else 0
    accepted = site.policy_version_id is not None
    offered = queries.policy_offered(visit.session, site.institution_id)
    names = people.names(visit.session, {site.confirmed_by} if site.confirmed_by else set())
    policy = (
        _("at the site, version {n}").format(n=offered.number)
        if offered
        else _("you have none yet")
    )
    return Steps(
        (
            Step(_("Make a command"), "done", clock(site.created)),
            Step(
                _("Run it at the site"),
                "done" if at > 0 else "now",
                clock(site.joined) if site.joined else "",
            ),
            Step(
                _("Compare six words"),
                "done" if at > 1 else "now" if at == 1 else "to-come",
                names.get(site.confirmed_by or "", "") if at > 1 else _("here"),
            ),
            Step(
                _("Accept the policy"),
                "done" if accepted else "now" if at > 1 else "to-come",
                policy,
            ),
            Step(
                _("Ready"),
                "done" if accepted and at > 1 else "to-come",
                _("it takes work in its hours"),
            ),
        )
    )


def _told(site: Site) -> Facts:
    lines: list[tuple[str, str]] = [(_("Version"), site.software)]
    for key, label in (("disk_free_mb", _("Free disk")), ("memory_mb", _("Memory"))):
        if site.readiness.get(key):
            lines.append((label, f"{number(float(site.readiness[key]) / 1000, 1)} GB"))
    return Facts(tuple(lines), narrow=True)
