"""A task and a modality join between two runs, with a new member's site; no process of hub or site is restarted."""

import csv
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from app.federations import service as federations
from app.federations.models import Federation
from app.runs.schemas import Proposal
from tests.learning import media_models
from tests.runs import making
from tests.runs import world as runs
from tests.runs.making import Member
from tests.site import simulated
from tests.site.stage import Stage, running, stage
from worker.learning.model.carrying import Earlier
from worker.protocol import codec
from worker.protocol.manifest import Training
from worker.protocol.tasks import Input, TaskSheet

pytestmark = [pytest.mark.live, pytest.mark.slow]
HEARD = TaskSheet(
    name="heard",
    target="Is the word spoken well?",
    label="well",
    labels=("no", "yes"),
    inputs=(Input(name="recording", kind="audio", modality="audio", mean=-40, sd=20),),
)
HEARS = runs.POLICY.model_copy(update={"modalities": ("table", "audio")})
COUNT = 30
TRAINING = Training(epochs=2, batch=8)


@pytest.fixture
def live(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Stage]:
    with stage(sqlite_url, redis_url, tmp_path, count=2) as built:
        yield built


def spoken(folder: Path, seed: int, *, only: bool) -> None:
    """Recordings beside the folder's table, or `only` them."""
    cells = [f"{n}.wav" for n in range(COUNT)]
    for n, name in enumerate(cells):
        media_models.tone(folder / name, 300 + 900 * (n % 2) + seed, 0.2)
    rows = [[f"pupil-{n}", "A", "2026", cell, ("no", "yes")[n % 2]] for n, cell in enumerate(cells)]
    with (folder / "spoken.csv").open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([["pupil", "group", "year", "recording", "well"], *rows])
    said = yaml.safe_load((folder / "dataset.yaml").read_text(encoding="utf-8"))
    heard = {"kind": "audio", "file": "spoken.csv", "columns": {"recording": "audio"}}
    task = {"kind": "binary", "label": "well", "file": "spoken.csv"}
    said["modalities"] = [heard] if only else [*said["modalities"], heard]
    said["tasks"] = {"heard": task} if only else said["tasks"] | {"heard": task}
    if only:
        said["records"] = "spoken.csv"
        task.pop("file")
    (folder / "dataset.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")


def enrol(live: Stage, member: Member) -> Path:
    with live.world.hub.db.session() as session:
        runs.set_policy(session, member, HEARS)
    live.home(member, policy=HEARS)
    return live.folder / f"{member.site}-data"


def joined(live: Stage) -> Member:
    """A new member, with the new task sheet that all agree to again."""
    world = live.world
    with world.hub.db.session() as session:
        federation = session.get_one(Federation, world.federation)
        federations.add_sheet(session, world.lead.administrator, federation, HEARD)
        for member in world.members[1:]:
            federations.accept(
                session,
                member.administrator,
                federation,
                member.institution,
                digest=federation.agreement_digest,
            )
        new = making.add_member(session, len(world.members))
        making.join(session, federation, world.lead, new)
    world.members.append(new)
    return new


def proposed(live: Stage, **more: str) -> str:
    run = runs.propose(live.world, Proposal(rounds=1, training=TRAINING, **more))
    live.approve(run)
    return run


@pytest.mark.timeout(600)
def test_a_task_and_its_modality_join_between_runs(live: Stage) -> None:
    folders = [enrol(live, member) for member in live.world.members]
    with ExitStack() as started:
        processes = [started.enter_context(running(home)) for home in live.homes.values()]
        first = proposed(live)
        live.wait(lambda: live.is_completed(first), 200, "the end of the first run")
        new = joined(live)
        spoken(folders[1], 1, only=False)
        spoken(enrol(live, new), 2, only=True)
        processes.append(started.enter_context(running(live.homes[new.site])))
        second = proposed(live, begin=first)
        live.wait(lambda: live.is_completed(second), 240, "the end of the second run")
        assert all(process.poll() is None for process in processes), "none was restarted"
    before, begun = runs.states(live.world, first, 1), runs.states(live.world, second, 0)
    assert all(begun[module] == before[module] for module in ("encoder/table", "head/pass"))
    assert {"encoder/audio", "head/heard"} == begun.keys() - before.keys()
    after = runs.states(live.world, second, 1)
    assert all(after[module] != begun[module] for module in begun), "every part was trained on"
    assert after == again(live, first, second)


def again(live: Stage, first: str, second: str) -> dict[str, str]:
    """The second run in one process, from the model that the first one left."""
    old, plan = simulated.plan_of(live, first), simulated.plan_of(live, second)
    assert plan.begin is not None
    objects = live.world.hub.objects
    known = {name: codec.decode(objects.get(d)) for name, d in plan.begin.modules.items()}
    return simulated.digests(live, second, earlier=Earlier(old.model, old.sheets, known))
