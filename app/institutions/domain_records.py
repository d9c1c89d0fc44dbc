"""A text record in the domain's own name system: who can write there runs the domain. With it one operator suffices.

The looking up is a hub worker's (`worker.hub.domains`): no page waits for a name server.
"""

import hmac
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import require
from app.access.permissions import Permission
from app.audit import kinds
from app.audit.models import HUB_CHAIN
from app.audit.service import record
from app.clock import now
from app.effects import Ring, Send, after_commit
from app.errors import Invalid
from app.ids import new_id
from app.institutions import proofs, queries, renewals
from app.institutions.models import DomainCheck, Institution
from app.institutions.states import CheckOutcome, ProofKind
from app.jobs import HubTask
from app.people import throttle
from app.settings import Settings
from app.text import _

LABEL = "_collegium"
HOLDS = timedelta(days=30)
"""An older look says little of today: it is done again before it counts."""
LIMIT = throttle.Limit("domain", 10)


def record_name(domain: str) -> str:
    """Where the record stands: a name of its own, so that it never disturbs mail or web."""
    return f"{LABEL}.{domain}"


def record_value(settings: Settings, row: Institution) -> str:
    """What it says: bound to this institution, this domain and this hub; no secret."""
    text = f"domain-record\n{row.id}\n{row.domain}".encode()
    mark = hmac.digest(settings.secret_key.encode(), text, sha256).hex()[:32]
    return f"collegium-verification={mark}"


def ask(session: Session, actor: Actor, institution_id: str) -> DomainCheck:
    """Have it looked up now. Raises Invalid without a domain, TooMany after many tries."""
    require(actor, Permission.INSTITUTION_EDIT, institution_id)
    row = queries.by_id(session, institution_id)
    if row.domain is None:
        problem = _("Give your domain first, under “Correct your details”.")
        raise Invalid(problem, {"domain": problem})
    throttle.failed(session, throttle.enter(session, LIMIT, institution_id))
    check = queries.domain_check(session, institution_id)
    if check is None:
        check = DomainCheck(id=new_id("check"), institution_id=institution_id)
        session.add(check)
    check.domain, check.asked, check.looked, check.outcome = row.domain, now(), None, None
    session.flush()
    record(session, actor.id, kinds.DOMAIN_ASKED, chain=institution_id, subject=institution_id)
    after_commit(session, Send(HubTask.DOMAIN_CHECK.value, (institution_id,)))
    return check


def note(
    session: Session,
    settings: Settings,
    institution_id: str,
    domain: str,
    found: tuple[str, ...] | None,
) -> CheckOutcome | None:
    """What a worker found at `domain`; None: no name server answered. Nothing is noted for a domain changed since."""
    row = queries.by_id(session, institution_id)
    check = queries.domain_check(session, institution_id)
    if check is None or check.domain != domain or row.domain != domain or check.looked:
        return None
    outcome = _outcome(found, record_value(settings, row))
    check.looked, check.outcome = now(), outcome
    session.flush()
    body = {"choice": outcome}
    record(
        session,
        HUB_CHAIN,
        kinds.DOMAIN_LOOKED_UP,
        chain=institution_id,
        subject=institution_id,
        body=body,
    )
    if outcome is CheckOutcome.FOUND:
        proofs.keep(session, HUB_CHAIN, institution_id, ProofKind.DOMAIN_RECORD, domain)
        if row.domain_proved and renewals.soon(row, now()):
            renewals.renew(session, HUB_CHAIN, row)
    after_commit(session, Ring(f"institution:{institution_id}"))
    return outcome


def _outcome(found: tuple[str, ...] | None, wanted: str) -> CheckOutcome:
    if found is None:
        return CheckOutcome.NO_ANSWER
    if wanted in found:
        return CheckOutcome.FOUND
    return CheckOutcome.OTHER if found else CheckOutcome.ABSENT


def holds(session: Session, row: Institution, at: datetime) -> bool:
    """Whether the record of today's domain was seen in the last thirty days."""
    return any(
        proof.kind == ProofKind.DOMAIN_RECORD
        and proof.value == row.domain
        and at - proof.seen <= HOLDS
        for proof in queries.proofs(session, row.id)
    )
