"""Reads of federations, their sheets, memberships and base models. A stranger gets NotFound."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, bindparam, or_, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, institutions_where
from app.access.loaders import require
from app.access.permissions import Permission
from app.errors import NotAllowed, NotFound
from app.federations.models import Federation, Membership, SheetVersion
from app.federations.schemas import Accepted, Terms
from app.federations.states import FederationState, MembershipState
from app.institutions.models import Institution
from app.institutions.states import InstitutionState
from app.sites.models import Site
from app.text import _
from worker.protocol.manifest import ModelSpec
from worker.protocol.tasks import TaskSheet

INSIDE = (MembershipState.INVITED, MembershipState.ACTIVE, MembershipState.PAUSED)
"""Who sees a federation, besides its lead: the invited and the members."""


@dataclass(frozen=True)
class Member:
    """A membership with its institution, as other members may see both."""

    membership: Membership
    institution: Institution


def seen_by(institutions: Iterable[str]) -> ColumnElement[bool]:
    ids = list(institutions)
    inside = select(Membership.federation_id).where(
        Membership.institution_id.in_(ids), Membership.state.in_(INSIDE)
    )
    return or_(Federation.lead_id.in_(ids), Federation.id.in_(inside))


def visible_to(session: Session, actor: Actor) -> Sequence[Federation]:
    """The lead's own (drafts included), and those the actor's institutions are in or invited to."""
    ids = institutions_where(actor, Permission.FEDERATION_READ)
    return session.scalars(
        select(Federation).where(seen_by(ids)).order_by(Federation.created.desc(), Federation.id)
    ).all()


def get(session: Session, actor: Actor, permission: Permission, federation_id: str) -> Federation:
    """One that the actor sees. FEDERATION_LEAD and RUN_LEAD are asked of the lead institution, every other
    permission of any of the actor's institutions inside. Raises NotFound, NotAllowed."""
    ids = institutions_where(actor, Permission.FEDERATION_READ)
    found = session.scalars(
        select(Federation).where(Federation.id == federation_id, seen_by(ids))
    ).first()
    if found is None:
        raise NotFound(_("There is no such federation for you."))
    if permission in (Permission.FEDERATION_LEAD, Permission.RUN_LEAD):
        require(actor, permission, found.lead_id)
    elif not inside(session, found, institutions_where(actor, permission)):
        require(actor, permission, min(inside(session, found, ids)))
    return found


_INSIDE = select(Membership.institution_id).where(
    Membership.federation_id == bindparam("federation"),
    Membership.institution_id.in_(bindparam("ids", expanding=True)),
    Membership.state.in_(INSIDE),
)


def inside(session: Session, federation: Federation, institutions: Iterable[str]) -> frozenset[str]:
    """Those of `institutions` that see this federation: its lead, the invited and the members."""
    ids = set(institutions)
    if ids <= {federation.lead_id}:
        return frozenset(ids)
    rows = session.scalars(_INSIDE, {"federation": federation.id, "ids": sorted(ids)})
    return frozenset(rows) | (ids & {federation.lead_id})


def open_to(session: Session, actor: Actor) -> Sequence[Federation]:
    """Open federations that the actor's verified institutions are not in and could ask to join."""
    ids = institutions_where(actor, Permission.FEDERATION_READ)
    verified = session.scalars(
        select(Institution.id).where(
            Institution.id.in_(ids), Institution.state == InstitutionState.VERIFIED
        )
    ).all()
    if not verified:
        return []
    return session.scalars(
        select(Federation)
        .where(Federation.state == FederationState.OPEN, ~seen_by(ids))
        .order_by(Federation.name)
    ).all()


def get_open(session: Session, actor: Actor, federation_id: str) -> Federation:
    """One of `open_to`, for somebody who thinks of joining. Raises NotFound; NotAllowed with the reason for somebody
    none of whose institutions may look beyond its own, whatever the id."""
    own = institutions_where(actor, Permission.FEDERATION_READ)
    if own and own <= actor.holds.keys():
        hold = actor.holds[min(own)]
        raise NotAllowed(hold.reason, state=hold.state)
    found = next((f for f in open_to(session, actor) if f.id == federation_id), None)
    if found is None:
        raise NotFound(_("There is no such federation for you."))
    return found


def for_site(session: Session, site: Site, federation_id: str) -> Federation:
    """One whose task sheets a site may read: its institution is in it, asks to be, or could. Raises NotFound."""
    home = session.get_one(Institution, site.institution_id)
    verified = home.state is InstitutionState.VERIFIED
    could = (Federation.state == FederationState.OPEN,) if verified else ()
    found = session.scalars(
        select(Federation).where(
            Federation.id == federation_id, or_(seen_by([site.institution_id]), *could)
        )
    ).first()
    if found is None:
        raise NotFound(_("There is no such federation for you."))
    return found


def by_id(session: Session, federation_id: str) -> Federation | None:
    """For the hub's own work, which acts for no person."""
    return session.get(Federation, federation_id)


def by_name(session: Session, name: str) -> Federation | None:
    return session.scalars(select(Federation).where(Federation.name == name)).first()


