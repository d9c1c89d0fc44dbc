"""Computers of two tiers in one run, with real processes: each sends the ranks it trained, as in a simulation."""

import csv
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy.orm import Session

from app.federations import base_models
from app.federations.schemas import ModelStep
from app.hub import Hub
from app.sites.models import Site
from tests import cast
from tests.learning import build, text_model
from tests.runs import world as runs
from tests.site import simulated
from tests.site.stage import Stage, running, stage
from worker.protocol import codec
from worker.protocol.codes import Tier
from worker.protocol.tasks import Input

pytestmark = [pytest.mark.live, pytest.mark.slow]
ADAPTER, RANK, FEW, HIDDEN = "adapter/text", 3, 1, 16
ANSWER = Input(name="answer", modality="text", kind="text")
READS_TEXT = runs.POLICY.model_copy(update={"modalities": ("table", "text")})
SHEET = runs.SHEET.model_copy(update={"inputs": (*runs.SHEET.inputs, ANSWER)})
DATASET = """
name: test
title: Test
simulated: true
student: pupil
class: group
term: year
records: records.csv
modalities:
  - {kind: table, file: records.csv, columns: {hours: numeric, clicks: numeric}}
  - {kind: text, file: records.csv, columns: {answer: text}}
tasks:
  pass: {kind: binary, label: passed}
"""


def model(session: Session, hub: Hub, folder: Path) -> ModelStep:
    """A base model imported and allowed, with ranks for two tiers."""
    operator = cast.operator(session, "model-operator")
    taken = base_models.import_model(
        session,
        hub.objects,
        text_model.tiny(folder),
        name="Tiny",
        licence="none",
        source="made here",
    )
    base_models.allow(session, operator, taken.id)
    return ModelStep(
        width=4, heads=1, dropout=0.0, text_model=taken.digest, rank=RANK, rank_small=FEW
    )


@pytest.fixture
def live(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Stage]:
    folder = tmp_path / "model"
    folder.mkdir()

    def made(session: Session, hub: Hub) -> ModelStep:
        return model(session, hub, folder)

    with stage(sqlite_url, redis_url, tmp_path, count=3, sheet=SHEET, model=made) as built:
        yield built


def answers(folder: Path, seed: int) -> None:
    """Records with a short text each, in place of the stage's."""
    (folder / "dataset.yaml").write_text(DATASET, encoding="utf-8")
    task = build.answers(40, seed)
    draw = np.random.default_rng(seed)
    with (folder / "records.csv").open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["pupil", "group", "year", "hours", "clicks", "answer", "passed"])
        for number, (text, right) in enumerate(zip(task.text["answer"], task.label, strict=True)):
            figures = [f"{draw.normal():.3f}", f"{draw.normal(10, 4):.2f}", text]
            writer.writerow([f"pupil-{number}", "A", "2026", *figures, "yes" if right else "no"])


def told(live: Stage) -> set[str | None]:
    with live.world.hub.db.reading() as session:
        return {session.get_one(Site, m.site).readiness.get("tier") for m in live.world.members}


@pytest.mark.timeout(600)
def test_each_sends_its_ranks_and_the_sum_is_that_of_a_simulation(live: Stage) -> None:
    small, *large = live.world.members
    for number, member in enumerate(live.world.members):
        with live.world.hub.db.session() as session:
            runs.set_policy(session, member, READS_TEXT)
        tier = Tier.SMALL if member is small else Tier.LARGE
        live.home(member, policy=READS_TEXT, tier=tier)
        answers(live.folder / f"{member.site}-data", number)
    with ExitStack() as started:
        for home in live.homes.values():
            started.enter_context(running(home))
        live.wait(lambda: told(live) == {"small", "large"}, 120, "the tiers")
        run = live.propose(epochs=2, batch=8)
        live.wait(lambda: live.is_completed(run), 200, "the end of the run")
    for member, rank in ((small, FEW), *((one, RANK) for one in large)):
        assert live.manifest(live.jobs(member)[0]).rank == rank
        sent = live.homes[member.site].outbox / f"{run}.1" / "update.safetensors"
        shapes = {a.shape for n, a in codec.decode(sent.read_bytes()).items() if ADAPTER in n}
        assert shapes == {(rank, HIDDEN)}
    given = {"ranks": {small.site: FEW}, "models": {"text": live.folder.parent / "model"}}
    assert runs.states(live.world, run, 1) == simulated.digests(live, run, **given)
