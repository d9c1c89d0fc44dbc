"""The process that forks: it must not know torch, or every child hangs at its first step."""

import json
import os
import subprocess
import sys
from pathlib import Path

PARENT = """
import json, os, signal, sys
from celery.signals import worker_ready
from worker.hub.app import app

@worker_ready.connect
def look(**_):
    with open(os.environ["SEEN"], "w") as file:
        json.dump(sorted(m for m in sys.modules if "." not in m), file)
    os.kill(os.getpid(), signal.SIGTERM)

app.worker_main(["worker", "--pool", "prefork", "--concurrency", "1", "--queues", "rounds,light",
                 "--without-gossip", "--without-mingle", "--without-heartbeat"])
"""


def environment(home: Path, redis_url: str, **more: str) -> dict[str, str]:
    return {
        **os.environ,
        "COLLEGIUM_ENVIRONMENT": "test",
        "COLLEGIUM_HOME": str(home),
        "REDIS_URL": redis_url,
        "SECRET_KEY": "k" * 40,
        "OMP_NUM_THREADS": "1",
        **more,
    }


def test_the_worker_parent_has_no_torch(tmp_path: Path, redis_url: str) -> None:
    seen = tmp_path / "seen.json"
    done = subprocess.run(
        [sys.executable, "-c", PARENT],
        env=environment(tmp_path, redis_url, SEEN=str(seen)),
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert seen.exists(), done.stderr[-2000:]
    modules = set(json.loads(seen.read_text()))
    assert {"celery", "numpy", "app", "worker"} <= modules
    assert not modules & {"torch", "transformers", "peft"}
