"""Is this site ready? Readiness with fixes, what it works on, its hours, and the button that stops it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from worker.protocol import code_words, pace
from worker.protocol.codes import Lane, Phase
from worker.protocol.text import _
from worker.site import current, supervisor
from worker.site.current import Current
from worker.site.home import Home
from worker.site.hours import Hours
from worker.site.page import render
from worker.site.page.looks import Found, wait_until_done
from worker.site.page.moments import clock, size
from worker.site.page.visit import Visit, see_other

_FIRST_S = 4.0
_OLD_S = 300.0
_IN_BYTES = frozenset({Phase.FETCHING, Phase.UPLOADING})


@dataclass(frozen=True)
class Work:
    """One lane. `job` is None while it waits."""

    lane: Lane
    job: Current | None

    @property
    def title(self) -> str:
        return {Lane.QUICK: _("Short jobs"), Lane.TRAIN: _("Long jobs")}[self.lane]

    @property
    def doing(self) -> str:
        return code_words.job(self.job.kind) if self.job else ""

    @property
    def phase(self) -> str:
        return code_words.phase(self.job.phase) if self.job else ""

    @property
    def far(self) -> str:
        """`2 of 3 steps, …`, `0.4 MB of 1.1 MB, about 40 seconds to go`; empty where nothing is counted."""
        if self.job is None or not self.job.steps:
            return ""
        done, all_ = self.job.step, self.job.steps
        if self.job.phase in _IN_BYTES:
            said = _("{done} of {all}").format(done=size(done), all=size(all_))
        else:
            said = _("{done} of {all} steps").format(done=done, all=all_)
        return said if done >= all_ else f"{said}, {pace.in_words(self.job.seconds_left)}"


@dataclass(frozen=True)
class Ready:
    title: str
    says: str
    asof: str
    checks: tuple[dict[str, Any], ...]
    broke_off: bool
    looking: bool
    running: bool
    stopping: bool
    work: tuple[Work, ...]
    hours: str
    hub: str
    hub_answered: datetime | None
    data: str
    menu: str = "ready"

    @property
    def refreshes(self) -> bool:
        """Only while something moves."""
        return self.looking or self.running or self.stopping


def show(visit: Visit) -> Response:
    state = visit.state
    look = state.look("readiness")
    found = look.found(within_s=_FIRST_S, older_s=_OLD_S)
    config, running = state.home.config(), supervisor.is_running(state.home)
    if not running:
        state.stopping = False
    jobs = current.read(state.home) if running else {}
    content = Ready(
        title=_("Is this site ready?"),
        says=_says(found),
        asof=_("As of {time}").format(time=clock(found.at)) if found else "",
        checks=tuple(found.said["checks"]) if found and found.said else (),
        broke_off=found is not None and found.said is None,
        looking=look.is_running,
        running=running,
        stopping=state.stopping,
        work=tuple(Work(lane, jobs.get(lane)) for lane in Lane),
        hours=hours_in_words(config.window, datetime.now(UTC)),
        hub=f"{state.identity.hub_name}, {config.hub}",
        hub_answered=_answered(state.home),
        data=str(config.data or ""),
    )
    return render.page(visit.request, "site/ready.html", content)


def _says(found: Found | None) -> str:
    if found is None:
        return _("It is being looked at.")
    if found.said is None:
        return _("The look broke off. Run “collegium-site check”: it says why.")
    wrong = [check for check in found.said["checks"] if not check["ok"]]
    if not wrong:
        return _("Yes. Nothing needs you.")
    return _("Not yet. {said}").format(said=wrong[0]["said"])


def hours_in_words(window: Hours | None, now: datetime) -> str:
    if window is None:
        return _("It works at any time of the day.")
    then = window.changes(now)
    if then is None:
        return _("It works at any time of the day.")
    if window.is_open(now):
        return _("It may work now, until {time}. Its hours: {hours}.").format(
            time=clock(then), hours=window
        )
    return _("It rests now. It works again from {time}. Its hours: {hours}.").format(
        time=clock(then), hours=window
    )


def _answered(home: Home) -> datetime | None:
    """When the hub last took a request of this site."""
    try:
        return datetime.fromtimestamp(home.hub_answered.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None


def check(visit: Visit) -> Response:
    """Looks again, and tells the hub as `collegium-site check` does."""
    look = visit.state.look("readiness")
    look.start("tell")
    wait_until_done(look, _FIRST_S)
    return see_other("/")


def stop(visit: Visit) -> Response:
    """SIGTERM to the supervisor: the running job writes a checkpoint and is given back."""
    visit.state.stopping = supervisor.stop(visit.state.home)
    return see_other("/", "stopping" if visit.state.stopping else "")
