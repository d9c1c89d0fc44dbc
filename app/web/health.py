"""For probes of a load balancer or container: reads no cookie, says nothing of anyone, answers whatever the Host."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from app import health
from app.hub import Hub

router = APIRouter(prefix="/health", include_in_schema=False)


@router.get("/live")
async def live() -> JSONResponse:
    """This process serves. Asks nothing else, so a database that restarts does not restart the web too."""
    return JSONResponse({"state": health.UP})


@router.get("/ready")
def ready(request: Request) -> JSONResponse:
    """503 while a part is away without which no page can be served, or while this process is asked to stop."""
    hub: Hub = request.app.state.hub
    found = health.parts(hub.db, hub.objects, hub.settings.redis_url)
    well = all(part.state == health.UP for part in found if part.needed)
    well = well and not hub.doorbell.closing
    return JSONResponse({part.name: part.state for part in found}, 200 if well else 503)
