"""Enrolment: a site is added by a person, joins with a token once, and is confirmed by six equal words."""

import hmac
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import fresh, require
from app.access.permissions import Permission
from app.audit import kinds
from app.audit.events import Kind
from app.audit.service import record
from app.clock import now
from app.effects import Ring, after_commit
from app.errors import Conflict
from app.ids import new_id
from app.institutions.models import Institution
from app.names import clean_name
from app.secrets import new_token, token_hash
from app.sites import queries
from app.sites.errors import SiteRefused, TokenExpired, TokenUsed, UnknownToken, WordsDiffer
from app.sites.leases import cancel_jobs
from app.sites.models import EnrolmentToken, Site
from app.sites.states import SITE_TRANSITIONS, SiteState
from app.states import move
from app.text import _
from worker.protocol import limits
from worker.protocol.messages import JoinRequest
from worker.protocol.signatures import BadSignature, PublicKey


def add_site(
    session: Session, actor: Actor, institution: Institution, name: str, *, hub_key: PublicKey
) -> tuple[Site, str]:
    """A new site and the token that lets it join: shown once, kept as a hash."""
    require(actor, Permission.SITE_EDIT, institution.id)
    name = clean_name(name)
    taken = select(Site.id).where(Site.institution_id == institution.id, Site.name == name)
    if session.execute(taken).first():
        raise Conflict(_("A site of your institution has this name. Choose another."))
    site = Site(
        id=new_id("site"),
        institution_id=institution.id,
        name=name,
        state=SiteState.INVITED,
        readiness={},
        created=now(),
    )
    session.add(site)
    session.flush()
    record(session, actor.id, kinds.SITE_ADDED, chain=institution.id, subject=site.id)
    return site, _make_token(session, actor, site, hub_key)


def renew_token(session: Session, actor: Actor, site: Site, *, hub_key: PublicKey) -> str:
    """Another token for a site that has not joined; earlier ones stop working."""
    require(actor, Permission.SITE_EDIT, site.institution_id)
    if site.state is not SiteState.INVITED:
        raise Conflict(_("This site has joined already. Add another site for another machine."))
    session.execute(
        update(EnrolmentToken)
        .where(EnrolmentToken.site_id == site.id, EnrolmentToken.used.is_(None))
        .values(expires=now())
        .execution_options(synchronize_session=False)
    )
    return _make_token(session, actor, site, hub_key)


def _make_token(session: Session, actor: Actor, site: Site, hub_key: PublicKey) -> str:
    """`cst_<secret>.<fingerprint of the hub's key>`: the site refuses a hub with another key."""
    token = f"{new_token('cst_')}.{hub_key.fingerprint}"
    made = now()
    session.add(
        EnrolmentToken(
            id=new_id("enrolment"),
            token_hash=token_hash(token),
            site_id=site.id,
            made_by=actor.person,
            created=made,
            expires=made + timedelta(hours=limits.ENROLMENT_TOKEN_HOURS),
        )
    )
    record(session, actor.id, kinds.SITE_TOKEN_MADE, chain=site.institution_id, subject=site.id)
    return token


def join(session: Session, request: JoinRequest) -> Site:
    """The site holds the key and has a good token. The same join again, its answer lost, gives the same site."""
    _check_key_is_held(request)
    token = session.scalars(
        select(EnrolmentToken).where(EnrolmentToken.token_hash == token_hash(request.token))
    ).first()
    site = session.get(Site, token.site_id) if token else None
    if token is None or site is None:
        raise UnknownToken(_("The hub knows no such token. Copy the whole command again."))
    if not _use(session, token):
        return _used_before(session, token, site, request.key)
    move(
        session,
        SITE_TRANSITIONS,
        site,
        Site.state,
        SiteState.JOINED,
        key=request.key,
        key_since=now(),
        software=request.software,
        joined=now(),
        last_seen=now(),
    )
    _told(session, site.id, kinds.SITE_JOINED, site)
    return site


def _used_before(session: Session, token: EnrolmentToken, site: Site, key: str) -> Site:
    """The site, if this very key used the token; else TokenUsed or TokenExpired."""
    session.refresh(token)
    session.refresh(site)
    if token.used is None:
        raise TokenExpired(_("This token has expired. Ask your administrator for a new command."))
    if site.key != key or site.state is not SiteState.JOINED:
        raise TokenUsed(_("This token was used. Ask your administrator to add the site again."))
    return site


def _use(session: Session, token: EnrolmentToken) -> bool:
    used = session.execute(
        update(EnrolmentToken)
        .where(
            EnrolmentToken.id == token.id,
            EnrolmentToken.used.is_(None),
            EnrolmentToken.expires > now(),
        )
        .values(used=now())
        .execution_options(synchronize_session=False)
    )
    return bool(used.rowcount == 1)  # type: ignore[attr-defined]


def _check_key_is_held(request: JoinRequest) -> None:
    message = f"collegium-join-1|{request.token}|{request.key}".encode()
    try:
        PublicKey(request.key).verify(message, request.signature)
    except BadSignature as error:
        raise SiteRefused(_("The join request is not signed by the key it brings.")) from error


def confirm(session: Session, actor: Actor, site: Site, words: str, *, hub_key: PublicKey) -> None:
    """The administrator saw these six words at the site. Only then does it get jobs."""
    require(actor, Permission.SITE_EDIT, site.institution_id)
    fresh(actor)
    given = " ".join(words.lower().split()).encode()
    shown = " ".join(queries.words(hub_key, site)).encode()
    if not shown or not hmac.compare_digest(given, shown):
        raise WordsDiffer(
            _("These are not the words the site shows. Revoke it if it is not yours.")
        )
    move(
        session,
        SITE_TRANSITIONS,
        site,
        Site.state,
        SiteState.READY,
        confirmed=now(),
        confirmed_by=actor.person,
    )
    _told(session, actor.id, kinds.SITE_CONFIRMED, site)


def revoke(session: Session, actor: Actor, site: Site) -> None:
    """Out at its next request; its jobs are cancelled."""
    require(actor.unheld, Permission.SITE_EDIT, site.institution_id)
    fresh(actor)
    move(session, SITE_TRANSITIONS, site, Site.state, SiteState.REVOKED, revoked=now())
    cancelled = cancel_jobs(session, site=site.id)
    record(
        session,
        actor.id,
        kinds.SITE_REVOKED,
        chain=site.institution_id,
        subject=site.id,
        body={"count": cancelled},
    )
    after_commit(session, Ring(f"institution:{site.institution_id}"))


def _told(session: Session, actor_id: str, kind: Kind, site: Site) -> None:
    assert site.key is not None
    body = {"fingerprint": PublicKey(site.key).fingerprint}
    record(session, actor_id, kind, chain=site.institution_id, subject=site.id, body=body)
    after_commit(session, Ring(f"institution:{site.institution_id}"))
