"""What waits for this person, over every slice: approve, confirm, answer, fix. The bell counts it, home lists it."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from app.access.actor import Actor, allows, institutions_where
from app.access.permissions import Permission
from app.federations import handover
from app.federations import tallies as federations
from app.federations.states import MembershipState
from app.institutions import queries as institutions
from app.institutions import tie_queries
from app.people import queries as people
from app.policies import district_queries
from app.runs import queries as runs
from app.sites.models import Site
from app.sites.states import SiteState
from app.text import _, ngettext
from app.web import own, site_words
from app.web.moments import clock, due, in_words, since
from app.web.own import Own
from app.web.parts import Status, Task
from app.web.visit import SAFE, Visit


def tasks(session: Session, visit: Visit) -> tuple[Task, ...]:
    """By date, those without one last. The frame counts them and home lists them: read once where a request reads."""
    state = visit.request.state
    if visit.request.method not in SAFE:
        return _tasks(session, visit)
    if not hasattr(state, "tasks"):
        state.tasks = _tasks(session, visit)
    kept: tuple[Task, ...] = state.tasks
    return kept


def _tasks(session: Session, visit: Visit) -> tuple[Task, ...]:
    actor, at = visit.who, visit.institution
    found: list[Task] = []
    if at is not None:
        has = own.of(session, visit, at)
        found += _approvals(session, actor)
        found += _policy(session, actor, has)
        found += _district(session, actor, at)
        found += _sites(actor, has)
        found += _memberships(session, actor)
        found += _classes(session, actor, at)
    if actor.operator:
        found += _institutions(session, actor)
    dated = [t for t in found if t.order is not None]
    undated = [t for t in found if t.order is None]
    return tuple(sorted(dated, key=lambda t: (t.order, t.title)) + undated)


def _approvals(session: Session, actor: Actor) -> Iterable[Task]:
    waiting = runs.waiting_for_answer(session, actor)
    named = federations.by_ids(session, {run.federation_id for run, _approval in waiting})
    for run, approval in waiting:
        federation = named[run.federation_id]
        yield Task(
            _("Approve run {n} of {federation}").format(n=run.number, federation=federation.name),
            _(
                "It wants to learn from your institution’s records. Read what it does and what leaves."
            ),
            f"/i/{approval.institution_id}/approvals/{approval.id}",
            _("Read and decide"),
            due(approval.expires),
            approval.expires,
        )


def _policy(session: Session, actor: Actor, has: Own) -> Iterable[Task]:
    at = has.at
    if not allows(actor, Permission.POLICY_READ, at):
        return
    draft = has.policies.draft
    may_approve = allows(actor, Permission.POLICY_APPROVE, at)
    if draft and may_approve and draft.drafted_by != actor.person:
        who = people.names(session, {draft.drafted_by}).get(draft.drafted_by, _("Someone"))
        yield Task(
            _("Read policy version {n}").format(n=draft.number),
            _("{who} has drafted it, {since}. It changes what your sites allow.").format(
                who=who, since=since(draft.changed)
            ),
            f"/i/{at}/policy/{draft.number}",
            _("Read the difference"),
        )


def _district(session: Session, actor: Actor, at: str) -> Iterable[Task]:
    """An offer for the administrator, a floor for the officer: the school's own people."""
    path, look = f"/i/{at}/district", _("Read and decide")
    if allows(actor, Permission.PEOPLE_EDIT, at):
        for name in tie_queries.offering(session, at):
            said = _("Accepting lets it propose a floor, and its privacy officer act as yours.")
            yield Task(_("Is {name} your district?").format(name=name), said, path, look)
    if allows(actor.own, Permission.POLICY_APPROVE, at):
        for name in district_queries.proposing(session, at):
            said = _(
                "Your policy stays as it is. What you approve later must keep to what you accept."
            )
            yield Task(_("Answer the floor of {name}").format(name=name), said, path, look)


