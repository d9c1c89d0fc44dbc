"""Letting a signed request in: the site is known and not revoked, the clock fits, the nonce is new."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.audit import kinds
from app.audit.service import record
from app.clock import now
from app.sites import queries
from app.sites.errors import ClockOff, Replayed, Revoked, SiteRefused
from app.sites.models import Nonce, Site
from app.sites.states import SiteState
from app.text import _
from worker.protocol import limits
from worker.protocol.signatures import BadSignature, PublicKey, request_bytes

_NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")
_WORKERS = tuple(
    f"/site/v1/{what}" for what in ("claim", "jobs/", "uploads/", "objects/", limits.WORKER_HELLO)
)
_SEEN_EVERY = timedelta(seconds=10)
"""`last_seen` is written at most this often: pages show minutes, and a write costs a lock."""


@dataclass(frozen=True)
class Claims:
    """What a request says of itself, and the digest of the body that really came."""

    site: str
    method: str
    path: str
    time: str
    nonce: str
    digest: str
    signature: str
    body_digest: str


@dataclass(frozen=True)
class Verified:
    """A good signature, and what is left to write down about it."""

    claims: Claims
    at: datetime
    new_key: str | None
    """The announced key, when this request is its first use."""
    note_seen: bool


def verify(session: Session, claims: Claims, at: datetime) -> Verified:
    """Reads only, so that a forged request never takes the write lock. Raises SiteRefused."""
    site = queries.at_door(session, claims.site)
    if claims.digest != claims.body_digest or not _NONCE.fullmatch(claims.nonce):
        raise SiteRefused(_("The request was changed on its way."))
    message = request_bytes(
        claims.site, claims.method, claims.path, claims.time, claims.nonce, claims.digest
    )
    key = _signer(site, message, claims.signature)
    assert site is not None
    if site.state is SiteState.REVOKED:
        raise Revoked(_("This site was revoked. Ask an administrator of your institution."))
    _check_clock(claims.time, at)
    return Verified(
        claims=claims,
        at=at,
        new_key=key if key != site.key else None,
        note_seen=_of_the_worker(claims.path)
        and (site.last_seen is None or site.last_seen < at - _SEEN_EVERY),
    )


def _of_the_worker(path: str) -> bool:
    """Only what a running worker sends: a command that a person runs there does not make a stopped site present."""
    return path.startswith(_WORKERS)


def _signer(site: queries.Door | None, message: bytes, signature: str) -> str:
    """The key that signed. Whoever holds none is told the same of a site that exists and of one that does not."""
    keys = (site.key, site.next_key) if site else ()
    for key in keys:
        if key is None:
            continue
        try:
            PublicKey(key).verify(message, signature)
        except BadSignature:
            continue
        return key
    raise SiteRefused(
        _(
            "The hub knows no site with this id and key. If its folder was put back from a copy, add a new site and "
            "join again."
        )
    )


def _check_clock(text: str, at: datetime) -> None:
    """After the signature, so that only the site itself learns how far its clock is off."""
    try:
        said = datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise SiteRefused(_("The request's time is no number.")) from error
    off = (said - at).total_seconds()
    if abs(off) > limits.CLOCK_SKEW_S:
        side = _("ahead of") if off > 0 else _("behind")
        raise ClockOff(
            _(
                "This machine's clock is {seconds} s {side} the hub's, and at most {limit} s are allowed. "
                "Set the clock, for example with: timedatectl set-ntp true"
            ).format(seconds=round(abs(off)), side=side, limit=limits.CLOCK_SKEW_S)
        )


def admit(session: Session, request: Verified) -> None:
    """Writes: the nonce (Replayed when it was seen), last seen, a new key's first use."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    site = request.claims.site
    fresh = session.execute(
        insert(Nonce)
        .values(id=f"{site}:{request.claims.nonce}", seen=request.at)
        .on_conflict_do_nothing()
        .returning(Nonce.id)
    )
    if fresh.first() is None:
        raise Replayed(_("This request was seen before."))
    if request.note_seen:
        session.execute(
            update(Site)
            .where(Site.id == site)
            .values(last_seen=request.at)
            .execution_options(synchronize_session=False)
        )
    if request.new_key is not None:
        _use_new_key(session, site, request.new_key, request.at)


def _use_new_key(session: Session, site_id: str, key: str, at: datetime) -> None:
    """Conditional: of two first requests one changes the key, and only it writes the event."""
    changed = session.execute(
        update(Site)
        .where(Site.id == site_id, Site.next_key == key)
        .values(key=key, key_since=at, next_key=None)
        .returning(Site.institution_id)
        .execution_options(synchronize_session=False)
    ).first()
    if changed:
        record(
            session,
            site_id,
            kinds.SITE_KEY_CHANGED,
            chain=changed[0],
            subject=site_id,
            body={"fingerprint": PublicKey(key).fingerprint},
        )


def forget_nonces(session: Session, at: datetime | None = None) -> int:
    """A request older than the allowed skew is refused by its time, so its nonce need not be kept."""
    before = (at or now()) - timedelta(seconds=limits.NONCE_KEPT_S)
    gone = session.execute(delete(Nonce).where(Nonce.seen < before))
    return int(gone.rowcount)  # type: ignore[attr-defined]
