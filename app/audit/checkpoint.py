"""The heads of every chain under one signature of the hub. A leaf names no institution: anyone may keep them all."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from app.audit import queries
from worker.protocol.canonical import digest
from worker.protocol.manifest import Signed
from worker.protocol.signatures import PrivateKey


class Checkpoint(BaseModel):
    """`leaves` are sorted, one for each chain that has an event."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: datetime
    leaves: tuple[str, ...]


def leaf(chain: str, number: int, head: str) -> str:
    """SHA-256 over chain, length and last digest: only who holds the chain can tell which leaf is its own."""
    return digest(f"collegium-chain-1\n{chain}\n{number}\n{head}".encode())


def take(session: Session, key: PrivateKey, at: datetime) -> Signed:
    """Every head as it stands in this transaction."""
    heads = queries.heads(session)
    leaves = sorted(leaf(chain, number, head) for chain, (number, head) in heads.items())
    return key.seal(Checkpoint(at=at, leaves=tuple(leaves)))
