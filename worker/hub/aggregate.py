"""Combining a round, step by step. Every step may be done again: a kill anywhere and a second run give the same
digests, because states are named by their bytes and sums run in the order of site ids.
"""

from pathlib import Path

from sqlalchemy.orm import Session

from app.hub import Hub
from app.runs import jobs, late, module_states, queries, rounds, stuck, updates
from app.runs.models import ModuleState, Round, Update
from app.runs.schemas import Plan
from app.runs.states import RoundState, UpdateState, VoidReason
from worker.hub import contributions, workplace
from worker.hub.contributions import Made, Sent, Standing
from worker.hub.holding import Hold, holding
from worker.learning import aggregation, seeds
from worker.protocol.codec import Unacceptable


def aggregate(hub: Hub, round_id: str) -> bool:
    """Brings a due round to its end and opens the next. False when there was nothing to do here."""
    with hub.db.session() as session:
        rounds.consider(session, round_id)
        round_ = queries.round_by_id(session, round_id)
        if round_ is None or round_.state is not RoundState.AGGREGATING:
            return False
        run = queries.by_id(session, round_.run_id)
        assert run is not None
        plan = queries.plan_of(run)
    with holding(hub, Round, round_id) as hold:
        if hold is None:
            return False
        with workplace.folder(hub.settings.work, "round") as folder:
            _bring_to_end(hub, hold, round_, plan, folder)
    evaluate(hub, round_id)
    clear(hub, round_id)
    return True


def _bring_to_end(hub: Hub, hold: Hold, round_: Round, plan: Plan, folder: Path) -> None:
    before = standing(hub, round_)
    usable = check(hub, hold, round_, before, folder)
    if len(usable) >= round_.quorum:
        weights = combine(hub, hold, round_, plan, usable, before)
        close(hub, hold, round_.id, weights)
        return
    hold.check()
    with hub.db.session() as session:
        fresh = queries.round_by_id(session, round_.id)
        assert fresh is not None
        rounds.void(session, fresh, VoidReason.TOO_FEW_USABLE, len(usable))


def standing(hub: Hub, round_: Round) -> Standing:
    with hub.db.reading() as session:
        first = queries.states_after(session, round_.run_id, 0)
        kept = {
            number: module_states.kept(queries.states_after(session, round_.run_id, number - 1))
            for number in (round_.number - 1, round_.number)
        }
        bases = late.bases(session, round_)
        return Standing({m: s.digest for m, s in first.items()}, bases, kept)


def check(hub: Hub, hold: Hold, round_: Round, before: Standing, folder: Path) -> list[Sent]:
    """Step 1. Refuses, by name, each update that cannot be summed; returns the others by site id."""
    with hub.db.session() as session:
        received = [
            u
            for u in queries.updates(session, round_.id)
            if u.state in (UpdateState.RECEIVED, UpdateState.TAKEN)
        ]
    usable = []
    states = contributions.States(hub.objects)
    for update in received:
        try:
            sent = _sent(hub, update, folder)
            contributions.validate(states, before, sent)
        except Unacceptable as error:
            hold.check()
            with hub.db.session() as session:
                updates.refuse_checked(session, update.id, error)
            continue
        usable.append(sent)
    return usable


def _sent(hub: Hub, update: Update, folder: Path) -> Sent:
    header = updates.header_of(update.header)
    return contributions.fetched(
        hub.objects, update.id, update.site_id, update.digest, header, folder
    )


def combine(
    hub: Hub, hold: Hold, round_: Round, plan: Plan, usable: list[Sent], before: Standing
) -> dict[str, dict[str, float]]:
    """Step 2. Writes every module's next state; returns, per update, the weight used by module."""
    rule = _rule(round_, plan, len(usable))
    used: dict[str, dict[str, float]] = {sent.update_id: {} for sent in usable}
    made = []
    path = _path(hub, round_, plan)
    for module, digest in sorted(round_.base.items()):
        carried = [s for s in usable if module in s.header.modules]
        averaged = [states[module].digest for states in path]
        one = contributions.combined(
            hub.objects, carried, module, digest, round_.number, before, rule, averaged
        )
        made.append(one)
        for sent in carried:
            if sent.site in one.weights:
                used[sent.update_id][module] = one.weights[sent.site]
    hold.check()
    with hub.db.session() as session:
        for one in made:
            _keep(session, round_, one)
    return used


def _path(hub: Hub, round_: Round, plan: Plan) -> list[dict[str, ModuleState]]:
    """What the last round's states are averaged with."""
    if round_.number != plan.rounds:
        return []
    first = max(round_.number - plan.training.average + 1, 1)
    with hub.db.reading() as session:
        return [
            queries.states_after(session, round_.run_id, number)
            for number in range(first, round_.number)
        ]


def _keep(session: Session, round_: Round, made: Made) -> None:
    module_states.keep(
        session,
        round_.run_id,
        round_.number,
        made.module,
        digest=made.digest,
        size=made.size,
        sites=made.sites,
        held=made.held,
        kept=made.kept,
    )


def _rule(round_: Round, plan: Plan, usable: int) -> aggregation.Rule:
    minimum = plan.minimum_sites
    unheard = aggregation.silent(
        asked=len(round_.cohort), usable=usable, number=round_.number, minimum_sites=minimum
    )
    return aggregation.Rule(minimum, step=plan.training.step, silent=unheard)


def close(hub: Hub, hold: Hold, round_id: str, weights: dict[str, dict[str, float]]) -> None:
    """Step 3, one transaction: updates taken, round closed, next one opened. Sites wait for nothing else."""
    hold.check()
    settings = hub.settings
    with hub.db.session() as session:
        round_ = queries.round_by_id(session, round_id)
        assert round_ is not None
        if not rounds.close(session, round_, len(weights)):
            return
        for update in queries.updates(session, round_id):
            if update.id in weights:
                updates.take(session, update, weights[update.id])
        rounds.open_round(
            session,
            hub.key,
            round_.run_id,
            seeds=seeds.training_seed,
            seen_recently_s=settings.seen_recently_s,
        )


def evaluate(hub: Hub, round_id: str) -> int:
    """Step 4. Asks the sites how good the new states are; returns how many were asked now."""
    with hub.db.session() as session:
        round_ = queries.round_by_id(session, round_id)
        run = None if round_ is None else queries.locked(session, round_.run_id)
        if round_ is None or run is None or round_.state is not RoundState.CLOSED:
            return 0
        return jobs.post_evaluation(session, hub.key, run, round_, hub.settings.seen_recently_s)


def clear(hub: Hub, round_id: str | None = None) -> int:
    """Step 5. The updates of rounds that ended are deleted from the store; returns how many."""
    with hub.db.reading() as session:
        found = [update.id for update in stuck.deletable(session, round_id)]
    for update_id in found:
        # One by one: sites claim their next jobs meanwhile, and a store elsewhere takes its time.
        with hub.db.session() as session:
            update = queries.update_by_id(session, update_id)
            if update is not None:
                updates.delete(session, hub.objects, update)
    return len(found)
