"""Reading a request's body: no more of it than is taken, and no longer than a slow line needs."""

from collections.abc import AsyncIterator

from anyio import fail_after
from starlette.requests import Request

from app.errors import TooLarge, TooSlow
from app.text import _

SLOWEST = 8 * 1024
"""Bytes a second that the slowest line must bring."""
_PATIENCE_S = 20.0


async def read_body(request: Request, limit: int) -> bytes:
    """Stops reading at the limit, whatever Content-Length said. Raises TooLarge, TooSlow."""
    said = request.headers.get("content-length", "0")
    if not said.isdecimal() or int(said) > limit:
        raise _too_large(limit)
    return await within(request.stream(), limit, patience(int(said) or limit))


async def within(parts: AsyncIterator[bytes], limit: int, seconds: float) -> bytes:
    """All of it. Raises TooLarge past `limit` bytes, TooSlow when it is not whole after `seconds`."""
    content = bytearray()
    try:
        with fail_after(seconds):
            async for part in parts:
                content += part
                if len(content) > limit:
                    raise _too_large(limit)
    except TimeoutError as error:
        raise TooSlow(
            _("The request did not arrive within {seconds} seconds.").format(seconds=round(seconds))
        ) from error
    return bytes(content)


def patience(size: int) -> float:
    """How long a body of `size` bytes may take, in seconds."""
    return _PATIENCE_S + size / SLOWEST


def _too_large(limit: int) -> TooLarge:
    return TooLarge(_("At most {limit} bytes are taken here.").format(limit=limit))
