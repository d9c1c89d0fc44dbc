"""An object over the line, whole or from where a site stopped; in blocks, from any store."""

import re
from collections.abc import Iterator
from contextlib import closing
from typing import BinaryIO

from fastapi.responses import Response, StreamingResponse

from app.objects import ObjectStore

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_BLOCK = 1 << 18


def serve(store: ObjectStore, digest: str, wanted: str) -> Response:
    """`wanted` is the Range header: one range, or the whole is sent. 416 past the end. Raises ObjectMissing."""
    size = store.size(digest)
    span = _span(wanted, size)
    heads = {"Accept-Ranges": "bytes", "ETag": f'"{digest}"'}
    if span is not None and not span:
        return Response(status_code=416, headers=heads | {"Content-Range": f"bytes */{size}"})
    start, length = (span.start, len(span)) if span is not None else (0, size)
    heads["Content-Length"] = str(length)
    if span is not None:
        heads["Content-Range"] = f"bytes {start}-{start + length - 1}/{size}"
    return StreamingResponse(
        _blocks(store.open(digest, start), length),
        200 if span is None else 206,
        heads,
        media_type="application/octet-stream",
    )


def _span(wanted: str, size: int) -> range | None:
    """None: send the whole. Empty: nothing of what is wanted exists. RFC 9110, 14.1.2."""
    found = _RANGE.fullmatch(wanted.strip())
    if not found or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        return range(max(size - int(last), 0), size)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)


def _blocks(file: BinaryIO, left: int) -> Iterator[bytes]:
    with closing(file):
        while left > 0 and (block := file.read(min(_BLOCK, left))):
            left -= len(block)
            yield block
