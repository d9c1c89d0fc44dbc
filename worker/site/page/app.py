"""Routes. Every page but the door itself is for whoever has opened it; a GET changes nothing."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from worker.protocol.pages import STATIC
from worker.protocol.text import _
from worker.site.faults import SiteFault
from worker.site.page import (
    approvals,
    content,
    policy,
    ready,
    records,
    render,
    requests,
    sent,
    sign_in,
)
from worker.site.page.edge import Edge
from worker.site.page.faults import Differs, NothingHere, PageFault
from worker.site.page.state import State
from worker.site.page.visit import signed_in

_YEAR = "public, max-age=31536000, immutable"
_PAGES = {
    "/": ready.show,
    "/policy": policy.show,
    "/sent": sent.show,
    "/data": records.show,
    "/requests": requests.show,
    "/runs/{run:str}": approvals.show,
    "/sent/{month:str}/{number:int}": content.show,
}
_ACTS = {
    "/check": ready.check,
    "/data/check": records.check,
    "/policy/accept": policy.accept,
    "/policy/approve-run": approvals.approve,
    "/display": sign_in.display,
    "/sign-out": sign_in.leave,
    "/stop": ready.stop,
}


def create(state: State) -> ASGIApp:
    app = Starlette(
        routes=[
            *(Route(path, signed_in(page)) for path, page in _PAGES.items()),
            *(Route(path, signed_in(act), methods=["POST"]) for path, act in _ACTS.items()),
            Route("/sign-in", sign_in.ask),
            Route("/sign-in", sign_in.enter, methods=["POST"]),
            Route("/static/{name:path}", static),
        ],
        exception_handlers={
            PageFault: _on_fault,
            SiteFault: _on_site_fault,
            HTTPException: _on_http,
            Exception: _on_anything,
        },
    )
    app.state.site = state
    return Edge(app, state.port)


async def static(request: Request) -> Response:
    """Files from a closed list."""
    name = request.path_params["name"]
    if name not in render.OWN or not (STATIC / name).is_file():
        raise NothingHere(_("There is nothing here."))
    return FileResponse(STATIC / name, headers={"Cache-Control": _YEAR})


def _on_fault(request: Request, error: Exception) -> Response:
    assert isinstance(error, PageFault)
    return render.fault(request, error)


def _on_site_fault(request: Request, error: Exception) -> Response:
    """The sentence that the terminal would show."""
    return render.fault(request, Differs(str(error)))


def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    fault = NothingHere(_("There is nothing here."))
    fault.status = error.status_code
    return render.fault(request, fault)


def _on_anything(request: Request, error: Exception) -> Response:
    fault = PageFault(_("Something went wrong here. logs/page.log says more."))
    fault.status = 500
    return render.fault(request, fault)
