"""One lane as a process of its own: `python -m worker.site.lane train`. It ends when its supervisor does."""

import sys

from worker.protocol.codes import Lane
from worker.site import orphan
from worker.site.celery import app


def arguments(lane: Lane) -> list[str]:
    """What a technician would type after `celery -A worker.site.celery`."""
    return [
        "worker",
        f"--queues={lane.value}",
        f"--hostname={lane.value}@%h",
        "--pool=prefork",
        "--concurrency=1",
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
        "--loglevel=INFO",
    ]


def main() -> None:
    orphan.watch(by_signal=True)
    app.worker_main(arguments(Lane(sys.argv[1])))


if __name__ == "__main__":
    main()
