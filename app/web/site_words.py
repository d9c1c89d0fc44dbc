"""How a site stands, in a shape, a word and an age; and how an institution was verified."""

from collections.abc import Collection

from sqlalchemy.orm import Session

from app.access.permissions import Permission
from app.clock import now
from app.institutions import renewals
from app.institutions.models import Institution
from app.institutions.states import InstitutionKind, InstitutionState
from app.people import queries as people
from app.settings import Settings
from app.sites import queries, tallies
from app.sites.models import EnrolmentToken, Site
from app.sites.states import SiteState
from app.text import _, ngettext
from app.web.moments import day, in_words, known, sentence, since
from app.web.parts import Status
from worker.protocol.codes import Tier


def kind(value: InstitutionKind) -> str:
    return {
        InstitutionKind.SCHOOL: _("School"),
        InstitutionKind.DISTRICT: _("District"),
        InstitutionKind.COLLEGE: _("College"),
        InstitutionKind.UNIVERSITY: _("University"),
    }[value]


def verified(row: Institution) -> str:
    """One line: since when and by how many, or why not."""
    if row.state is InstitutionState.VERIFIED and row.verified:
        by = verified_by(row.single_operator, row.domain_proved)
        said = sentence(_("{by}, {day}").format(by=by, day=day(row.renewed or row.verified)))
        ends = renewals.due(row)
        if ends is not None and renewals.overdue(row, now()):
            return _("{said}; due again since {day}").format(said=said, day=day(ends))
        return said
    return {
        InstitutionState.REGISTERED: _("Not yet. The operators decide."),
        InstitutionState.REFUSED: _("Refused: {reason}").format(reason=row.state_reason),
        InstitutionState.SUSPENDED: _("Suspended: {reason}").format(reason=row.state_reason),
    }.get(row.state, _("Verified"))


def verified_by(single_operator: bool, domain_proved: bool) -> str:
    if single_operator:
        return _("by this hub’s only operator")
    return _("by one operator and its domain") if domain_proved else _("by two operators")


def waiting_for_decision(count: int) -> str:
    """For operators."""
    if not count:
        return _("No institution waits for a decision.")
    said = ngettext(
        "{n} institution waits for a decision.", "{n} institutions wait for a decision.", count
    )
    return sentence(said.format(n=in_words(count)))


def administrators(session: Session, row: Institution) -> str:
    """Whom an operator asks for a proof."""
    able = people.people_with(session, row.id, Permission.INSTITUTION_EDIT)
    return ", ".join(f"{person.name}, {person.email}" for person in able)


def how_verified(row: Institution) -> str:
    """How, without when: for lists that others read."""
    if row.state is not InstitutionState.VERIFIED:
        return _("not verified")
    return verified_by(row.single_operator, row.domain_proved)


def status(session: Session, settings: Settings, site: Site) -> Status:
    return statuses(session, settings, (site,))[site.id]


def statuses(session: Session, settings: Settings, sites: Collection[Site]) -> dict[str, Status]:
    """By site."""
    tokens = tallies.tokens_waiting(session, sites)
    busy = tallies.at_work(session, [s.id for s in sites if s.state is SiteState.READY])
    return {
        site.id: _ready(settings, site, busy=site.id in busy)
        if site.state is SiteState.READY
        else _not_ready(site, tokens.get(site.id))
        for site in sites
    }


def _not_ready(site: Site, token: EnrolmentToken | None) -> Status:
    if site.state is SiteState.REVOKED:
        return Status("stop", _("Revoked"), since(site.revoked) if site.revoked else "")
    if site.state is SiteState.JOINED:
        return Status("act", _("Waiting for you"), since(site.joined) if site.joined else "")
    if token is None:
        return Status("off", _("Expired"), since(site.created))
    return Status("wait", _("Waiting"), since(token.created))


def _ready(settings: Settings, site: Site, *, busy: bool) -> Status:
    age = known(site.last_seen)
    if not queries.is_recent(site, settings.seen_recently_s):
        return Status("off", _("Offline"), age)
    if site.policy_version_id is None:
        return Status("act", _("No policy accepted"), age)
    faults = [i for i in site.readiness.get("items", []) if not i.get("ok")]
    if faults:
        return Status("act", readiness_fault(str(faults[0].get("item"))), age)
    if busy:
        return Status("busy", _("Working"), age)
    return Status("good", _("Ready"), age)


def tier(value: Tier) -> str:
    """What its machine trains of an adapter."""
    return {
        Tier.SMALL: _("small: trains little of a text adapter"),
        Tier.MEDIUM: _("medium: trains a middle part of a text adapter"),
        Tier.LARGE: _("large: trains all of a text adapter"),
    }[value]


def readiness_fault(item: str) -> str:
    return {
        "hub-reachable": _("Cannot reach the hub"),
        "clock": _("Clock is wrong"),
        "keys": _("Keys need care"),
        "standing": _("Your institution is suspended"),
        "policy": _("No policy accepted"),
        "data": _("Records have faults"),
        "disk": _("Low on disk"),
        "memory": _("Low on memory"),
        "learning": _("Learning does not start"),
    }.get(item, _("Needs care"))


def fix(site: Site) -> str:
    """What to do about its first fault."""
    faults = [i for i in site.readiness.get("items", []) if not i.get("ok")]
    if site.policy_version_id is None:
        return fix_of({"item": "policy"})
    return fix_of(faults[0]) if faults else ""


def fix_of(item: dict[str, object]) -> str:
    """What a person at the site does about one line of its readiness."""
    if item.get("ok"):
        return _("nothing")
    return {
        "hub-reachable": _("Allow outbound HTTPS to the hub’s host on port 443."),
        "clock": _("Set the computer’s clock by network time."),
        "keys": _("Read “collegium-site status”; a new join may be needed."),
        "standing": _("Write to the hub’s operators."),
        "policy": _("Run “collegium-site policy review”, then accept it."),
        "data": _("Run “collegium-site data check”: it names file, row and fix."),
        "disk": _("Make room: a round needs about 4 GB."),
        "memory": _("Close other programs, or use a computer with more memory."),
        "learning": _("Install the site program again, with its learning part."),
    }.get(str(item.get("item")), "")
