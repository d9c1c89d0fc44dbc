"""The hub's web process on a free loopback port, in a thread: real sockets, so hanging up is real."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError

from app.errors import Busy, HubError, Invalid
from app.hub import Hub
from app.web.door import router
from tests.servers import wait_until
from worker.protocol.messages import Problem


def application(hub: Hub) -> FastAPI:
    app = FastAPI()
    app.state.hub = hub
    app.include_router(router)
    app.add_exception_handler(HubError, _on_hub_error)
    app.add_exception_handler(OperationalError, _on_database_away)
    return app


def _on_hub_error(request: Request, error: HubError) -> JSONResponse:
    errors = [{"field": k} for k in error.errors] if isinstance(error, Invalid) else []
    problem = Problem(
        title=type(error).__name__,
        status=error.status,
        detail=error.message,
        code=error.code,
        errors=errors,
    )
    headers = {"Retry-After": str(error.wait_s)} if isinstance(error, Busy) else {}
    return JSONResponse(problem.model_dump(), error.status, headers)


def _on_database_away(request: Request, error: Exception) -> JSONResponse:
    return _on_hub_error(request, Busy("The database is away.", 5))


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_level="warning", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started, seconds=15, what="the hub")
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
