"""Asking the hub which policy it offers, without a page ever waiting long for it."""

from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from contextlib import closing
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from worker.protocol.messages import ApprovedPolicy
from worker.protocol.text import _
from worker.site import enrolment
from worker.site.faults import SiteFault
from worker.site.home import Home
from worker.site.site import open_site

_FRESH = timedelta(seconds=20)
_LONGEST_S = 6.0


@dataclass(frozen=True)
class Asked:
    """`offered` is None where the hub has none or was not reached; `fault` then says so."""

    at: datetime
    offered: ApprovedPolicy | None = None
    fault: str = ""


class Asking:
    """The last answer; at most one question at a time."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="asking")
        self._open: Future[Asked] | None = None
        self.last: Asked | None = None

    def ask(self) -> Asked:
        """Within seconds. What was heard a moment ago is not asked again."""
        last = self.last
        if last is not None and not last.fault and datetime.now(UTC) - last.at < _FRESH:
            return last
        if self._open is None or self._open.done():
            self._open = self._pool.submit(copy_context().run, self._ask)
        try:
            self.last = self._open.result(_LONGEST_S)
        except Late:
            return Asked(datetime.now(UTC), fault=_("The hub did not answer in time."))
        return self.last

    def _ask(self) -> Asked:
        offered, fault = None, ""
        try:
            site = open_site(self._home)
            with closing(site.door):
                offered = enrolment.newest(self._home, site.door)
        except SiteFault as error:
            fault = str(error)
        return Asked(datetime.now(UTC), offered, fault)

    def forget(self) -> None:
        """After an act that changes the answer."""
        self.last = None

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
