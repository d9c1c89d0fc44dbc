"""Reading policy versions."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import require
from app.access.permissions import Permission
from app.errors import NotFound
from app.policies.models import PolicyVersion
from app.policies.states import PolicyState
from app.text import _
from worker.protocol.policy import PolicyDocument

_ONCE_APPROVED = (PolicyState.APPROVED, PolicyState.REPLACED)


_PARSED: dict[str, PolicyDocument] = {}
"""By digest, which says the whole text: who can take part is asked of every member on every look."""
_MOST = 4096


def document(version: PolicyVersion) -> PolicyDocument:
    """Raises pydantic's ValidationError for a document an older hub wrote and this one cannot read."""
    found = _PARSED.get(version.digest)
    if found is None:
        found = PolicyDocument.model_validate(version.document)
        if len(_PARSED) >= _MOST:
            _PARSED.clear()
        _PARSED[version.digest] = found
    return found


@dataclass(frozen=True)
class Approved:
    """An institution's approved version, as far as judging a run needs it."""

    number: int
    document: PolicyDocument


def approved_of(session: Session, institutions: Collection[str]) -> dict[str, Approved]:
    """Of many institutions. A text this process has read is not fetched again."""
    query = select(
        PolicyVersion.institution_id, PolicyVersion.id, PolicyVersion.number, PolicyVersion.digest
    ).where(
        PolicyVersion.institution_id.in_(institutions), PolicyVersion.state == PolicyState.APPROVED
    )
    heads = {
        row.institution_id: row for row in session.execute(query.order_by(PolicyVersion.number))
    }
    read = {row.id: _PARSED.get(row.digest) for row in heads.values()}
    missing = {id_ for id_, known in read.items() if known is None}
    read.update({id_: document(version) for id_, version in by_ids(session, missing).items()})
    return {
        institution: Approved(row.number, found)
        for institution, row in heads.items()
        if (found := read[row.id]) is not None
    }


def current(session: Session, institution: str) -> PolicyVersion | None:
    """The approved version. What is in force at a site is the site's word, not this."""
    query = select(PolicyVersion).where(
        PolicyVersion.institution_id == institution, PolicyVersion.state == PolicyState.APPROVED
    )
    return session.scalar(query.order_by(PolicyVersion.number.desc()).limit(1))


def history(session: Session, actor: Actor, institution: str) -> list[PolicyVersion]:
    """Every version, newest first."""
    require(actor, Permission.POLICY_READ, institution)
    query = select(PolicyVersion).where(PolicyVersion.institution_id == institution)
    return list(session.scalars(query.order_by(PolicyVersion.number.desc())))


def get(session: Session, actor: Actor, permission: Permission, version_id: str) -> PolicyVersion:
    """Raises NotFound for a stranger, NotAllowed for a member without the right."""
    found = session.get(PolicyVersion, version_id)
    if found is None:
        raise NotFound(_("There is no such policy version."))
    require(actor, permission, found.institution_id)
    return found


def by_number(session: Session, actor: Actor, institution: str, number: int) -> PolicyVersion:
    require(actor, Permission.POLICY_READ, institution)
    query = select(PolicyVersion).where(
        PolicyVersion.institution_id == institution, PolicyVersion.number == number
    )
    found = session.scalar(query)
    if found is None:
        raise NotFound(_("There is no such policy version."))
    return found


def by_digest(session: Session, institution: str, digest: str) -> PolicyVersion | None:
    """The newest version with this digest that was ever approved: what a site may say it accepted."""
    query = select(PolicyVersion).where(
        PolicyVersion.institution_id == institution,
        PolicyVersion.digest == digest,
        PolicyVersion.state.in_(_ONCE_APPROVED),
    )
    return session.scalar(query.order_by(PolicyVersion.number.desc()).limit(1))


def by_id(session: Session, version_id: str) -> PolicyVersion | None:
    """Without asking who asks: for the site door, which has checked the site."""
    return session.get(PolicyVersion, version_id)


def by_ids(session: Session, ids: set[str]) -> dict[str, PolicyVersion]:
    """Without asking who asks: for naming them."""
    if not ids:
        return {}
    rows = session.scalars(select(PolicyVersion).where(PolicyVersion.id.in_(ids)))
    return {row.id: row for row in rows}


@dataclass(frozen=True)
class Heads:
    """An institution's newest approved version and its newest draft."""

    current: PolicyVersion | None
    draft: PolicyVersion | None


def heads(session: Session, institution: str) -> Heads:
    """Both in one read."""
    newest: dict[PolicyState, PolicyVersion] = {}
    query = select(PolicyVersion).where(
        PolicyVersion.institution_id == institution,
        PolicyVersion.state.in_((PolicyState.APPROVED, PolicyState.DRAFT)),
    )
    for version in session.scalars(query.order_by(PolicyVersion.number)):
        newest[version.state] = version
    return Heads(newest.get(PolicyState.APPROVED), newest.get(PolicyState.DRAFT))


def open_draft(session: Session, institution: str) -> PolicyVersion | None:
    query = select(PolicyVersion).where(
        PolicyVersion.institution_id == institution, PolicyVersion.state == PolicyState.DRAFT
    )
    return session.scalar(query.order_by(PolicyVersion.number.desc()).limit(1))


def highest_number(session: Session, institution: str) -> int:
    query = select(func.max(PolicyVersion.number))
    return session.scalar(query.where(PolicyVersion.institution_id == institution)) or 0
