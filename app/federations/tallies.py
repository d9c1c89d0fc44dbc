"""Reads over many federations at once, so that a list of them costs no more statements than one of them does."""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, institutions_where
from app.access.permissions import Permission
from app.federations.models import Federation, Membership, SheetVersion
from app.federations.queries import INSIDE, Member, seen_by
from app.federations.states import MembershipState
from app.institutions.models import Institution
from app.sites.models import Site
from app.sites.states import SiteState
from worker.protocol.tasks import TaskSheet


def by_ids(session: Session, federation_ids: Collection[str]) -> dict[str, Federation]:
    """Without asking who asks: for naming them."""
    if not federation_ids:
        return {}
    rows = session.scalars(select(Federation).where(Federation.id.in_(set(federation_ids))))
    return {row.id: row for row in rows}


def unsettled(session: Session, actor: Actor) -> list[tuple[Federation, Member]]:
    """Memberships that wait for somebody's word in federations the actor sees, in their order; the lead's own first,
    then by name."""
    ids = institutions_where(actor, Permission.FEDERATION_READ)
    waits = (MembershipState.INVITED, MembershipState.PAUSED, MembershipState.REQUESTED)
    rows = session.execute(
        select(Federation, Membership, Institution)
        .join(Membership, Membership.federation_id == Federation.id)
        .join(Institution, Institution.id == Membership.institution_id)
        .where(seen_by(ids), Membership.state.in_(waits))
        .order_by(
            Federation.created.desc(),
            Federation.id,
            Federation.lead_id != Institution.id,
            Institution.name,
        )
    )
    return [(federation, Member(membership, home)) for federation, membership, home in rows]


def active_counts(session: Session, federation_ids: Collection[str]) -> dict[str, int]:
    """Federation to its number of active memberships; absent without any."""
    rows = session.execute(
        select(Membership.federation_id, func.count())
        .where(
            Membership.federation_id.in_(federation_ids),
            Membership.state == MembershipState.ACTIVE,
        )
        .group_by(Membership.federation_id)
    )
    return dict(rows.all())


def states_of(
    session: Session, federation_ids: Collection[str], institutions: Collection[str]
) -> dict[str, list[MembershipState]]:
    """Federation to how these institutions stand in it; what is over is left out."""
    found: defaultdict[str, list[MembershipState]] = defaultdict(list)
    rows = session.execute(
        select(Membership.federation_id, Membership.state).where(
            Membership.federation_id.in_(federation_ids),
            Membership.institution_id.in_(institutions),
            Membership.state.in_((*INSIDE, MembershipState.REQUESTED)),
        )
    )
    for federation, state in rows:
        found[federation].append(state)
    return found


def inside(session: Session, federation_ids: Collection[str]) -> dict[str, dict[str, str]]:
    """Federation to the institutions of every membership that is not over, each with its country."""
    found: dict[str, dict[str, str]] = {id_: {} for id_ in federation_ids}
    rows = session.execute(
        select(Membership.federation_id, Institution.id, Institution.country)
        .join(Institution, Institution.id == Membership.institution_id)
        .where(
            Membership.federation_id.in_(federation_ids),
            Membership.state.in_((*INSIDE, MembershipState.REQUESTED)),
        )
    )
    for federation, institution, country in rows:
        found[federation][institution] = country
    return found


def memberships(
    session: Session, federation_ids: Collection[str], institution_id: str
) -> dict[str, Membership]:
    """Federation to this institution's membership, in every state."""
    rows = session.scalars(
        select(Membership).where(
            Membership.federation_id.in_(federation_ids),
            Membership.institution_id == institution_id,
        )
    )
    return {row.federation_id: row for row in rows}


def documents(session: Session, federation_ids: Collection[str]) -> dict[str, list[TaskSheet]]:
    """Federation to its task sheets in force, by name."""
    found: dict[str, list[TaskSheet]] = {id_: [] for id_ in federation_ids}
    rows = session.scalars(
        select(SheetVersion)
        .where(SheetVersion.federation_id.in_(federation_ids), SheetVersion.current.is_(True))
        .order_by(SheetVersion.name)
    )
    for row in rows:
        found[row.federation_id].append(TaskSheet.model_validate(row.document))
    return found


def sites_in_force(session: Session, institutions: Collection[str]) -> dict[str, int]:
    """Institution to its ready sites at which a policy is in force; absent without any."""
    rows = session.execute(
        select(Site.institution_id, func.count(Site.id))
        .where(
            Site.institution_id.in_(institutions),
            Site.state == SiteState.READY,
            Site.policy_version_id.is_not(None),
        )
        .group_by(Site.institution_id)
    )
    return dict(rows.all())
