"""Letting a signed request in: the site is known and not revoked, the clock fits, the nonce is new."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Executable, String, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.audit import kinds
from app.audit.service import record
from app.clock import now
from app.db import Database, UtcDateTime
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
_REMEMBERED = 20_000


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
    key: str
    first_use: bool
    """Of an announced key."""
    note_seen: bool


@dataclass(frozen=True)
class Known:
    """A site that came in lately, as this process remembers it."""

    key: PublicKey
    noted: datetime
    """When its `last_seen` was last written, as far as this process knows."""


class Remembered:
    """Saves most requests a read. Never the last word: the database is asked, as the nonce is written, whether the key
    still holds."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}

    def get(self, site: str) -> Known | None:
        return self._known.get(site)

    def keep(self, site: str, key: PublicKey, noted: datetime) -> None:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[site] = Known(key, noted)


def come_in(db: Database, remembered: Remembered, claims: Claims) -> None:
    """Lets one request in, and writes down that it came. Raises SiteRefused, ClockOff, Revoked, Replayed."""
    at = now()
    known = remembered.get(claims.site)
    if known is not None and _come_in_again(db, known.key, claims, at):
        if _is_news(known.noted, claims, at):
            with db.one_statement() as connection:
                _note_seen(connection, claims.site, at)
            remembered.keep(claims.site, known.key, at)
        return
    with db.reading() as session:
        verified = verify(session, claims, at)
    with db.session() as session:
        admit(session, verified)
    noted = at if verified.note_seen else at - _SEEN_EVERY
    remembered.keep(claims.site, PublicKey(verified.key), noted)


def _come_in_again(db: Database, key: PublicKey, claims: Claims, at: datetime) -> bool:
    """The usual request, in one statement. If anything is wrong with it, the long way finds out what, and says so."""
    try:
        _check_form(claims)
        key.verify(_signed(claims), claims.signature)
        _check_clock(claims.time, at)
    except (SiteRefused, BadSignature):
        return False
    with db.one_statement() as connection:
        return _enter(connection, claims, key.text, at)


def verify(session: Session, claims: Claims, at: datetime) -> Verified:
    """Reads only, so that a forged request never takes the write lock. Raises SiteRefused, ClockOff, Revoked."""
    site = queries.at_door(session, claims.site)
    _check_form(claims)
    key = _signer(site, _signed(claims), claims.signature)
    assert site is not None
    if site.state is SiteState.REVOKED:
        raise Revoked(_("This site was revoked. Ask an administrator of your institution."))
    _check_clock(claims.time, at)
    return Verified(
        claims=claims,
        at=at,
        key=key,
        first_use=key != site.key,
        note_seen=_is_news(site.last_seen, claims, at),
    )


def _check_form(claims: Claims) -> None:
    if claims.digest != claims.body_digest or not _NONCE.fullmatch(claims.nonce):
        raise SiteRefused(_("The request was changed on its way."))


def _signed(claims: Claims) -> bytes:
    return request_bytes(
        claims.site, claims.method, claims.path, claims.time, claims.nonce, claims.digest
    )


def _is_news(last_seen: datetime | None, claims: Claims, at: datetime) -> bool:
    late = last_seen is None or last_seen < at - _SEEN_EVERY
    return late and _of_the_worker(claims.path)


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
    """Writes: a new key's first use, the nonce (Replayed when it was seen), last seen."""
    site = request.claims.site
    if request.first_use:
        _use_new_key(session, site, request.key, request.at)
    if not _enter(session, request.claims, request.key, request.at):
        raise Replayed(_("This request was seen before."))
    if request.note_seen:
        _note_seen(session, site, request.at)


def _entering(insert: Callable[[type[Nonce]], postgresql.Insert | sqlite.Insert]) -> Executable:
    """The nonce of a site whose key still holds. Gives a row if and only if both are so: known and never seen."""
    values = (bindparam("nonce", type_=String()), bindparam("at", type_=UtcDateTime()))
    here = select(*values).where(
        Site.id == bindparam("site"),
        Site.key == bindparam("key"),
        Site.state != SiteState.REVOKED,
    )
    found = insert(Nonce).from_select(["id", "seen"], here)
    return found.on_conflict_do_nothing().returning(Nonce.id)


_ENTERING = {"postgresql": _entering(postgresql.insert), "sqlite": _entering(sqlite.insert)}
_SEEN = update(Site).where(Site.id == bindparam("site")).values(last_seen=bindparam("at"))
_SEEN = _SEEN.execution_options(synchronize_session=False)


def _enter(inside: Session | Connection, claims: Claims, key: str, at: datetime) -> bool:
    connection = inside.connection() if isinstance(inside, Session) else inside
    nonce = f"{claims.site}:{claims.nonce}"
    values = {"nonce": nonce, "at": at, "site": claims.site, "key": key}
    return connection.execute(_ENTERING[connection.dialect.name], values).first() is not None


def _note_seen(inside: Session | Connection, site: str, at: datetime) -> None:
    inside.execute(_SEEN, {"site": site, "at": at})


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
