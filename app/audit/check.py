"""Checking an exported chain on any computer, without the hub and its database: `collegium-hub audit check FILE`."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from app.audit.checkpoint import Checkpoint, leaf
from worker.protocol.canonical import digest_of
from worker.protocol.manifest import Signed
from worker.protocol.signatures import BadSignature, PublicKey


class Broken(ValueError):
    """The file does not hold. `line` counts from 1."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"line {line}: {what}")
        self.line, self.what = line, what


@dataclass(frozen=True)
class Held:
    """What a file that holds says: how many events, the last digest, when and by which key its head was signed."""

    events: int
    head: str
    signed: datetime
    key: str


def check(lines: Iterable[str], key: str | None = None) -> Held:
    """Every digest again from its event, each naming the one before it; then the checkpoint, by `key` where one is
    given, else by the key in the file, which proves only that the file is of one piece. Raises Broken."""
    number, previous, chain = 0, "", ""
    for line_number, line in enumerate(lines, 1):
        row = _read(line_number, line)
        if "checkpoint" in row:
            if not number:
                raise Broken(line_number, "there is no event before the checkpoint")
            return _signed(line_number, row, key, chain, number, previous)
        number += 1
        chain = chain or str(row.get("chain"))
        previous = _event(line_number, row, chain, number, previous)
    raise Broken(number + 1, "the checkpoint is missing: the end of the file was cut off")


def _read(line_number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise Broken(line_number, "this is no JSON") from error
    if not isinstance(row, dict):
        raise Broken(line_number, "this is no event")
    return row


def _event(line_number: int, row: dict[str, Any], chain: str, number: int, previous: str) -> str:
    said = row.pop("digest", None)
    if row.get("chain") != chain:
        raise Broken(line_number, "this event is of another chain")
    if row.get("number") != number:
        raise Broken(line_number, f"event {number} should stand here")
    if row.get("previous") != previous:
        raise Broken(line_number, "it does not name the event before it")
    found = digest_of(row)
    if said != found:
        raise Broken(line_number, "its digest is not that of its content: it was changed")
    return found


def _signed(
    line_number: int, row: dict[str, Any], key: str | None, chain: str, number: int, head: str
) -> Held:
    try:
        signed = Signed.model_validate(row["checkpoint"])
        used = PublicKey(key or str(row.get("hub_key")))
        used.verify(signed.payload.encode(), signed.signature)
        found = Checkpoint.model_validate_json(signed.payload)
    except (BadSignature, ValidationError, ValueError) as error:
        raise Broken(line_number, "the checkpoint was not signed by this key") from error
    if leaf(chain, number, head) not in found.leaves:
        raise Broken(line_number, "the signed checkpoint names another end of this chain")
    return Held(number, head, found.at, used.text)
