"""How runs and their open rounds stand, many at once: a list of runs costs no more statements than one run."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.runs import tallies
from app.runs.models import Round, Run, RunApproval, Update
from app.runs.queries import OPEN_ROUND
from app.runs.states import RoundState, UpdateState
from app.sites.models import Job
from app.sites.states import ENDED
from worker.protocol.codes import JobKind

_IN = (UpdateState.RECEIVED, UpdateState.TAKEN)
_OVER = (RoundState.CLOSED, RoundState.VOID)


@dataclass(frozen=True)
class Standing:
    """How a round in training stands: updates in, and sites that may still send one."""

    updates: int
    awaited: int
    quorum: int


@dataclass(frozen=True)
class Stage:
    """How far a run is: `over` rounds closed or void, the open one, and institutions that have not answered."""

    over: int
    current: Round | None
    standing: Standing | None
    unanswered: int


def rounds_planned(run: Run) -> int:
    """One number of the plan, for lists: the whole plan is checked where it is used."""
    return int(run.plan["rounds"])


def standing(session: Session, round_: Round) -> Standing:
    return standings(session, (round_,))[round_.id]


@dataclass(frozen=True)
class Opened:
    """The open round with what came (by site) and what was asked, in the order of sites; without headers, manifests."""

    round: Round
    updates: dict[str, Update]
    training: Sequence[Job]

    @property
    def standing(self) -> Standing:
        received = {site for site, u in self.updates.items() if u.state in _IN}
        awaited = [j for j in self.training if j.state not in ENDED and j.site_id not in received]
        return Standing(len(received), len(awaited), self.round.quorum)


def opened(session: Session, round_: Round) -> Opened:
    updates = tallies.updates_in(session, round_.id)
    return Opened(round_, updates, tallies.training_in(session, round_.id))


def standings(session: Session, rounds: Iterable[Round]) -> dict[str, Standing]:
    """By round."""
    asked = {row.id: row for row in rounds}
    received: defaultdict[str, set[str]] = defaultdict(set)
    training: defaultdict[str, list[str]] = defaultdict(list)
    if asked:
        sent = select(Update.round_id, Update.site_id)
        for round_id, site in session.execute(
            sent.where(Update.round_id.in_(asked), Update.state.in_(_IN))
        ):
            received[round_id].add(site)
        jobs = select(Job.round_id, Job.site_id).where(Job.round_id.in_(asked))
        for open_id, site in session.execute(
            jobs.where(Job.kind == JobKind.TRAIN, Job.state.not_in(ENDED))
        ):
            training[open_id or ""].append(site)
    return {
        id_: Standing(
            len(received[id_]), sum(s not in received[id_] for s in training[id_]), row.quorum
        )
        for id_, row in asked.items()
    }


def stages(session: Session, runs: Collection[Run]) -> dict[str, Stage]:
    """By run."""
    ids = [run.id for run in runs]
    if not ids:
        return {}
    ended = select(Round.run_id, func.count()).where(Round.state.in_(_OVER))
    over = session.execute(ended.where(Round.run_id.in_(ids)).group_by(Round.run_id))
    waiting = select(RunApproval.run_id, func.count()).where(RunApproval.choice.is_(None))
    unanswered = session.execute(
        waiting.where(RunApproval.run_id.in_(ids)).group_by(RunApproval.run_id)
    )
    done, silent = dict(over.all()), dict(unanswered.all())
    open_ = select(Round).where(Round.run_id.in_(ids), Round.state.in_(OPEN_ROUND))
    current = {r.run_id: r for r in session.scalars(open_.order_by(Round.number.desc()))}
    stands = standings(session, current.values())
    return {
        id_: Stage(
            done.get(id_, 0),
            current.get(id_),
            stands[current[id_].id] if id_ in current else None,
            silent.get(id_, 0),
        )
        for id_ in ids
    }
