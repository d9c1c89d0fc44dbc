"""Posts jobs at a steady rate, as a hub worker does: one transaction each, then the bell. Prints job and time."""

import base64
import json
import random
import sys
import time
from pathlib import Path

import app.schema  # noqa: F401  (every table is known before the first query)
from app.clock import now
from app.db import Database
from app.effects import Effect, Ring
from app.events import Doorbell
from app.sites import inbox
from benchmarks.inbox import SEED
from tests.sites import world as worlds
from tests.sites.world import World
from worker.protocol.codes import JobKind
from worker.protocol.signatures import PrivateKey


def main(stage_path: Path) -> None:
    stage = json.loads(stage_path.read_text())
    key = PrivateKey(base64.urlsafe_b64decode(stage["hub_seed"]))
    database, bell = Database(stage["database_url"]), Doorbell(stage["redis_url"])

    def dispatch(effect: Effect) -> None:
        if isinstance(effect, Ring):
            bell.ring(effect.topic)

    database.dispatch = dispatch
    draw = random.Random(SEED)
    sites = [site for site, _ in stage["sites"]]
    begun = time.monotonic()
    for number in range(stage["jobs"]):
        time.sleep(max(0.0, begun + number / stage["per_second"] - time.monotonic()))
        wanted = _manifest(stage, draw.choice(sites))
        at = time.monotonic()
        with database.session() as session:
            inbox.post(session, key, wanted)
        print(wanted.job, at, flush=True)


def _manifest(stage: dict[str, str], site: str) -> object:
    world = World(stage["institution"], "", None, None, None, stage["run"], stage["round"])
    return worlds.manifest(world, site, JobKind.EVALUATE, issued=now())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
