"""One proof of a kind, kept: a newer one takes the older one's place. Which are enough: `verification`."""

from sqlalchemy.orm import Session

from app.audit import kinds
from app.audit.service import record
from app.clock import now
from app.ids import new_id
from app.institutions import queries
from app.institutions.models import Proof
from app.institutions.states import ProofKind


def keep(session: Session, by: str, institution_id: str, kind: ProofKind, value: str) -> Proof:
    old = next((p for p in queries.proofs(session, institution_id) if p.kind == kind), None)
    proof = old or Proof(id=new_id("proof"), institution_id=institution_id, kind=kind)
    proof.value, proof.seen = value, now()
    session.add(proof)
    session.flush()
    body = {"kind": kind}
    record(session, by, kinds.PROOF_ADDED, chain=institution_id, subject=institution_id, body=body)
    return proof
