"""Looking up an institution's text record: outside any transaction, because a name server may be slow."""

from app.dns import DnsAway, text_records
from app.hub import Hub
from app.institutions import domain_records, queries
from app.institutions.states import CheckOutcome


def check(hub: Hub, institution_id: str) -> CheckOutcome | None:
    """What was found; None when nothing was asked, or it was answered already."""
    with hub.db.reading() as session:
        asked = queries.domain_check(session, institution_id)
        if asked is None or asked.looked is not None:
            return None
        domain = asked.domain
    try:
        found = text_records(hub.settings, domain_records.record_name(domain))
    except DnsAway:
        found = None
    with hub.db.session() as session:
        return domain_records.note(session, hub.settings, institution_id, domain, found)
