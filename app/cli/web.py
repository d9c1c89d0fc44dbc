"""The web process: its socket, its server, and how it leaves without cutting anyone off."""

import errno
import socket

import click
import uvicorn
from fastapi import FastAPI

from app.main import create_app
from app.settings import Settings

_LEAVE_S = 10
"""So long a request under way may still take after we were asked to stop."""


class Server(uvicorn.Server):
    """Asked to stop, it tells all who wait (sites at their poll, pages at the bell) before it counts the seconds."""

    def __init__(self, application: FastAPI, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._application = application

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._application.state.hub.doorbell.close_up()
        await super().shutdown(sockets)


def bind(host: str, port: int) -> socket.socket:
    """Before anything else is started. Raises ClickException when the port cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise click.ClickException(_why(host, port, error)) from error
    return listener


def _why(host: str, port: int, error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return f"Another program listens on {host}:{port}: end it, or choose another with --port."
    if number == errno.EACCES:
        return f"This account may not listen on port {port}: choose one above 1023 with --port."
    return (
        f"Cannot listen on {host}:{port} ({error}): give an address of this computer with --host and a port below "
        "65536."
    )


def run(settings: Settings, listener: socket.socket) -> None:
    """Serves until a signal asks it to stop."""
    application = create_app(settings)
    config = uvicorn.Config(
        application,
        http="httptools",
        proxy_headers=settings.environment == "production",
        log_config=None,  # everything goes through our own JSON lines
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_LEAVE_S,
    )
    Server(application, config).run([listener])
