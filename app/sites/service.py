"""The acts on sites, by one name for every edge: a person's (enrolment) and the site's own (statements)."""

from app.sites.enrolment import add_site, confirm, join, renew_token, revoke
from app.sites.statements import (
    accept_policy,
    announce_key,
    offer_classes,
    report_readiness,
    require_confirmed,
)

__all__ = [
    "accept_policy",
    "add_site",
    "announce_key",
    "confirm",
    "join",
    "offer_classes",
    "renew_token",
    "report_readiness",
    "require_confirmed",
    "revoke",
]
