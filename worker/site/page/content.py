"""One transfer, opened: the JSON as it was sent, or an update's tensors while its bytes are kept here."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from pydantic import ValidationError
from starlette.responses import Response

from worker.protocol.canonical import digest
from worker.protocol.codec import Unacceptable, decode
from worker.protocol.codes import TransferKind
from worker.protocol.messages import StartUpload
from worker.protocol.text import _
from worker.protocol.update import UpdateHeader
from worker.site.faults import ObjectMismatch
from worker.site.outbox import Kept, Outbox
from worker.site.page import render
from worker.site.page.faults import NothingHere
from worker.site.page.sent import Row
from worker.site.page.visit import Visit
from worker.site.sent import Entry, OutboundLog


@dataclass(frozen=True)
class Tensor:
    """`part` is the model part it belongs to, `norm` its Euclidean length."""

    part: str
    name: str
    shape: str
    numbers: int
    norm: float


@dataclass(frozen=True)
class Update:
    """What is known here of the update a line belongs to. Without tensors, `deleted` or `damaged` says why."""

    header: UpdateHeader
    tensors: tuple[Tensor, ...]
    deleted: datetime | None
    damaged: bool


@dataclass(frozen=True)
class Content:
    title: str
    row: Row
    pretty: str
    raw: str
    fits: bool
    update: Update | None
    of_update: bool
    menu: str = "sent"


def show(visit: Visit) -> Response:
    at = visit.request.path_params
    log = OutboundLog(visit.state.home.sent)
    entry = log.entry(at["month"], at["number"])
    if entry is None:
        raise NothingHere(_("The outbound log has no such line."))
    line = entry.line
    of_update = line.kind is TransferKind.UPDATE
    header = _header(log, entry) if of_update else None
    content = Content(
        title=_("One transfer, opened"),
        row=Row(entry),
        pretty=_pretty(line.content) if line.content else "",
        raw=line.content or "",
        fits=line.content is not None and digest(line.content.encode()) == line.digest,
        update=_update(Outbox(visit.state.home.outbox), header) if header else None,
        of_update=of_update,
    )
    return render.page(visit.request, "site/content.html", content)


def _pretty(text: str) -> str:
    """Indented; what is sealed inside as text is shown as what it says."""
    return json.dumps(_opened(json.loads(text)), indent=2, ensure_ascii=False)


def _opened(value: Any) -> Any:
    if isinstance(value, list):
        return [_opened(one) for one in value]
    if not isinstance(value, dict):
        return value
    opened = {name: _opened(one) for name, one in value.items()}
    if isinstance(opened.get("payload"), str):
        try:
            opened["payload"] = json.loads(opened["payload"])
        except ValueError:
            return opened
    return opened


def _header(log: OutboundLog, entry: Entry) -> UpdateHeader | None:
    """Of the upload this line belongs to: the line itself, or the last header of its job before it."""
    passed = False
    for other in log.newest():
        passed = passed or (other.month, other.number) == (entry.month, entry.number)
        if passed and other.line.job == entry.line.job and other.line.content:
            try:
                said = StartUpload.model_validate_json(other.line.content)
                return UpdateHeader.model_validate_json(said.header.payload)
            except ValidationError:
                continue
    return None


def _update(outbox: Outbox, header: UpdateHeader) -> Update:
    try:
        kept = outbox.kept(header.run, header.round)
    except ObjectMismatch:
        kept = None
    if kept is None or kept.digest != header.body or kept.path is None:
        return Update(header, (), kept.deleted if kept else None, damaged=False)
    tensors = _tensors(kept)
    return Update(header, tensors or (), None, damaged=tensors is None)


def _tensors(kept: Kept) -> tuple[Tensor, ...] | None:
    """None where the file is not what was sent any more."""
    assert kept.path is not None
    try:
        body = kept.path.read_bytes()
        found = decode(body)
    except (OSError, Unacceptable):
        return None
    if digest(body) != kept.digest:
        return None
    return tuple(_tensor(name, array) for name, array in found.items())


def _tensor(name: str, array: Any) -> Tensor:
    part, _colons, rest = name.rpartition("::")
    shape = " × ".join(str(n) for n in array.shape) or "1"
    return Tensor(part, rest, shape, int(array.size), float(np.linalg.norm(array.astype("f8"))))