def _sites(actor: Actor, has: Own) -> Iterable[Task]:
    at = has.at
    if not allows(actor, Permission.SITE_EDIT, at):
        return
    offered = has.policies.current
    for site in has.sites:
        if site.state is SiteState.JOINED:
            when = clock(site.joined) if site.joined else ""
            yield Task(
                _("Confirm the site “{name}”").format(name=site.name),
                _(
                    "It answered at {time} and shows six words. It gets no work until you confirm them."
                ).format(time=when),
                f"/i/{at}/sites/new?site={site.id}",
                _("Compare the words"),
            )
        if site.state is SiteState.READY and offered and site.policy_version_id != offered.id:
            yield Task(
                _("Accept policy version {n} at the site “{name}”").format(
                    n=offered.number, name=site.name
                ),
                _("A person at the site accepts it there. Until then the older one holds."),
                f"/i/{at}/sites/{site.id}",
                _("See how"),
            )
        elif site.state is SiteState.READY:
            yield from _care(site, has.statuses[site.id])


def _care(site: Site, status: Status) -> Iterable[Task]:
    """A site that is offline or has a fault a person can put right."""
    if status.tone not in ("act", "off"):
        return
    text = (
        _("It has not been heard for a while. Its page says what to check, in order.")
        if status.tone == "off"
        else site_words.fix(site)
    )
    yield Task(
        _("See to the site “{name}”").format(name=site.name),
        _("{state}, {age}. {text}").format(state=status.word, age=status.age, text=text),
        f"/i/{site.institution_id}/sites/{site.id}",
        _("See what it needs"),
    )


def _classes(session: Session, actor: Actor, at: str) -> Iterable[Task]:
    if not allows(actor, Permission.CLASS_EDIT, at):
        return
    new = institutions.unconfirmed_classes(session, at)
    if new:
        title = ngettext("Confirm {n} class", "Confirm {n} classes", len(new))
        codes = ", ".join(c.code for c in new[:4])
        yield Task(
            title.format(n=in_words(len(new))),
            _("A site named {codes}. Nobody reads a report before that.").format(codes=codes),
            f"/i/{at}/classes",
            _("See the classes"),
        )


def _memberships(session: Session, actor: Actor) -> Iterable[Task]:
    joins = institutions_where(actor, Permission.FEDERATION_JOIN)
    leads = institutions_where(actor, Permission.FEDERATION_LEAD)
    for federation in handover.offered_to(session, leads):
        yield Task(
            _("The lead of {name} is offered to you").format(name=federation.name),
            _("Read what it means, then take it over or decline."),
            f"/federations/{federation.id}/lead",
            _("Read the offer"),
        )
    for federation, member in federations.unsettled(session, actor):
        state, who = member.membership.state, member.institution
        if who.id in joins and state is MembershipState.INVITED:
            yield Task(
                _("Answer the invitation to {name}").format(name=federation.name),
                _("Read the agreement and how it fits your policy."),
                f"/federations/{federation.id}/join",
                _("Read the agreement"),
            )
        if who.id in joins and state is MembershipState.PAUSED:
            yield Task(
                _("{name} has new terms").format(name=federation.name),
                _("Your part is paused until you accept them."),
                f"/federations/{federation.id}/join",
                _("Read the terms"),
            )
        if federation.lead_id in leads and state is MembershipState.REQUESTED:
            yield Task(
                _("Answer {name}").format(name=who.name),
                _("It asks to join {federation}, which your institution leads.").format(
                    federation=federation.name
                ),
                f"/federations/{federation.id}",
                _("Read the request"),
            )


def _institutions(session: Session, actor: Actor) -> Iterable[Task]:
    waiting = institutions.waiting(session, actor)
    said_yes = institutions.verifying(session, [row.id for row in waiting])
    for row in waiting:
        if actor.person not in said_yes[row.id]:
            yield Task(
                _("Decide on {name}").format(name=row.name),
                _("It registered and asks to be verified, {since}.").format(
                    since=since(row.created)
                ),
                f"/operator/institutions/{row.id}",
                _("See the proofs"),
            )
