"""Signing where audit chains end, and keeping it: each day that something happened, and every thousand events."""

import logging

from app.audit import checkpoint, queries
from app.clock import now
from app.hub import Hub

log = logging.getLogger(__name__)


def store(hub: Hub) -> int:
    """How many were stored. Each in a transaction of its own: no chain waits for another."""
    with hub.db.reading() as session:
        due = queries.due(session, now())
    stored = 0
    for chain in due:
        try:
            with hub.db.session() as session:
                stored += checkpoint.store(session, hub.key, chain, now())
        except Exception:
            log.exception("a checkpoint was not stored")
    return stored
