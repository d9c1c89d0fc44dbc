"""The ends of chains under the hub's signature: of all chains with each export, and of one, stored as it grows.

A leaf names no institution: anyone may keep them all. A stored one names its chain: only who may read that sees it.
"""

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.audit import queries
from app.audit.models import Chain, StoredCheckpoint
from app.audit.queries import End
from worker.protocol.canonical import digest
from worker.protocol.manifest import Signed
from worker.protocol.signatures import PrivateKey


class Checkpoint(BaseModel):
    """`leaves` are sorted, one for each chain that has an event."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: datetime
    leaves: tuple[str, ...]


class Stored(BaseModel):
    """The `place`-th of `chain`: event `number` had the digest `head`. `previous`: `mark` of the one before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: datetime
    chain: str
    head: str
    number: int
    place: int
    previous: str


def leaf(chain: str, end: End) -> str:
    """SHA-256 over chain, end and stored checkpoints: only who holds the chain can tell which leaf is its own."""
    said = f"{chain}\n{end.number}\n{end.head}\n{end.checkpoints}\n{end.checkpoint}"
    return digest(f"collegium-chain-2\n{said}".encode())


def mark(payload: str, signature: str) -> str:
    """SHA-256 by which the next stored checkpoint, and each export, name this one."""
    return digest(f"{payload}\n{signature}".encode())


def take(ends: Mapping[str, End], key: PrivateKey, at: datetime) -> Signed:
    """`ends`: of every chain, as one statement read them (`queries.ends`)."""
    leaves = sorted(leaf(chain, end) for chain, end in ends.items())
    return key.seal(Checkpoint(at=at, leaves=tuple(leaves)))


def store(session: Session, key: PrivateKey, chain: str, at: datetime) -> bool:
    """Sign and keep where a chain ends now; False where that stands already. The chain waits meanwhile."""
    lock = (
        update(Chain)
        .where(Chain.id == chain)
        .values(length=Chain.length)
        .execution_options(synchronize_session=False)
    )
    session.execute(lock)
    end = queries.end(session, chain)
    if end.number <= queries.stored_until(session, chain):
        return False
    value = Stored(
        at=at,
        chain=chain,
        head=end.head,
        number=end.number,
        place=end.checkpoints + 1,
        previous=end.checkpoint,
    )
    _keep(session, value, key.seal(value))
    return True


def _keep(session: Session, value: Stored, signed: Signed) -> None:
    session.add(
        StoredCheckpoint(
            chain_id=value.chain,
            place=value.place,
            at=value.at,
            number=value.number,
            head=value.head,
            payload=signed.payload,
            signature=signed.signature,
        )
    )
    session.execute(
        update(Chain)
        .where(Chain.id == value.chain)
        .values(checkpoints=value.place, checkpoint=mark(signed.payload, signed.signature))
        .execution_options(synchronize_session=False)
    )
    session.flush()
