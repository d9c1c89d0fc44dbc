"""Proofs, and the operators' decisions: two people verify, or one and the domain's own text record. None of them may
belong to the institution."""

import hmac
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import fresh, require
from app.access.permissions import Permission
from app.audit import kinds
from app.audit.models import HUB_CHAIN
from app.audit.service import record
from app.clock import now
from app.effects import Mail, Ring, Send, after_commit
from app.errors import Conflict, Invalid, NotAllowed
from app.ids import new_id
from app.institutions import domain_records, proofs, queries, renewals
from app.institutions.domains import clean_register, mailbox_fits
from app.institutions.models import Institution, Proof, VerificationDecision
from app.institutions.states import TRANSITIONS, Decision, InstitutionState, ProofKind
from app.jobs import HubTask
from app.names import clean_name
from app.people import queries as people
from app.people import throttle
from app.people.accounts import clean_email
from app.settings import Settings
from app.states import move
from app.text import _

_TARGET = {
    Decision.VERIFY: InstitutionState.VERIFIED,
    Decision.REFUSE: InstitutionState.REFUSED,
    Decision.SUSPEND: InstitutionState.SUSPENDED,
    Decision.RESTORE: InstitutionState.VERIFIED,
}
_SOURCE = {
    Decision.VERIFY: InstitutionState.REGISTERED,
    Decision.REFUSE: InstitutionState.REGISTERED,
    Decision.SUSPEND: InstitutionState.VERIFIED,
    Decision.RESTORE: InstitutionState.SUSPENDED,
    Decision.RENEW: InstitutionState.VERIFIED,
}
_REASON_NEEDED = frozenset({Decision.REFUSE, Decision.SUSPEND})


def ask_mailbox(
    session: Session, settings: Settings, actor: Actor, institution_id: str, email: str
) -> None:
    """Mails a code of eight digits to a mailbox at the institution's domain. It holds for one to two hours."""
    require(actor, Permission.INSTITUTION_EDIT, institution_id)
    row = queries.by_id(session, institution_id)
    email = _mailbox(row, email)
    throttle.failed(session, throttle.enter(session, throttle.RESET, institution_id))
    code = _code(settings, institution_id, email, now())
    subject = _("A code for {institution}").format(institution=row.name)
    body = _(
        "Type this code on the verification page of {institution} at {hub}: {code}\n\n"
        "If you do not know why you got this, do nothing.\n"
    ).format(institution=row.name, hub=settings.hub_name, code=code)
    after_commit(session, Mail(email, subject, body))
    record(session, actor.id, kinds.MAILBOX_ASKED, chain=institution_id, subject=institution_id)


def _mailbox(row: Institution, email: str) -> str:
    email = clean_email(email)
    if not mailbox_fits(email, row.domain):
        problem = _("This mailbox is not at your institution's domain.")
        raise Invalid(problem, {"email": problem})
    return email


def _code(settings: Settings, institution_id: str, email: str, at: datetime) -> str:
    hour = at.strftime("%Y%m%d%H")
    text = f"mailbox\n{institution_id}\n{email}\n{hour}".encode()
    number = int.from_bytes(hmac.digest(settings.secret_key.encode(), text, sha256)[:8], "big")
    return f"{number % 100_000_000:08d}"


def prove_mailbox(
    session: Session,
    settings: Settings,
    actor: Actor,
    institution_id: str,
    email: str,
    code: str,
) -> Proof | None:
    """None when the code is wrong or too old; the try is counted. Raises TooMany."""
    require(actor, Permission.INSTITUTION_EDIT, institution_id)
    row = queries.by_id(session, institution_id)
    email = _mailbox(row, email)
    door = throttle.enter(session, throttle.CODE, institution_id)
    moments = (now(), now() - timedelta(hours=1))
    typed = "".join(code.split())
    codes = [_code(settings, institution_id, email, at) for at in moments]
    if not any(hmac.compare_digest(code.encode(), typed.encode()) for code in codes):
        throttle.failed(session, door)
        return None
    throttle.passed(session, door)
    return proofs.keep(session, actor.id, institution_id, ProofKind.DOMAIN_MAILBOX, email)


def add_proof(
    session: Session, actor: Actor, institution_id: str, kind: ProofKind, value: str
) -> Proof:
    """A register's number by the institution (`ROR 0abcdef12`), or a document that an operator has seen.

    A mailbox is proved by its code: `ask_mailbox`, then `prove_mailbox`. Raises Invalid, NotAllowed.
    """
    if kind == ProofKind.DOCUMENT_SEEN:
        require(actor, Permission.HUB_OPERATE, None)
        _not_own(session, actor, institution_id)
        return proofs.keep(
            session, actor.id, institution_id, kind, clean_name(value, field="value")
        )
    require(actor, Permission.INSTITUTION_EDIT, institution_id)
    if kind in (ProofKind.DOMAIN_MAILBOX, ProofKind.DOMAIN_RECORD):
        problem = _("The hub must see this itself: use the mailed code or the text record.")
        raise Invalid(problem, {"value": problem})
    row = queries.by_id(session, institution_id)
    register, number = clean_register(*value.partition(" ")[::2])
    for holder in queries.by_register(session, register, number):
        if holder is not row and holder.state != InstitutionState.REFUSED:
            problem = _("Another institution here has this number. Ask the operators.")
            raise Invalid(problem, {"value": problem})
    if row.state != InstitutionState.VERIFIED:
        row.register, row.register_id = register, number
    return proofs.keep(session, actor.id, institution_id, kind, f"{register} {number}")


