"""Before round 1: the first weights as objects, then the run is running and its first round open."""

import logging
from pathlib import Path

from sqlalchemy.orm import Session

from app.clock import now
from app.hub import Hub
from app.objects import ObjectMissing, ObjectStore
from app.runs import endings, module_states, queries, rounds
from app.runs.models import Run
from app.runs.schemas import Plan
from app.runs.states import RUN_TRANSITIONS, FailReason, RunState
from app.states import try_move
from worker.hub.holding import Hold, holding
from worker.learning import seeds
from worker.learning.faults import LearningFault
from worker.learning.local import initial_modules
from worker.learning.model.carrying import Earlier, carried
from worker.protocol import codec
from worker.protocol.layout import read_by_bases
from worker.protocol.manifest import PinnedModel

log = logging.getLogger(__name__)


def prepare(hub: Hub, run_id: str) -> bool:
    """False when there was nothing to do here."""
    with hub.db.session() as session:
        run = queries.by_id(session, run_id)
        if run is None or run.state is not RunState.APPROVED:
            return False
        plan = queries.plan_of(run)
        earlier = _earlier(session, plan)
    with holding(hub, Run, run_id) as hold:
        if hold is None:
            return False
        try:
            made = first_states(hub, plan, earlier)
        except (LearningFault, ObjectMissing, codec.Unacceptable):
            log.exception("run %s cannot be prepared", run_id)
            with hub.db.session() as session:
                failing = queries.by_id(session, run_id)
                assert failing is not None
                endings.fail(session, failing, FailReason.CANNOT_PREPARE)
            return True
        _begin(hub, hold, run_id, made)
    return True


def _earlier(session: Session, plan: Plan) -> Plan | None:
    """Of the run that this one goes on from."""
    if plan.begin is None:
        return None
    run = queries.by_id(session, plan.begin.run)
    assert run is not None
    return queries.plan_of(run)


def first_states(hub: Hub, plan: Plan, earlier: Plan | None) -> dict[str, tuple[str, int]]:
    """Module to digest and size. Deterministic, so a second run finds its own objects. `earlier`: the plan of the run
    this one goes on from."""
    root = hub.settings.home / "models"
    bases = {
        modality: base_folder(hub.objects, root, plan.model.bases[modality])
        for modality in read_by_bases(plan.model, plan.sheets)
    }
    made = {}
    first = initial_modules(plan.model, plan.sheets, bases=bases)
    if plan.begin is not None and earlier is not None:
        known = {
            name: codec.decode(hub.objects.get(digest))
            for name, digest in plan.begin.modules.items()
        }
        before = Earlier(earlier.model, earlier.sheets, known)
        first = carried(before, plan.model, plan.sheets, first)
    for module, tensors in sorted(first.items()):
        content = codec.encode(tensors)
        made[module] = (hub.objects.put(content), len(content))
    return made


def _begin(hub: Hub, hold: Hold, run_id: str, made: dict[str, tuple[str, int]]) -> None:
    hold.check()
    with hub.db.session() as session:
        for module, (digest, size) in made.items():
            module_states.keep(
                session, run_id, 0, module, digest=digest, size=size, sites=0, held=False
            )
        run = queries.by_id(session, run_id)
        assert run is not None
        at = now()
        if not try_move(
            session, RUN_TRANSITIONS, run, Run.state, RunState.RUNNING, started=at, changed=at
        ):
            return
        rounds.open_round(
            session,
            hub.key,
            run_id,
            seeds=seeds.training_seed,
            seen_recently_s=hub.settings.seen_recently_s,
        )


def base_folder(store: ObjectStore, root: Path, model: PinnedModel) -> Path:
    """The base model's files but for its weights under their own names, fetched from the store once: the layout needs
    no more."""
    folder = root / model.digest
    folder.mkdir(parents=True, exist_ok=True)
    for name, digest in model.files.items():
        path = folder / Path(name).name
        if digest != model.digest and not path.exists():
            store.fetch(digest, path)
    return folder
