"""What no federation may compute: one model trained on all records. Only a simulation can, so only the demo does."""

import json
import sys

from app import hub as hubs
from app.demo.models import text_model
from app.demo.play import Play, Step
from app.demo.stage import said
from app.runs import queries, service
from app.settings import get_settings


def step(play: Play) -> Step:
    title = "For comparison: one model on all records together"
    return Step("reference", title, lambda: _compare(play))


def _compare(play: Play) -> None:
    """Trains in a process of its own, then stores the figures with the run, as a hub service would."""
    get_settings.cache_clear()
    hub = hubs.build(get_settings())
    run_id = play.memory.ids["run"]
    try:
        with hub.db.reading() as session:
            run = queries.by_id(session, run_id)
            assert run is not None
            plan = run.plan
        figures = _central(play, plan)
        with hub.db.session() as session:
            run = queries.by_id(session, run_id)
            assert run is not None
            service.set_reference(session, run, figures)
    finally:
        hub.close()


def _central(play: Play, plan: dict[str, object]) -> dict[str, float]:
    work = play.stage.home / "reference"
    work.mkdir(parents=True, exist_ok=True)
    file = work / "plan.json"
    told = {"tasks": plan["sheets"], **{k: plan[k] for k in ("model", "training", "minimum_cell")}}
    file.write_text(json.dumps(told), encoding="utf-8")
    command = [sys.executable, "-m", "worker.learning", "central", str(file), "--work", str(work)]
    for member in play.scenario.members:
        if member.slug != play.scenario.refuses:
            command += ["--site", f"{member.slug}={play.stage.data / member.data}"]
    if play.scenario.text:
        command += ["--text", str(text_model())]
    found: dict[str, float] = json.loads(said(command).splitlines()[-1])
    return found
