"""Every part of the hub is killed with -9 at a random moment of every round, and the run goes on by itself.

Three real sites train a tiny table task. In each round the web process, the hub's workers and Redis are killed,
each at its own moment drawn from the seed, and started again by a small supervisor that knows nothing of runs.
Redis keeps nothing. `digests_equal` compares the final model parts with those of a simulation that nobody
disturbed: same seeds, same cohort, same records. `<part>_in_<state>` counts in which state of a round the kills hit.
"""

import argparse
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from app.audit import kinds
from app.audit.models import Event
from app.runs import queries
from app.runs.models import Round, Run, Update
from app.runs.states import RUN_ENDED, RoundState, RunState, UpdateState
from benchmarks.crash_hub import PARTS, KilledHub
from benchmarks.crash_sites import Campus
from benchmarks.harness import Measured, Options, main, say

SITES = 3
_LIMIT_S = 3000.0
_COMBINING_S = 0.15
_NUMBERS = frozenset({UpdateState.TAKEN, UpdateState.DELETED})


def measure(options: Options) -> Measured:
    given = options.given
    # So that everything that was started is ended, also when this program is asked to stop.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    with (
        tempfile.TemporaryDirectory(prefix="collegium-crash-") as name,
        KilledHub(Path(name)) as hub,
        Campus(hub, SITES, given.rounds) as campus,
    ):
        killer = _Killer(hub, campus.run, given.rounds, given.seed, given.span)
        killer.work()
        figures = _figures(hub, campus.run)
        figures["digests_equal"] = int(campus.final() == campus.undisturbed())
        return Measured({**figures, **killer.figures()}, seeds=(given.seed,))


class _Killer:
    """Draws every moment before the first kill, so that a seed is one experiment."""

    def __init__(self, hub: KilledHub, run: str, rounds: int, seed: int, span: float) -> None:
        draw = random.Random(seed)
        self._hub = hub
        self._run = run
        self._moments = {
            number: {part: _Moment.drawn(draw, span) for part in PARTS}
            for number in range(1, rounds + 1)
        }
        self._hit: Counter[str] = Counter()

    def work(self) -> None:
        """Until the run has ended. Raises TimeoutError."""
        began = time.monotonic()
        number, opened, complete = 0, began, None
        while (now := _look(self._hub, self._run)).run not in RUN_ENDED:
            if now.number > number:
                number, opened, complete = now.number, time.monotonic(), None
                say(f"round {number} open after {opened - began:.0f} s; killed {dict(self._hit)}")
            if now.is_complete and complete is None:
                complete = time.monotonic()
            self._kill_what_is_due(number, opened, complete)
            self._hub.restart_the_dead()
            if time.monotonic() - began > _LIMIT_S:
                raise TimeoutError(f"round {number} did not close")
            time.sleep(0.01)

    def _kill_what_is_due(self, number: int, opened: float, complete: float | None) -> None:
        """What a round was too short for is killed as the next one opens, so that every round has its three."""
        for of_round in range(1, number + 1):
            left = self._moments[of_round]
            over = of_round < number
            for part in [
                n for n, moment in left.items() if over or moment.is_due(opened, complete)
            ]:
                del left[part]
                self._hit[f"{part}_in_{_look(self._hub, self._run).phase}"] += 1
                self._hub.kill(part)

    def figures(self) -> dict[str, float]:
        missed = sum(len(left) for left in self._moments.values())
        return {
            "kills": self._hit.total(),
            "kills_missed": missed,
            **dict(sorted(self._hit.items())),
        }


@dataclass(frozen=True)
class _Moment:
    """So many seconds after the round opened, or after its last update came in, which is when it is combined."""

    delay: float
    after_last_update: bool

    @classmethod
    def drawn(cls, draw: random.Random, span: float) -> "_Moment":
        combining = draw.random() < 0.5
        return cls(draw.uniform(0, _COMBINING_S if combining else span), combining)

    def is_due(self, opened: float, complete: float | None) -> bool:
        start = complete if self.after_last_update else opened
        return start is not None and time.monotonic() - start >= self.delay


@dataclass(frozen=True)
class _Seen:
    """The run and its newest round, as the database has them."""

    run: RunState
    number: int
    phase: str
    is_complete: bool = False


def _look(hub: KilledHub, run_id: str) -> _Seen:
    with hub.database.reading() as session:
        run = session.get_one(Run, run_id)
        newest = select(Round).where(Round.run_id == run_id).order_by(Round.number.desc())
        found = session.scalars(newest.limit(1)).first()
        if found is None:
            return _Seen(run.state, 0, "none")
        return _Seen(run.state, found.number, found.state.value, found.complete is not None)


def _figures(hub: KilledHub, run_id: str) -> dict[str, float]:
    """An update counts once if it is one of its round's cohort and went into every model part once."""
    lost = doubled = 0
    with hub.database.reading() as session:
        found = list(queries.rounds(session, run_id))
        closed = [one for one in found if one.state is RoundState.CLOSED]
        for one in closed:
            counted = Update.state.in_(_NUMBERS)
            wanted = select(func.count()).where(Update.round_id == one.id, counted)
            taken = int(session.execute(wanted).scalar_one())
            used = [state.sites for state in queries.states_of_round(session, run_id, one.number)]
            lost += max(SITES - taken, 0) + sum(max(SITES - sites, 0) for sites in used)
            doubled += max(taken - SITES, 0) + sum(max(sites - SITES, 0) for sites in used)
        again = (
            select(func.count())
            .where(Event.kind == kinds.JOB_ANSWERED.name)
            .group_by(Event.subject)
            .having(func.count() > 1)
        )
        doubled += len(session.execute(again).all())
    lasted = sorted((one.closed - one.opened).total_seconds() for one in closed if one.closed)
    return {
        "completed": len(closed),
        "rounds_void": len(found) - len(closed),
        "updates_lost": lost,
        "updates_doubled": doubled,
        "round_s_median": lasted[len(lasted) // 2] if lasted else 0.0,
        "round_s_max": lasted[-1] if lasted else 0.0,
    }


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--span", type=float, default=4.0, help="kills come within so many seconds")


if __name__ == "__main__":
    sys.exit(main("crash", measure, add_arguments=_arguments))
