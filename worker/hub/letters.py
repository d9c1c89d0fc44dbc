"""Sending one letter. The mail server is asked outside any transaction."""

import logging
import smtplib

from app import letters, mail
from app.hub import Hub

log = logging.getLogger(__name__)
_NEVER = 500


def post(hub: Hub, letter_id: str) -> str:
    """What became of it, in a word."""
    with hub.db.session() as session:
        found = letters.begin(session, hub.settings, letter_id)
    if found is None:
        return "not due"
    try:
        mail.send(hub.settings, found)
    except smtplib.SMTPRecipientsRefused as error:
        if any(code < _NEVER for code, _said in error.recipients.values()):
            return _again(hub, letter_id, error)
        log.warning("letter %s: the mail server knows no such address", letter_id)
        outcome = "refused"
    except (OSError, smtplib.SMTPException) as error:
        return _again(hub, letter_id, error)
    else:
        outcome = "taken"
    with hub.db.session() as session:
        letters.taken(session, letter_id)
    return outcome


def _again(hub: Hub, letter_id: str, error: Exception) -> str:
    log.warning("letter %s was not taken: %s", letter_id, type(error).__name__)
    with hub.db.session() as session:
        letters.failed(session, letter_id)
    return "later"
