"""The tasks a message can name, all one body: open the site, carry out the job."""

from functools import lru_cache
from typing import Any

from worker.protocol.messages import Claimed
from worker.site.celery import app
from worker.site.home import find
from worker.site.site import Site, open_site
from worker.site.transport import TASKS
from worker.site.work import perform


@lru_cache(maxsize=1)
def _site() -> Site:
    """Once per child process: its own connections, made after the fork."""
    return open_site(find())


def carry_out(claimed: dict[str, Any]) -> None:
    """Runs in the forked child. The answer goes to the hub by itself, so nothing is returned."""
    perform(_site(), Claimed.model_validate(claimed))


for _name in TASKS.values():
    app.task(carry_out, name=_name, max_retries=0)
