"""Combining a round, step by step. Every step may be done again: a kill anywhere and a second run give the same
digests, because states are named by their bytes and sums run in the order of site ids.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import safe_open
from sqlalchemy.orm import Session

from app.hub import Hub
from app.objects import ObjectMissing, WrongDigest
from app.runs import jobs, late, module_states, queries, rounds, stuck, updates
from app.runs.models import Round, Update
from app.runs.schemas import Plan
from app.runs.states import RoundState, UpdateState, VoidReason
from worker.hub import workplace
from worker.hub.holding import Hold, holding
from worker.learning import aggregation, seeds
from worker.protocol import codec, limits
from worker.protocol.codec import Array, Tensors, Unacceptable
from worker.protocol.codes import UploadRefusal
from worker.protocol.kept import NO_ROWS, Kept
from worker.protocol.update import UpdatedModule, UpdateHeader


@dataclass(frozen=True)
class Sent:
    """One update on its way into the sum. `path` is a local file with its bytes."""

    update_id: str
    site: str
    digest: str
    header: UpdateHeader
    path: Path


@dataclass(frozen=True)
class Standing:
    """What a round started from: digests of the first states, those its updates may start from, and what sites were
    told to keep, by the number of the round they were told it for: this one or, late, the one before."""

    first: Mapping[str, str]
    bases: Mapping[str, Collection[str]]
    kept: Mapping[int, Kept]


class Delta(Mapping[str, Array]):
    """One module of one update, a tensor at a time from its file, so that memory stays at one model."""

    def __init__(self, path: Path, module: str) -> None:
        self._path, self._prefix = path, module + codec.SEPARATOR

    def __getitem__(self, name: str) -> Array:
        with safe_open(self._path, framework="numpy") as file:
            found: Array = file.get_tensor(self._prefix + name)
            return found

    def __iter__(self) -> Iterator[str]:
        with safe_open(self._path, framework="numpy") as file:
            keys = file.keys()
        return iter(k.removeprefix(self._prefix) for k in keys if k.startswith(self._prefix))

    def __len__(self) -> int:
        return sum(1 for _ in self)


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
    states = _States(hub)
    for update in received:
        try:
            sent = _sent(hub, update, folder)
            _validate(states, before, sent)
        except Unacceptable as error:
            hold.check()
            with hub.db.session() as session:
                updates.refuse_checked(session, update.id, error)
            continue
        usable.append(sent)
    return usable


class _States(dict[str, Tensors]):
    """The modules sites started from, by digest, read once: together the model of two rounds at most."""

    def __init__(self, hub: Hub) -> None:
        self._store = hub.objects

    def __missing__(self, digest: str) -> Tensors:
        self[digest] = codec.decode(self._store.get(digest))
        return self[digest]


def _sent(hub: Hub, update: Update, folder: Path) -> Sent:
    """Its bytes as a local file, checked against their digest."""
    header = updates.header_of(update.header)
    path = folder / update.digest
    try:
        hub.objects.fetch(update.digest, path)
    except (ObjectMissing, WrongDigest) as error:
        raise Unacceptable(UploadRefusal.UNREADABLE) from error
    return Sent(update.id, update.site_id, update.digest, header, path)


def _validate(states: _States, before: Standing, sent: Sent) -> None:
    """One whole update in memory at a time."""
    modules = codec.by_module(codec.decode(sent.path.read_bytes()))
    if modules.keys() != sent.header.modules.keys():
        raise Unacceptable(UploadRefusal.WRONG_NAMES)
    for module, delta in sorted(modules.items()):
        told = sent.header.modules[module]
        if told.base not in before.bases.get(module, ()):
            raise Unacceptable(UploadRefusal.WRONG_BASE, module)
        stays = before.kept.get(sent.header.round, {}).get(module, NO_ROWS)
        aggregation.validate(states[told.base], delta, norm_limit=limits.UPDATE_NORM, kept=stays)


def combine(
    hub: Hub, hold: Hold, round_: Round, plan: Plan, usable: list[Sent], before: Standing
) -> dict[str, dict[str, float]]:
    """Step 2. Writes every module's next state; returns, per update, the weight used by module."""
    rule = _rule(round_, plan, len(usable))
    used: dict[str, dict[str, float]] = {sent.update_id: {} for sent in usable}
    made = []
    for module, digest in sorted(round_.base.items()):
        carried = [s for s in usable if module in s.header.modules]
        base = codec.decode(hub.objects.get(digest))
        contributions = [
            (s.site, _weight(s.header.modules[module], digest), Delta(s.path, module))
            for s in carried
        ]
        combined = aggregation.combine(
            base,
            contributions,
            rule,
            first=codec.decode(hub.objects.get(before.first[module])),
            kept=before.kept[round_.number].get(module, NO_ROWS),
        )
        content = codec.encode(combined.state)
        made.append((module, hub.objects.put(content), len(content), combined))
        for sent in carried:
            if sent.site in combined.weights:
                used[sent.update_id][module] = combined.weights[sent.site]
    hold.check()
    with hub.db.session() as session:
        for module, digest, size, combined in made:
            _keep(session, round_, module, digest, size, combined)
    return used


def _keep(
    session: Session, round_: Round, module: str, digest: str, size: int, made: aggregation.Combined
) -> None:
    module_states.keep(
        session,
        round_.run_id,
        round_.number,
        module,
        digest=digest,
        size=size,
        sites=made.sites,
        held=made.held,
        kept=made.kept,
    )


def _weight(told: UpdatedModule, base: str) -> float:
    """A base that is not this round's is the one before it: `late.bases` lets no older one in."""
    return aggregation.discounted(told.weight, staleness=int(told.base != base))


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
