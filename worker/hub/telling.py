"""Telling people: gather, then one digest a person and hour. A mail is sent outside any transaction."""

import logging
import smtplib

from app import mail
from app.clock import now
from app.hub import Hub
from app.notices import service as notices

log = logging.getLogger(__name__)


def tell(hub: Hub) -> int:
    """How many mails the server took. What it did not take is due again at the next look."""
    with hub.db.session() as session:
        notices.gather(session, now())
    with hub.db.session() as session:
        digests = notices.take_digests(session, hub.settings, now())
    sent = 0
    for digest in digests:
        try:
            mail.send(hub.settings, digest.mail)
        except (OSError, smtplib.SMTPException) as error:
            log.warning("a digest was not taken: %s", type(error).__name__)
            with hub.db.session() as session:
                notices.give_back(session, digest)
            continue
        sent += 1
    return sent
