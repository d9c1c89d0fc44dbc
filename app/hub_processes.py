"""The processes one hub is made of, and how each is started. Whoever starts them holds the group that ends them."""

import sys

from app.jobs import Queue
from app.processes import Group


def hub_command(*arguments: str) -> list[str]:
    """This program again, in the same Python."""
    return [sys.executable, "-m", "app.cli", *arguments]


def start_hub(group: Group, host: str, port: int, workers: int = 1) -> None:
    """Web, a worker for each queue, and the sweep's clock, as children; Redis must be running."""
    group.start("web", hub_command("serve", "--host", host, "--port", str(port)))
    for queue in Queue:
        arguments = ("worker", "--queue", queue.value, "--processes", str(workers))
        group.start(f"worker-{queue.value}", hub_command(*arguments))
    group.start("beat", hub_command("beat"))
