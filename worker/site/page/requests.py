"""Whom must we forget? Students whose records were used here and may be used no more."""

from dataclasses import dataclass

from starlette.responses import Response

from worker.protocol.text import _, ngettext
from worker.site import withdrawals
from worker.site.page import render
from worker.site.page.visit import Visit


@dataclass(frozen=True)
class Requests:
    title: str
    says: str
    requests: tuple[withdrawals.Request, ...]
    menu: str = "requests"


def show(visit: Visit) -> Response:
    found = tuple(withdrawals.requests(visit.state.home))
    says = ngettext("{n} request waits.", "{n} requests wait.", len(found)).format(n=len(found))
    if not found:
        says = _("Nobody.")
    content = Requests(title=_("Whom must we forget?"), says=says, requests=found)
    return render.page(visit.request, "site/requests.html", content)
