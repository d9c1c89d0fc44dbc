"""What a run begins from: first weights, or the last model of a completed run of the same federation."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Invalid
from app.federations.models import Federation
from app.runs import queries
from app.runs.models import Run
from app.runs.schemas import Begin, Proposal
from app.runs.states import RunState
from app.text import _


def choices(session: Session, federation: Federation) -> Sequence[Run]:
    """Runs that a new one could go on from, newest first."""
    mine = select(Run).where(Run.federation_id == federation.id)
    done = mine.where(Run.state == RunState.COMPLETED)
    return session.scalars(done.order_by(Run.number.desc()).limit(50)).all()


def of(session: Session, federation: Federation, proposal: Proposal) -> Begin | None:
    """None: from first weights. Raises Invalid for a run that is not one of the federation's completed ones."""
    if proposal.begin is None:
        return None
    run = queries.by_id(session, proposal.begin)
    fits = run is not None and run.federation_id == federation.id
    if run is None or not fits or run.state is not RunState.COMPLETED:
        sentence = _("Choose a completed run of this federation to go on from, or first weights.")
        raise Invalid(sentence, {"begin": sentence})
    last = queries.next_number(session, run.id) - 1
    states = queries.states_after(session, run.id, last)
    modules = {name: state.digest for name, state in sorted(states.items())}
    return Begin(run=run.id, number=run.number, modules=modules)
