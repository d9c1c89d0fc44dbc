"""What happens after commit: bells, hub jobs, mails. Queued on the session, sent only if it committed.

An effect may be lost (Redis down, process killed): the sweep and the pollers find the same work in the database.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Ring:
    """Rings the doorbell of one topic: `inbox:<site>:<lane>`, `run:<run>`, `institution:<id>`."""

    topic: str


@dataclass(frozen=True)
class Send:
    """A hub task by its name (`app.jobs.HubTask`), with ids only."""

    task: str
    args: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mail:
    """One mail; `body` is plain text."""

    to: str
    subject: str
    body: str


Effect = Ring | Send | Mail
_KEY = "effects"


def after_commit(session: Session, effect: Effect) -> None:
    """Queue an effect. The same effect twice in one transaction happens once."""
    queued: list[Effect] = session.info.setdefault(_KEY, [])
    if effect not in queued:
        queued.append(effect)


def take(session: Session) -> list[Effect]:
    """The queued effects, in order, and empties the queue."""
    queued: list[Effect] = session.info.pop(_KEY, [])
    return queued
