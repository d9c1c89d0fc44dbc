"""The same request once: a key that a program chose, kept with the digest of what it sent and with our answer.

The row is written first and filled last, in the transaction of the act. A second request with the key waits for the
first: SQLite has one writer, and PostgreSQL's INSERT waits for the row that is not committed yet. An act that failed
takes its row with it, so it may be tried again.
"""

import json
from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.clock import now
from app.errors import HubError
from app.ids import new_id
from app.integrations.models import KeptAnswer
from app.secrets import open_, seal, token_hash
from app.settings import Settings
from app.text import _

KEPT = timedelta(hours=24)


class KeyReused(HubError):
    """The same key for another request: one of the two would get the other's answer."""

    status = 422
    code = "idempotency-key-reused"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str


def begin(session: Session, settings: Settings, token: str, key: str, digest: str) -> Answer | None:
    """None when this is the first: do it, then `keep` the answer. Raises KeyReused."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    hashed, moment = token_hash(key), now()
    mine = (KeptAnswer.token_id == token, KeptAnswer.key_hash == hashed)
    session.execute(
        delete(KeptAnswer)
        .where(*mine, KeptAnswer.created < moment - KEPT)
        .execution_options(synchronize_session=False)
    )
    made = session.scalar(
        insert(KeptAnswer)
        .values(
            id=new_id("kept"),
            token_id=token,
            key_hash=hashed,
            digest=digest,
            answer="",
            created=moment,
        )
        .on_conflict_do_nothing()
        .returning(KeptAnswer.id)
    )
    if made is not None:
        return None
    found = session.scalars(select(KeptAnswer).where(*mine)).one()
    if found.digest != digest:
        raise KeyReused(
            _("This Idempotency-Key was used for another request. Choose a new key for each act.")
        )
    return Answer(**json.loads(open_(settings, found.answer)))


def keep(session: Session, settings: Settings, token: str, key: str, answer: Answer) -> None:
    """In the same transaction as `begin` and the act."""
    wanted = (KeptAnswer.token_id == token, KeptAnswer.key_hash == token_hash(key))
    row = session.scalars(select(KeptAnswer).where(*wanted)).one()
    row.answer = seal(settings, json.dumps(asdict(answer)).encode())
    session.flush()


def forget(session: Session) -> int:
    """Sweeps out what is older than a day; returns how many."""
    gone = session.execute(
        delete(KeptAnswer)
        .where(KeptAnswer.created < now() - KEPT)
        .execution_options(synchronize_session=False)
    )
    count: int = gone.rowcount  # type: ignore[attr-defined]
    return count
