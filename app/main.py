"""The web process: pages, the API, the site door, over one hub. `app.main:app` is what uvicorn serves."""

import gc
from asyncio import Semaphore
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app import hub, logs, schema  # noqa: F401  (schema: every table and follower is known first)
from app.db import THREADS
from app.demo import pages as demo
from app.settings import Settings, get_settings
from app.sites.admission import Remembered
from app.web import pages, problems
from app.web.api import router as api
from app.web.door import router as door
from app.web.health import router as health
from app.web.middleware import Edge
from app.web.pages.run_bell import Streams
from worker.protocol.pages import STATIC

_TURNS = 3
"""Requests that may ask the database at once. They share one processor: more of them at once answer nobody sooner, and
those that nearly are done wait for those that have just begun."""


class OwnFiles(StaticFiles):
    """A name with its digest never changes its content; without, the browser asks each time."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        marked = scope["query_string"].startswith(b"v=")
        keep = "public, max-age=31536000, immutable" if marked else "no-cache"
        response.headers["Cache-Control"] = keep
        return response


@asynccontextmanager
async def _lifespan(application: FastAPI) -> AsyncIterator[None]:
    current_default_thread_limiter().total_tokens = THREADS
    if application.state.hub.settings.environment != "test":
        _leave_alone_what_stays()
    yield
    await application.state.hub.doorbell.aclose()
    application.state.hub.close()


def _leave_alone_what_stays() -> None:
    """A full collection walks everything a process holds, over 100 ms in which it answers nobody. What stands at the
    start stays, so it is taken out of the walk; the rest is walked less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


def create_app(settings: Settings | None = None) -> FastAPI:
    """One application over one hub. Raises what `hub.build` raises."""
    settings = settings or get_settings()
    if settings.environment != "test":
        logs.configure()
    application = FastAPI(
        title="Collegium",
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    application.state.hub = hub.build(settings)
    application.state.streams = Streams(settings.streams)
    application.state.turns = Semaphore(_TURNS)
    application.state.remembered = Remembered()
    application.add_middleware(Edge, settings=settings)
    problems.install(application)
    application.include_router(health)
    application.include_router(door)
    application.include_router(api)
    for router in pages.routers(settings):
        application.include_router(router)
    if settings.environment == "demo":
        application.include_router(demo.router)
    application.mount("/static", OwnFiles(directory=STATIC), name="static")
    return application


def __getattr__(name: str) -> Any:
    """`app` is made when a server asks for it, so that importing this module opens no database."""
    if name != "app":
        raise AttributeError(name)
    application = create_app()
    globals()["app"] = application
    return application
