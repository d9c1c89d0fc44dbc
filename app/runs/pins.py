"""Which profile versions a run was judged with: written when a round asks, so that a later change is seen as one."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor, institutions_where
from app.access.permissions import Permission
from app.ids import new_id
from app.runs.eligibility import Candidate
from app.runs.models import Round, RunPolicy
from worker.protocol.canonical import digest_of


def pin(session: Session, round_: Round, asked: tuple[Candidate, ...]) -> None:
    """One row for each institution and policy that this run has not asked under yet."""
    known = {
        (row.institution_id, row.digest)
        for row in session.scalars(select(RunPolicy).where(RunPolicy.run_id == round_.run_id))
    }
    for candidate in asked:
        key = (candidate.institution.id, digest_of(candidate.policy))
        if key in known:
            continue
        known.add(key)
        session.add(
            RunPolicy(
                id=new_id("pin"),
                run_id=round_.run_id,
                institution_id=key[0],
                digest=key[1],
                profiles=[ref.model_dump() for ref in candidate.policy.bounds.profiles],
                round=round_.number,
                since=round_.opened,
            )
        )
    session.flush()


def own(session: Session, actor: Actor, run_id: str) -> list[RunPolicy]:
    """Of the actor's institutions only: which laws bind another is that one's to tell. The first asked first."""
    ids = institutions_where(actor, Permission.POLICY_READ)
    query = select(RunPolicy).where(RunPolicy.run_id == run_id, RunPolicy.institution_id.in_(ids))
    return list(session.scalars(query.order_by(RunPolicy.round, RunPolicy.id)))