def decide(
    session: Session, actor: Actor, institution_id: str, decision: Decision, reason: str = ""
) -> Institution:
    """One operator's word. The second 'verify', by another operator, verifies. So does the first, where the domain's
    text record was seen, or for a hub's only operator. A year on, one 'renew' keeps it verified for another.

    Raises NotAllowed for an operator of that institution, Conflict for a second word of the same operator, for a
    state in which this cannot be decided, or a domain or number that a verified institution has.
    """
    require(actor, Permission.HUB_OPERATE, None)
    fresh(actor)
    row = queries.by_id(session, institution_id)
    _not_own(session, actor, institution_id)
    _decidable(session, actor, row, decision, reason)
    _remember(session, actor, row, decision, reason)
    if decision == Decision.RENEW:
        renewals.renew(session, actor.id, row)
        return row
    proved = domain_records.holds(session, row, now())
    single = not proved and _only_operator(session, actor, institution_id)
    voters = queries.verifying_now(session, institution_id)
    if decision != Decision.VERIFY or single or proved or len(voters) >= 2:
        alone = len(voters) < 2
        _apply(session, row, decision, reason, single=single and alone, proved=proved and alone)
    _write(session, actor, row, decision)
    after_commit(session, Ring(f"institution:{institution_id}"))
    if decision in (Decision.SUSPEND, Decision.RESTORE):
        # Its open jobs end, or the rounds that wait for it may open: not a minute later.
        after_commit(session, Send(HubTask.SWEEP.value))
    return row


def _write(session: Session, actor: Actor, row: Institution, decision: Decision) -> None:
    """In the institution's chain and the hub's."""
    for chain in (row.id, HUB_CHAIN):
        record(
            session,
            actor.id,
            kinds.INSTITUTION_DECIDED,
            chain=chain,
            subject=row.id,
            body={
                "decision": decision,
                "state": row.state,
                "single_operator": row.single_operator,
                "domain_proved": row.domain_proved,
            },
        )


def _not_own(session: Session, actor: Actor, institution_id: str) -> None:
    if institution_id in people.roles_of(session, actor.person):
        raise NotAllowed(_("You belong to this institution. Another operator must look at it."))


def _decidable(
    session: Session, actor: Actor, row: Institution, decision: Decision, reason: str
) -> None:
    if decision in _REASON_NEEDED and not reason.strip():
        problem = _("Say why, in a sentence the institution can act on.")
        raise Invalid(problem, {"reason": problem})
    if len(reason) > 200:
        problem = _("Use at most 200 characters.")
        raise Invalid(problem, {"reason": problem})
    if row.state != _SOURCE[decision]:
        raise Conflict(_("This institution is {state} now.").format(state=row.state.value))
    if decision == Decision.RENEW and not renewals.soon(row, now()):
        raise Conflict(
            _("It was looked at within the year. It can be renewed a month before its end.")
        )
    if decision != Decision.VERIFY:
        return
    if actor.person in queries.verifying_now(session, row.id):
        raise Conflict(_("You have said yes. Another operator must decide too."))
    _unclaimed(session, row)


def _unclaimed(session: Session, row: Institution) -> None:
    """A domain and a register's number belong to one verified institution."""
    holders = []
    if row.register and row.register_id:
        holders += queries.by_register(session, row.register, row.register_id)
    if row.domain and (holder := queries.by_domain(session, row.domain)):
        holders.append(holder)
    for holder in holders:
        if holder.id != row.id and holder.state != InstitutionState.REFUSED:
            raise Conflict(_("{name} has this domain or number already.").format(name=holder.name))


def _remember(
    session: Session, actor: Actor, row: Institution, decision: Decision, reason: str
) -> None:
    session.add(
        VerificationDecision(
            id=new_id("decision"),
            institution_id=row.id,
            operator_id=actor.person,
            decision=decision,
            reason=reason.strip(),
            decided=now(),
        )
    )
    session.flush()


def _only_operator(session: Session, actor: Actor, institution_id: str) -> bool:
    """Whether no other operator could decide: none exists, or every other belongs to the institution."""
    others = [p for p in people.operators(session) if p.id != actor.person]
    return all(institution_id in people.roles_of(session, p.id) for p in others)


def _apply(
    session: Session,
    row: Institution,
    decision: Decision,
    reason: str,
    *,
    single: bool,
    proved: bool,
) -> None:
    """`single`: by the hub's only operator; `proved`: by one operator and the domain's record."""
    values: dict[str, object] = {"state_reason": reason.strip()}
    if decision == Decision.VERIFY:
        values |= {"verified": now(), "single_operator": single, "domain_proved": proved}
    move(session, TRANSITIONS, row, Institution.state, _TARGET[decision], **values)
