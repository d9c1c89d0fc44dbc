"""Sending one message of a webhook: its server is asked outside any transaction, and may be slow."""

import time

from app.hub import Hub
from app.integrations import delivering
from app.integrations.delivering import Message, Outcome
from app.outbound import Fetcher, OutboundRefused


def deliver(hub: Hub, delivery_id: str) -> str:
    """What came of it. A worker killed after its message left sends it again under the same id."""
    with hub.db.session() as session:
        message = delivering.take(session, hub.settings, delivery_id)
    if message is None:
        return "not due"
    outcome = _ask(Fetcher(hub.settings), message)
    with hub.db.session() as session:
        delivering.done(session, delivery_id, outcome)
    return outcome.trouble or str(outcome.status)


def _ask(fetcher: Fetcher, message: Message) -> Outcome:
    begun = time.monotonic()
    headers = {
        **message.headers,
        "Content-Type": "application/json",
        "User-Agent": "Collegium-Webhooks/1",
    }
    status, trouble = None, None
    try:
        status = fetcher.post(message.url, message.body, headers).status
    except OutboundRefused as refused:
        status, trouble = refused.status, refused.trouble
    return Outcome(round((time.monotonic() - begun) * 1000), status, trouble)
