"""Which profiles bind an institution: proposed from what it says of itself, decided by a named person, composed."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import fresh, require
from app.access.permissions import Permission
from app.audit import kinds
from app.audit.service import record
from app.clock import now
from app.effects import Ring, after_commit
from app.errors import Invalid
from app.ids import new_id
from app.institutions import queries as institutions
from app.institutions.models import Institution
from app.policies import deciding, shelf
from app.policies.composing import Composed, Confirmed, compose
from app.policies.models import ProfileDecision
from app.policies.profile import Applies, Profile
from app.policies.shelf import Known
from app.text import _
from worker.protocol.policy import PolicyDocument

REVIEW_AFTER = timedelta(days=180)
Standing = Literal["proposed", "confirmed", "changed", "due", "set-aside", "not-proposed"]
"""`changed`: a newer version than the confirmed one is known. `due`: confirmed longer than 180 days ago."""


@dataclass(frozen=True)
class Held:
    """One profile as an institution stands to it. `confirmed` is the version it decided on."""

    newest: Known
    decision: ProfileDecision | None
    confirmed: Known | None
    standing: Standing

    @property
    def waits(self) -> bool:
        """Whether somebody is wanted."""
        return self.standing in ("proposed", "changed", "due")


def applies(rule: Applies, place: Institution) -> bool:
    """Whether to propose it. Where the ages are not told, as if someone young were taught; a law of a region only
    once the region is told."""
    if place.country not in rule.countries or (rule.kinds and place.kind not in rule.kinds):
        return False
    if rule.regions and place.region not in rule.regions:
        return False
    return rule.below_age is None or place.youngest is None or place.youngest < rule.below_age


def proposed(profile: Profile, place: Institution) -> bool:
    """A contract is never proposed: nobody but the institution knows what it signed."""
    return profile.kind != "contract" and applies(profile.applies, place)


def _newest_of(session: Session, places: Collection[str]) -> dict[str, dict[str, ProfileDecision]]:
    found: dict[str, dict[str, ProfileDecision]] = {place: {} for place in places}
    query = select(ProfileDecision).where(ProfileDecision.institution_id.in_(places))
    for row in session.scalars(query.order_by(ProfileDecision.decided, ProfileDecision.id)):
        found[row.institution_id][row.profile] = row
    return found


def held(session: Session, place: Institution, at: datetime | None = None) -> list[Held]:
    """Every profile, those that wait for somebody first, then the confirmed, then the rest; by name."""
    return held_of(session, (place,), at)[place.id]


def held_of(
    session: Session, places: Iterable[Institution], at: datetime | None = None
) -> dict[str, list[Held]]:
    """As `held`, of many institutions, in two statements."""
    rows, moment = list(places), at or now()
    every = shelf.every(session)
    newest = {name: known for (name, _number), known in every.items()}
    by_id = {known.id: known for known in every.values() if known.id}
    decided = _newest_of(session, [row.id for row in rows])
    made: dict[str, list[Held]] = {}
    for row in rows:
        mine = decided[row.id]
        found = [_held(known, mine.get(name), by_id, row, moment) for name, known in newest.items()]
        made[row.id] = sorted(
            found, key=lambda h: (not h.waits, h.confirmed is None, h.newest.profile.profile)
        )
    return made


def _held(
    newest: Known,
    decision: ProfileDecision | None,
    by_id: dict[str, Known],
    place: Institution,
    at: datetime,
) -> Held:
    if decision is None:
        standing: Standing = "proposed" if proposed(newest.profile, place) else "not-proposed"
        return Held(newest, None, None, standing)
    version = by_id[decision.version_id]
    if not decision.applies:
        changed = version.profile.number < newest.profile.number
        again = changed and proposed(newest.profile, place)
        return Held(newest, decision, None, "proposed" if again else "set-aside")
    if version.profile.number < newest.profile.number:
        return Held(newest, decision, version, "changed")
    due = at - decision.decided > REVIEW_AFTER
    return Held(newest, decision, version, "due" if due else "confirmed")


def composed(session: Session, place: Institution, every: Iterable[Held] | None = None) -> Composed:
    """What its confirmed profiles bound now. Nothing that waits for a person takes part."""
    rows = held(session, place) if every is None else every
    confirmed = [
        Confirmed(
            h.confirmed.profile,
            h.confirmed.digest,
            None if h.decision.elements is None else tuple(h.decision.elements),
        )
        for h in rows
        if h.confirmed is not None and h.decision is not None
    ]
    return compose(confirmed, place.country, place.zone)


def explained(session: Session, document: PolicyDocument) -> Composed:
    """A policy's own bounds again, from the very versions it names, with where each value comes from."""
    bounds, every = document.bounds, shelf.every(session)
    confirmed = [
        Confirmed(
            known.profile,
            known.digest,
            bounds.elements if known.profile.kind == "contract" else None,
        )
        for ref in bounds.profiles
        if (known := every.get((ref.profile, ref.number))) is not None
    ]
    return compose(confirmed, bounds.country, bounds.zone)


def decide(
    session: Session,
    actor: Actor,
    institution: str,
    name: str,
    number: int,
    *,
    binds: bool,
    elements: tuple[str, ...] | None = None,
) -> ProfileDecision:
    """A named person says that this version binds the institution, or that the profile does not.

    Changes no approved policy, no site and no run: a new policy version takes it up. Raises NotFound, NotAllowed.
    """
    require(actor, Permission.POLICY_READ, institution)
    fresh(actor)
    one_person = deciding.stands(session, actor, institution)
    known = shelf.get(session, name, number)
    if elements is not None and known.profile.kind != "contract":
        problem = _("Only a contract lists columns.")
        raise Invalid(problem, {"elements": problem})
    row = ProfileDecision(
        id=new_id("confirmation"),
        institution_id=institution,
        profile=name,
        version_id=shelf.keep(session, actor.id, known).id,
        applies=binds,
        elements=None if elements is None else list(elements),
        decided_by=actor.person,
        one_person=one_person,
        decided=now(),
    )
    session.add(row)
    session.flush()
    kind = kinds.PROFILE_CONFIRMED if binds else kinds.PROFILE_SET_ASIDE
    body = {"number": number, "digest": known.digest, "one_person": one_person}
    record(session, actor.id, kind, chain=institution, subject=row.version_id, body=body)
    after_commit(session, Ring(f"institution:{institution}"))
    return row


def decided(session: Session, actor: Actor, institution: str) -> list[ProfileDecision]:
    """Every decision ever made, newest first."""
    require(actor, Permission.POLICY_READ, institution)
    query = select(ProfileDecision).where(ProfileDecision.institution_id == institution)
    return list(session.scalars(query.order_by(ProfileDecision.decided.desc())))


def of(session: Session, actor: Actor, institution: str) -> list[Held]:
    """As `held`, for one who may read the policy."""
    row = institutions.get(session, actor, Permission.POLICY_READ, institution)
    return held(session, row)
