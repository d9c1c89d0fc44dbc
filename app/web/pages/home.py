"""What needs me now?

Tasks by date, then what runs, then what changed. A new institution sees its way to a first run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from starlette.responses import RedirectResponse, Response

from app.access.actor import allows
from app.access.permissions import Permission, Role
from app.audit import kinds
from app.audit import queries as audit
from app.clock import now
from app.federations import queries as federations
from app.federations import tallies as federation_tallies
from app.federations.states import MembershipState
from app.institutions.states import InstitutionState
from app.people import queries as people
from app.runs import listing
from app.runs.models import Run
from app.sites import queries as sites
from app.sites.states import SiteState
from app.text import _, ngettext
from app.web import own, render, site_words, subjects
from app.web.moments import as_of, in_words, lately, sentence, size
from app.web.pages import run_words
from app.web.pages.notices import news
from app.web.parts import (
    Cell,
    Empty,
    Facts,
    Link,
    Links,
    Log,
    LogLine,
    Panel,
    Progress,
    Said,
    Sheet,
    Step,
    Steps,
    Tasks,
    Text,
)
from app.web.visit import Here, Visit, page_router
from app.web.waiting import tasks

router = page_router()


@dataclass(frozen=True)
class _Standing:
    """How far an institution is on its way to a first run."""

    verified: bool
    officer: bool
    policy: bool
    site: bool
    federation: bool

    @property
    def ready(self) -> bool:
        return all((self.verified, self.officer, self.policy, self.site, self.federation))


def standing(visit: Visit, at: str) -> _Standing:
    session, has = visit.session, own.of(visit.session, visit, at)
    states = {m.state for m in federations.memberships_of(session, at)}
    return _Standing(
        has.institution.state is InstitutionState.VERIFIED,
        bool(people.people_with(session, at, Permission.POLICY_APPROVE)),
        has.policies.current is not None,
        any(s.state is SiteState.READY for s in has.sites),
        MembershipState.ACTIVE in states,
    )


def way(at: str, stands: _Standing) -> Steps:
    """The steps to a first run, ticked as they become true; the first open one is now."""
    lines = (
        (stands.verified, _("Your institution is verified"), f"/i/{at}/verification"),
        (stands.officer, _("A privacy officer has joined"), f"/i/{at}/people/invite"),
        (stands.policy, _("A policy is approved"), f"/i/{at}/policy"),
        (stands.site, _("A site is ready"), f"/i/{at}/sites/new"),
        (stands.federation, _("You are in a federation"), "/federations"),
    )
    first = next((i for i, line in enumerate(lines) if not line[0]), -1)
    return Steps(
        tuple(
            Step(
                text,
                "done" if done else "now" if i == first else "to-come",
                link=None if done else Link(_("Go there"), href),
            )
            for i, (done, text, href) in enumerate(lines)
        )
    )


@router.get("/home")
def home(visit: Here) -> Response:
    actor, at = visit.who, visit.institution
    if actor.withheld is not None:
        return RedirectResponse("/account/second-factor", 303)
    held = actor.roles.get(at, frozenset()) if at else frozenset()
    if held == {Role.INSTRUCTOR} and not actor.operator:
        return RedirectResponse("/classes", 303)
    if at is None and actor.operator:
        return RedirectResponse("/operator", 303)
    waiting = tasks(visit.session, visit)
    panels: list[Panel] = []
    stands = standing(visit, at) if at and held - {Role.INSTRUCTOR} else None
    if waiting:
        panels.append(Panel(_("What needs you now"), (Tasks(waiting),)))
    if at and stands and not stands.ready:
        panels.append(Panel(_("Steps to a first run"), (way(at, stands),)))
    panels += news(visit)
    running = listing.going_on(visit.session, actor)
    panels += _running(visit, running[:3])
    if at and allows(actor, Permission.AUDIT_READ, at):
        panels.append(_changed(visit, at))
    if not panels:
        panels.append(
            Panel(_("What needs you now"), (Empty(_("Nothing waits for you, and nothing runs.")),))
        )
    sheet = Sheet(
        title=_title(len(waiting), new=stands is not None and not stands.ready),
        says=_says(len(running)),
        asof=as_of(),
        panels=tuple(panels),
        aside=(_glance(visit, at),) if at and stands else (),
        menu="home",
    )
    return render.sheet(visit, sheet)


def _title(count: int, *, new: bool) -> str:
    if not count and new:
        return _("Your next step")
    if not count:
        return _("Nothing needs you now")
    said = ngettext("{n} thing needs you", "{n} things need you", count)
    return sentence(said.format(n=in_words(count)))


def _says(count: int) -> str:
    if not count:
        return _("No run is in progress.")
    said = ngettext("{n} run is in progress.", "{n} runs are in progress.", count)
    return sentence(said.format(n=in_words(count)))


def _running(visit: Visit, found: Sequence[Run]) -> list[Panel]:
    briefs = run_words.briefs(visit.session, found)
    named = federation_tallies.by_ids(visit.session, {run.federation_id for run in found})
    return [_run(run, named[run.federation_id].name, briefs[run.id]) for run in found]


def _run(run: Run, federation: str, brief: run_words.Brief) -> Panel:
    return Panel(
        _("What is running"),
        (
            brief.status,
            Text(brief.sentence),
            Progress(
                f"p-{run.id}",
                brief.done,
                brief.rounds,
                run_words.rounds_done(brief),
            ),
            Links((Link(_("See the run"), f"/runs/{run.id}"),)),
        ),
        lead=_("{federation}, run {n}").format(federation=federation, n=run.number),
        id=f"h-{run.id}",
    )


def _changed(visit: Visit, at: str) -> Panel:
    events = audit.latest(visit.session, at, limit=6, only=subjects.loud())
    names = people.names(visit.session, {e.actor for e in events})
    about = subjects.about(visit.session, at, events)
    lines = tuple(
        LogLine(
            e.at,
            lately(e.at),
            _("{what}, by {who}.").format(what=_(kinds.by_name(e.kind).title), who=names[e.actor])
            if e.actor in names
            else f"{_(kinds.by_name(e.kind).title)}.",
            about.get(e.subject),
        )
        for e in events
    )
    body = (Log(lines), Links((Link(_("Everything that happened"), f"/i/{at}/audit"),)))
    return Panel(_("What changed"), body if lines else (Empty(_("Nothing has happened yet.")),))


def _glance(visit: Visit, at: str) -> Panel:
    has = own.of(visit.session, visit, at)
    row, policy, draft = has.institution, has.policies.current, has.policies.draft
    lines: list[tuple[str, Cell]] = [
        (site.name, has.statuses[site.id])
        for site in has.sites
        if site.state is not SiteState.REVOKED
    ]
    said = _("Version {n} is approved.").format(n=policy.number) if policy else _("None approved.")
    if draft:
        said += " " + _("Version {n} is a draft.").format(n=draft.number)
    lines.append((_("Policy"), said))
    if allows(visit.who, Permission.SENT_READ, at):
        lines.append((_("Left us in seven days"), _left(visit, at)))
    lines.append((_("Verified"), site_words.verified(row)))
    title = _("{name} at a glance").format(name=row.name)
    return Panel(title, (Facts(tuple(lines), stacked=True),), id="h-own")


def _left(visit: Visit, at: str) -> Said:
    """Bytes and transfers of the last week."""
    count, total = sites.sent_since(visit.session, visit.who, at, now() - timedelta(days=7))
    link = Link(_("See each one"), f"/i/{at}/sent")
    if not count:
        return Said(_("Nothing."), link)
    said = ngettext("{size} in {n} transfer.", "{size} in {n} transfers.", count)
    return Said(said.format(size=size(total), n=in_words(count)), link)
