"""API tokens: `clg_<prefix>_<secret>`, shown once, kept as a hash, for one institution, scoped, expiring."""

import hmac
import secrets
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import fresh, require
from app.access.permissions import TOKEN_NEVER, Permission
from app.audit import kinds
from app.audit.service import record
from app.clock import now
from app.errors import Conflict, Invalid
from app.ids import new_id
from app.names import clean_name
from app.people import queries
from app.people.models import ApiToken
from app.secrets import new_token, token_hash
from app.text import _

LONGEST_DAYS = 366
TOUCH = timedelta(minutes=1)


def mint(
    session: Session,
    actor: Actor,
    institution: str,
    name: str,
    scopes: Iterable[Permission],
    days: int = 90,
) -> tuple[ApiToken, str]:
    """The row, and the token's text: the only time it is seen. Scopes are at most what the actor may do here."""
    require(actor, Permission.TOKEN_EDIT, institution)
    fresh(actor)
    wanted = frozenset(scopes)
    _check(wanted, actor.permissions(institution), days)
    prefix, secret = secrets.token_hex(6), new_token()
    moment = now()
    row = ApiToken(
        id=new_id("token"),
        institution_id=institution,
        person_id=actor.person,
        name=clean_name(name),
        prefix=prefix,
        secret_hash=token_hash(secret),
        scopes=sorted(s.value for s in wanted),
        created=moment,
        expires=moment + timedelta(days=days),
    )
    session.add(row)
    session.flush()
    body = {"scopes": wanted}
    record(session, actor.id, kinds.TOKEN_MINTED, chain=institution, subject=row.id, body=body)
    return row, f"clg_{prefix}_{secret}"


def _check(wanted: frozenset[Permission], held: frozenset[Permission], days: int) -> None:
    problems: dict[str, str] = {}
    if not wanted:
        problems["scopes"] = _("Choose at least one scope.")
    elif wanted & TOKEN_NEVER:
        problems["scopes"] = _("No API token may have: {scopes}.").format(
            scopes=_list(wanted & TOKEN_NEVER)
        )
    elif not wanted <= held:
        problems["scopes"] = _("You cannot give what you may not do: {scopes}.").format(
            scopes=_list(wanted - held)
        )
    if not 1 <= days <= LONGEST_DAYS:
        problems["days"] = _("Choose between 1 and {most} days.").format(most=LONGEST_DAYS)
    if problems:
        raise Invalid(next(iter(problems.values())), problems)


def _list(scopes: Iterable[Permission]) -> str:
    return ", ".join(sorted(s.value for s in scopes))


def revoke(session: Session, actor: Actor, token_id: str) -> None:
    """Out at its next request. Raises NotFound, Conflict when it already is."""
    row = queries.token(session, actor, token_id)
    fresh(actor)
    gone = session.execute(
        update(ApiToken)
        .where(ApiToken.id == row.id, ApiToken.revoked.is_(None))
        .values(revoked=now())
        .execution_options(synchronize_session=False)
    )
    if gone.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(_("This token is revoked already."))
    session.refresh(row)
    record(
        session,
        actor.id,
        kinds.TOKEN_REVOKED,
        chain=row.institution_id,
        subject=row.id,
        body={"person": row.person_id},
    )


def revoke_all(session: Session, by: str, person_id: str) -> int:
    """Every token of a person, everywhere, when they may have fallen into other hands. Returns how many."""
    alive = queries.living_tokens(session, person_id)
    for row in alive:
        row.revoked = now()
        body = {"person": person_id}
        record(
            session, by, kinds.TOKEN_REVOKED, chain=row.institution_id, subject=row.id, body=body
        )
    session.flush()
    return len(alive)


def actor_for(session: Session, bearer: str | None) -> Actor | None:
    """Who this token acts for; None when unknown, run out, revoked, or its person can no longer sign in.

    It can do what its scopes and its person's roles of today both allow. Only reads: see `touch`.
    """
    parts = (bearer or "").split("_", 2)
    if len(parts) != 3 or parts[0] != "clg":
        return None
    found = queries.token_by_prefix(session, parts[1])
    good = hmac.compare_digest(found[0].secret_hash if found else "", token_hash(parts[2]))
    if found is None or not good:
        return None
    row, person = found
    if row.revoked is not None or row.expires <= now() or person.disabled is not None:
        return None
    known = frozenset(Permission)
    return Actor(
        person=person.id,
        name=person.name,
        roles=queries.roles_of(session, person.id),
        scopes=frozenset(Permission(s) for s in row.scopes if s in known),
        token=row.id,
        token_institution=row.institution_id,
    )


def stale(session: Session, token_id: str) -> bool:
    """Whether its last use was noted more than a minute ago."""
    row = session.get(ApiToken, token_id)
    return row is not None and (row.last_used is None or row.last_used < now() - TOUCH)


def touch(session: Session, token_id: str) -> None:
    """Notes the use, at most once a minute."""
    moment = now()
    session.execute(
        update(ApiToken)
        .where(
            ApiToken.id == token_id,
            (ApiToken.last_used.is_(None)) | (ApiToken.last_used < moment - TOUCH),
        )
        .values(last_used=moment)
        .execution_options(synchronize_session=False)
    )
