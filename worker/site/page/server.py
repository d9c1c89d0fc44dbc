"""Serving the page: on this computer's own address only, one server a folder, its links."""

import socket
from collections.abc import Callable
from contextlib import closing, suppress

import uvicorn

from worker.protocol.text import _
from worker.site import locks
from worker.site.faults import SiteFault
from worker.site.home import Home
from worker.site.page import codes
from worker.site.page.app import create
from worker.site.page.state import State


def served_at(home: Home) -> int | None:
    """The port of the page that is served from this folder now."""
    said = locks.holder(home.page_lock)
    return int(said) if said and said.isdecimal() else None


def serve(home: Home, port: int, greet: Callable[[str], None] = lambda url: None) -> None:
    """Until a signal. `greet` gets a link once the page can be opened. Raises SiteFault."""
    state = State(home, home.identity(), port)
    busy = SiteFault(_("The page of this folder is served already. Run: collegium-site page"))
    with (
        closing(_listen(port)) as listening,
        closing(state),
        locks.hold(home.page_lock, str(port), busy),
    ):
        greet(codes.link(home, port))
        server = uvicorn.Server(_config(state))
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listening])


def _listen(port: int) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((codes.HOST, port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise SiteFault(
            _(
                "Port {port} of this computer is taken. Name another: --port, or page_port in {file}"
            ).format(port=port, file="site.yaml")
        ) from error
    return listening


def _config(state: State) -> uvicorn.Config:
    """No access log: addresses carry codes. Nothing but HTTP, and no header that says what answers."""
    return uvicorn.Config(
        create(state),
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=64,
        timeout_graceful_shutdown=2,
    )
