"""The tasks a message can name, all one body: open the site, carry out the job."""

from typing import Any

from worker.protocol.messages import Claimed
from worker.site.celery import app
from worker.site.home import find
from worker.site.site import Site, open_site
from worker.site.transport import TASKS
from worker.site.work import perform

_opened: tuple[int, Site] | None = None


def _site() -> Site:
    """Once per child process, with connections made after the fork; opened anew when `site.yaml` changes."""
    global _opened
    home = find()
    changed = home.config_file.stat().st_mtime_ns
    if _opened is None or _opened[0] != changed:
        if _opened is not None:
            _opened[1].door.close()
        _opened = (changed, open_site(home))
    return _opened[1]


def carry_out(claimed: dict[str, Any]) -> None:
    """Runs in the forked child. The answer goes to the hub by itself, so nothing is returned."""
    perform(_site(), Claimed.model_validate(claimed))


for _name in TASKS.values():
    app.task(carry_out, name=_name, max_retries=0)
