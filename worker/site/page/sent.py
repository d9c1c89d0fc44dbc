"""What left this computer? Every transfer of the outbound log, newest first, and the way to its content."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from urllib.parse import urlencode

from starlette.responses import Response

from worker.protocol import code_words
from worker.protocol.codes import TransferKind
from worker.protocol.pages import number
from worker.protocol.text import _, ngettext
from worker.site.page import render
from worker.site.page.moments import size
from worker.site.page.visit import Visit
from worker.site.sent import Entry, OutboundLog

_SHOWN = 100
_PERIODS = {"1": timedelta(days=1), "7": timedelta(days=7), "30": timedelta(days=30), "all": None}


@dataclass(frozen=True)
class Row:
    entry: Entry

    @property
    def href(self) -> str:
        return f"/sent/{self.entry.month}/{self.entry.number}"

    @property
    def kind(self) -> str:
        return code_words.transfer(self.entry.line.kind)

    @property
    def reason(self) -> str:
        return code_words.sent_reason(self.entry.line.reason)


@dataclass(frozen=True)
class Wanted:
    """The filter. An unknown choice counts as none made."""

    kind: str = ""
    period: str = "7"
    run: str = ""

    def takes(self, entry: Entry) -> bool:
        line = entry.line
        return (not self.kind or line.kind == self.kind) and (not self.run or line.run == self.run)

    def entries(self, log: OutboundLog, now: datetime) -> Iterator[Entry]:
        """Newest first."""
        span = _PERIODS[self.period]
        lines = log.newest()
        if span is not None:
            lines = takewhile(lambda entry: now - entry.line.at <= span, lines)
        return filter(self.takes, lines)

    def query(self, page: int) -> str:
        return urlencode({"kind": self.kind, "period": self.period, "run": self.run, "page": page})


@dataclass(frozen=True)
class Sent:
    title: str
    says: str
    rows: tuple[Row, ...]
    wanted: Wanted
    kinds: tuple[tuple[str, str], ...]
    periods: tuple[tuple[str, str], ...]
    older: str
    newer: str
    hub: str
    menu: str = "sent"


def show(visit: Visit) -> Response:
    asked = visit.request.query_params
    wanted, page = _wanted(asked.get("kind", ""), asked.get("period", ""), asked.get("run", "")), 0
    if asked.get("page", "").isdecimal():
        page = min(int(asked["page"]), 10**6)
    found = list(wanted.entries(OutboundLog(visit.state.home.sent), datetime.now(UTC)))
    rows = tuple(Row(entry) for entry in islice(found, page * _SHOWN, (page + 1) * _SHOWN))
    content = Sent(
        title=_("What left this computer?"),
        says=_says(found),
        rows=rows,
        wanted=wanted,
        kinds=tuple((kind.value, code_words.transfer(kind)) for kind in TransferKind),
        periods=(
            ("1", _("the last day")),
            ("7", _("the last 7 days")),
            ("30", _("the last 30 days")),
            ("all", _("always")),
        ),
        older=wanted.query(page + 1) if len(found) > (page + 1) * _SHOWN else "",
        newer=wanted.query(page - 1) if page else "",
        hub=visit.state.identity.hub_name,
    )
    return render.page(visit.request, "site/sent.html", content)


def _wanted(kind: str, period: str, run: str) -> Wanted:
    known = kind if kind in set(TransferKind) else ""
    return Wanted(known, period if period in _PERIODS else "7", run.strip()[:80])


def _says(found: list[Entry]) -> str:
    if not found:
        return _("Nothing that fits.")
    said = ngettext("{n} transfer, {size} in all.", "{n} transfers, {size} in all.", len(found))
    total = sum(entry.line.bytes for entry in found)
    return said.format(n=number(len(found)), size=size(total))
