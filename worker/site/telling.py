"""Tells the hub that someone withdrew consent, where the accepted policy says so: a day, and nothing else.

Said before the next update leaves, with each answer and while waiting for work, until the hub has taken it. It stops
nothing: an older hub does not know the word, and one that is away learns it later.
"""

import logging
import time
from datetime import date

from worker.protocol.messages import ConsentWithdrawn
from worker.site import records, withdrawals
from worker.site.door import Door
from worker.site.faults import DiskFull, HubFault
from worker.site.home import Home

logger = logging.getLogger(__name__)
_AGAIN_S = 600.0
"""After a word that was not taken."""
_not_before = 0.0


def tell(home: Home, door: Door) -> None:
    """A policy that has come to say no since takes back what was not told yet."""
    global _not_before
    days = withdrawals.to_tell(home)
    policy = records.policy(home) if days else None
    if policy is None or time.monotonic() < _not_before:
        return
    try:
        if policy.tell_withdrawals == "no":
            withdrawals.told(home, days)
            return
        for day in days:
            door.consent_withdrawn(ConsentWithdrawn(day=date.fromisoformat(day)))
            withdrawals.told(home, [day])
    except (HubFault, DiskFull) as error:
        _not_before = time.monotonic() + _AGAIN_S
        logger.warning("a withdrawn consent is not told yet: %s", error)
