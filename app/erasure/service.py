"""A site's word that someone withdrew opens one request a day, however often it comes."""

from datetime import timedelta

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.audit import kinds
from app.audit.service import record
from app.clock import now
from app.effects import Ring, after_commit
from app.erasure.models import ErasureRequest
from app.errors import Invalid
from app.ids import new_id
from app.sites import queries, sent
from app.sites import service as sites
from app.sites.errors import ClosedByPolicy
from app.sites.models import Site
from app.text import _
from worker.protocol.canonical import canonical
from worker.protocol.codes import TransferKind
from worker.protocol.messages import ConsentWithdrawn


def open_request(session: Session, site: Site, said: ConsentWithdrawn) -> None:
    """Raises ClosedByPolicy where the policy in force at the site keeps it there, Invalid for a day that cannot be."""
    sites.require_confirmed(site)
    policy = queries.document_in_force(session, site)
    if policy is None or policy.tell_withdrawals == "no":
        raise ClosedByPolicy(
            _("The policy in force at this site does not tell the hub of a withdrawn consent.")
        )
    today = now().date()
    if not site.created.date() <= said.day <= today + timedelta(days=1):
        problem = _("On this day the site was not there. Is the computer's clock right?")
        raise Invalid(problem, {"day": problem})
    opened = _insert(session, site, said)
    if opened is not None:
        record(
            session,
            site.id,
            kinds.ERASURE_OPENED,
            chain=site.institution_id,
            subject=opened,
            body={"site": site.id},
        )
        after_commit(session, Ring(f"institution:{site.institution_id}"))
    sent.note(session, site, TransferKind.WITHDRAWAL, canonical(said), "consent-withdrawn")


def _insert(session: Session, site: Site, said: ConsentWithdrawn) -> str | None:
    """The new request's id; None where this site and day have one."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = insert(ErasureRequest).values(
        id=new_id("erasure"),
        institution_id=site.institution_id,
        site_id=site.id,
        day=said.day,
        opened=now(),
    )
    return session.scalar(row.on_conflict_do_nothing().returning(ErasureRequest.id))
