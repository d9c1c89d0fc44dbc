"""An institution's register of purposes: why, on which lawful basis, for how long, and who says yes to a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import require
from app.access.permissions import Permission
from app.audit import kinds
from app.audit.events import Kind
from app.audit.service import record
from app.clock import now
from app.effects import Ring, after_commit
from app.errors import Conflict, Invalid, NotFound, Outdated
from app.ids import new_id
from app.institutions import queries as institutions
from app.names import clean_name
from app.policies import decisions, durations
from app.policies.models import PurposeRecord
from app.policies.states import Approver
from app.text import _
from worker.protocol.categories import ALL, Category
from worker.protocol.policy import Purpose

OWN = "own"
"""A basis in the institution's own words, where no confirmed profile lists one that fits."""


@dataclass(frozen=True)
class Ground:
    """A lawful basis that a confirmed profile lists. `key` names it in a form."""

    key: str
    profile: str
    number: int
    text: str
    article: str


@dataclass(frozen=True)
class Told:
    """What a person writes down. `basis`: a `Ground.key`, or `own` with `basis_text`."""

    name: str
    purpose: Purpose
    basis: str
    retention: str
    basis_text: str = ""
    protected: bool = False
    categories: tuple[Category, ...] = ()
    approver: Approver = Approver.OFFICER


def bases(session: Session, institution: str) -> list[Ground]:
    """Of the profiles confirmed now."""
    row = institutions.by_id(session, institution)
    return [
        Ground(f"{p.profile}:{p.number}:{n}", p.profile, p.number, stated.text, stated.article)
        for held in decisions.held(session, row)
        if held.confirmed is not None
        for p in (held.confirmed.profile,)
        for n, stated in enumerate(p.bases)
    ]


def of(session: Session, actor: Actor, institution: str) -> Sequence[PurposeRecord]:
    """Those in force, by name."""
    require(actor, Permission.POLICY_READ, institution)
    return in_force(session, institution)


def in_force(session: Session, institution: str) -> Sequence[PurposeRecord]:
    query = select(PurposeRecord).where(
        PurposeRecord.institution_id == institution, PurposeRecord.ended.is_(None)
    )
    return session.scalars(query.order_by(PurposeRecord.name)).all()


def get(session: Session, actor: Actor, permission: Permission, purpose_id: str) -> PurposeRecord:
    """Raises NotFound for a stranger, NotAllowed for a member without the right."""
    found = session.get(PurposeRecord, purpose_id)
    if found is None:
        raise NotFound(_("There is no such purpose."))
    require(actor, permission, found.institution_id)
    return found


def add(session: Session, actor: Actor, institution: str, told: Told) -> PurposeRecord:
    """Raises Invalid with a sentence at each field, Conflict for a name that is taken."""
    require(actor, Permission.POLICY_DRAFT, institution)
    moment = now()
    row = PurposeRecord(
        id=new_id("purpose"),
        institution_id=institution,
        **_values(session, institution, told),
        changed_by=actor.person,
        created=moment,
        changed=moment,
    )
    _named_once(session, row.institution_id, row.name, None)
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(_("Somebody else did the same just now. Look again.")) from error
    _write(session, actor, row, kinds.PURPOSE_RECORDED)
    return row


def change(
    session: Session, actor: Actor, purpose_id: str, told: Told, revision: int
) -> PurposeRecord:
    """Raises Outdated when another person changed it since `revision`."""
    row = get(session, actor, Permission.POLICY_DRAFT, purpose_id)
    values = _values(session, row.institution_id, told)
    _named_once(session, row.institution_id, told.name, row.id)
    done = session.execute(
        update(PurposeRecord)
        .where(
            PurposeRecord.id == row.id,
            PurposeRecord.revision == revision,
            PurposeRecord.ended.is_(None),
        )
        .values(**values, revision=revision + 1, changed_by=actor.person, changed=now())
        .execution_options(synchronize_session=False)
    )
    session.refresh(row)
    if done.rowcount != 1:  # type: ignore[attr-defined]
        said = _("Another person changed this purpose meanwhile. Read it again.")
        raise Outdated(said, revision=row.revision, saved_by=row.changed_by)
    _write(session, actor, row, kinds.PURPOSE_CHANGED)
    return row


def end(session: Session, actor: Actor, purpose_id: str) -> None:
    """It stays on record as ended; twice counts once."""
    row = get(session, actor, Permission.POLICY_DRAFT, purpose_id)
    if row.ended is None:
        row.ended, row.changed_by = now(), actor.person
        session.flush()
        _write(session, actor, row, kinds.PURPOSE_ENDED)


def _values(session: Session, institution: str, told: Told) -> dict[str, object]:
    faults: dict[str, str] = {}
    name = clean_name(told.name) if told.name.strip() else ""
    if not name:
        faults["name"] = _("Give the purpose a name.")
    if told.purpose not in get_args(Purpose):
        faults["purpose"] = _("Choose from the list.")
    if not set(told.categories) <= set(ALL):
        faults["categories"] = _("Choose from the list.")
    try:
        durations.read(told.retention)
    except Invalid as error:
        faults.update(error.errors)
    basis = _basis(session, institution, told, faults)
    if faults:
        raise Invalid(_("Some answers need another look."), faults)
    return {
        "name": name,
        "purpose": told.purpose,
        "retention": told.retention,
        "protected": told.protected,
        "categories": list(told.categories),
        "approver": told.approver,
        **basis,
    }


def _basis(
    session: Session, institution: str, told: Told, faults: dict[str, str]
) -> dict[str, object]:
    if told.basis == OWN:
        text = told.basis_text.strip()
        if not text or len(text) > 600:
            faults["basis_text"] = _("Name the basis and its article, in at most 600 characters.")
        return {"basis_profile": None, "basis": text}
    found = next((g for g in bases(session, institution) if g.key == told.basis), None)
    if found is None:
        faults["basis"] = _("Choose a basis of a profile you confirmed, or write your own.")
        return {}
    profile = f"{found.profile} {found.number}"
    return {"basis_profile": profile, "basis": f"{found.text} ({found.article})"[:1000]}


def _named_once(session: Session, institution: str, name: str, but: str | None) -> None:
    wanted = clean_name(name)
    if any(row.name == wanted and row.id != but for row in in_force(session, institution)):
        problem = _("Another purpose has this name.")
        raise Invalid(problem, {"name": problem})


def categories(session: Session, institution: str) -> frozenset[str]:
    """Special categories with a ground on record."""
    return frozenset(c for row in in_force(session, institution) for c in row.categories)


def asked_at_site(session: Session, institution: str) -> frozenset[str]:
    """Purposes whose runs a person at the site is to approve."""
    return frozenset(
        row.purpose for row in in_force(session, institution) if row.approver is Approver.SITE
    )


def _write(session: Session, actor: Actor, row: PurposeRecord, kind: Kind) -> None:
    body = {"revision": row.revision}
    record(session, actor.id, kind, chain=row.institution_id, subject=row.id, body=body)
    after_commit(session, Ring(f"institution:{row.institution_id}"))
