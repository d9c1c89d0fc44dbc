"""From sites' figures to the federation's: weighted means with their intervals. Pure."""

from collections.abc import Collection, Iterable, Sequence
from math import sqrt

from app.runs import personal
from app.runs.schemas import Plan
from app.runs.tallies import ChoiceLine, Sums
from app.runs.views import Point, Series
from worker.protocol.tasks import SMALLER_IS_BETTER


def of_plan(
    plan: Plan,
    every: Sequence[Sums],
    own: Sequence[Sums] = (),
    central: dict[str, float] | None = None,
    choices: Sequence[ChoiceLine] = (),
    inside: Collection[str] = (),
) -> tuple[Series, ...]:
    """One series per task of the plan, in its order. `own`: of the reader's own sites; `inside`: its institutions."""
    made = []
    for sheet in plan.sheets:
        mine = [s for s in every if s.task == sheet.name]
        made.append(
            Series(
                task=sheet.name,
                target=sheet.target,
                metric=sheet.metric,
                higher_is_better=sheet.metric not in SMALLER_IS_BETTER,
                shared=_by_round(mine),
                own=_by_round(s for s in own if s.task == sheet.name),
                local=mean([s for s in mine if s.model == "local"]),
                rule=mean([s for s in mine if s.model == "rule"]),
                central=(central or {}).get(sheet.name),
                in_use=mean([s for s in mine if s.model == "personal"]),
                personal=personal.of_task(choices, sheet.name, inside),
            )
        )
    return tuple(made)


def _by_round(sums: Iterable[Sums]) -> tuple[Point, ...]:
    rounds: dict[int, list[Sums]] = {}
    for one in sums:
        if one.model == "shared":
            rounds.setdefault(one.round, []).append(one)
    points = (mean(rounds[number]) for number in sorted(rounds))
    return tuple(p for p in points if p is not None)


def mean(sums: Sequence[Sums]) -> Point | None:
    """sum w x / sum w. The interval takes the sites as independent: se^2 = sum (w se_k)^2 / (sum w)^2, with
    se_k from each site's own 95 % interval."""
    if not sums:
        return None
    total = sum(s.weight for s in sums)
    value = sum(s.weighted for s in sums) / total
    squares = [s.squares for s in sums if s.squares is not None]
    low = high = None
    if len(squares) == len(sums):
        half = (
            sqrt(sum(squares)) / 2 / total
        )  # 1.96 se: the factor of se_k and that of the interval cancel
        low, high = value - half, value + half
    return Point(
        round=sums[0].round,
        value=value,
        low=low,
        high=high,
        sites=sum(s.sites for s in sums),
        records=total,
        at=max(s.at for s in sums),
    )