def locked(session: Session, federation_id: str) -> Federation | None:
    """The row, held until the transaction ends."""
    return session.scalars(
        select(Federation).where(Federation.id == federation_id).with_for_update(key_share=True)
    ).first()


def members(session: Session, federation: Federation) -> list[Member]:
    """Every membership that is not over, the lead first, then by name."""
    rows = session.execute(
        select(Membership, Institution)
        .join(Institution, Institution.id == Membership.institution_id)
        .where(
            Membership.federation_id == federation.id,
            Membership.state.in_((*INSIDE, MembershipState.REQUESTED)),
        )
        .order_by(Institution.name)
    ).all()
    found = [Member(membership, institution) for membership, institution in rows]
    return sorted(found, key=lambda m: m.institution.id != federation.lead_id)


def active_members(session: Session, federation_id: str) -> list[Member]:
    """Active memberships of verified institutions, by institution id."""
    return [
        member
        for member in active_or_suspended(session, federation_id)
        if member.institution.state is InstitutionState.VERIFIED
    ]


_ABLE = (
    select(Membership, Institution)
    .join(Institution, Institution.id == Membership.institution_id)
    .where(
        Membership.federation_id == bindparam("federation"),
        Membership.state == MembershipState.ACTIVE,
        Institution.state.in_((InstitutionState.VERIFIED, InstitutionState.SUSPENDED)),
    )
    .order_by(Institution.id)
)


def active_or_suspended(session: Session, federation_id: str) -> list[Member]:
    """As `active_members`, with those whose institution the operators suspended."""
    rows = session.execute(_ABLE, {"federation": federation_id}).all()
    return [Member(membership, institution) for membership, institution in rows]


def membership(session: Session, federation_id: str, institution_id: str) -> Membership | None:
    return session.scalars(
        select(Membership).where(
            Membership.federation_id == federation_id, Membership.institution_id == institution_id
        )
    ).first()


def memberships_of(session: Session, institution_id: str) -> Sequence[Membership]:
    """An institution's own, in every state."""
    return session.scalars(
        select(Membership)
        .where(Membership.institution_id == institution_id)
        .order_by(Membership.changed.desc())
    ).all()


def active(session: Session, federation_id: str) -> Sequence[Membership]:
    return session.scalars(
        select(Membership).where(
            Membership.federation_id == federation_id, Membership.state == MembershipState.ACTIVE
        )
    ).all()


def others_in(session: Session, federation: Federation) -> bool:
    """Whether an institution besides the lead is a member, paused ones counted."""
    inside = (MembershipState.ACTIVE, MembershipState.PAUSED)
    wanted = select(Membership.id).where(
        Membership.federation_id == federation.id,
        Membership.institution_id != federation.lead_id,
        Membership.state.in_(inside),
    )
    return session.scalars(wanted.limit(1)).first() is not None


def institution(session: Session, institution_id: str) -> Institution | None:
    return session.get(Institution, institution_id)


def parents(session: Session) -> dict[str, str]:
    """Institution to parent, for those that have one."""
    rows = session.execute(
        select(Institution.id, Institution.parent_id).where(Institution.parent_id.is_not(None))
    )
    return {child: parent for child, parent in rows if parent is not None}


def sheets(session: Session, federation_id: str) -> Sequence[SheetVersion]:
    """The versions in force, by name."""
    return session.scalars(
        select(SheetVersion)
        .where(SheetVersion.federation_id == federation_id, SheetVersion.current.is_(True))
        .order_by(SheetVersion.name)
    ).all()


def sheet_versions(session: Session, federation_id: str, name: str) -> Sequence[SheetVersion]:
    """All of one sheet, oldest first."""
    return session.scalars(
        select(SheetVersion)
        .where(SheetVersion.federation_id == federation_id, SheetVersion.name == name)
        .order_by(SheetVersion.number)
    ).all()


def documents(session: Session, federation_id: str) -> tuple[TaskSheet, ...]:
    """The task sheets in force, by name."""
    return tuple(TaskSheet.model_validate(s.document) for s in sheets(session, federation_id))


def known(session: Session, federation_id: str, name: str) -> tuple[TaskSheet, ...]:
    """All versions of one task sheet, newest first, then the sheets in force."""
    versions = reversed(sheet_versions(session, federation_id, name))
    found = tuple(TaskSheet.model_validate(one.document) for one in versions)
    return found + documents(session, federation_id)


def terms(federation: Federation) -> Terms:
    return Terms.model_validate(federation.terms)


def model(federation: Federation) -> ModelSpec:
    return ModelSpec.model_validate(federation.model)


def accepted(session: Session, federation: Federation) -> Accepted:
    """What a member accepts today; its digest is what the federation's `agreement_digest` holds."""
    return Accepted(
        purpose=federation.purpose,
        agreement=federation.agreement,
        terms=terms(federation),
        model=model(federation),
        sheets=documents(session, federation.id),
    )


def nobody(federation: Federation, institution_id: str) -> Membership:
    """A membership that is not one yet, for asking "what if". Never added to a session."""
    return Membership(
        id="",
        federation_id=federation.id,
        institution_id=institution_id,
        state=MembershipState.REQUESTED,
    )
