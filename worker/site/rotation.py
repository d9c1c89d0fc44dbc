"""A new signing key: made here, announced to the hub under the old one, in force at its first use.

Cut off at any point it leaves a site that can speak, and the same command goes on:
before and after the announcement the old key signs, and the hub takes it; once the switch is on the disk the new
one signs, and the hub takes that, because it was told before. The hub refuses the old key from then on.
"""

from worker.protocol.signatures import PublicKey
from worker.protocol.text import _
from worker.site import files
from worker.site.client import connect
from worker.site.door import Door
from worker.site.faults import HubUnavailable, SiteFault
from worker.site.home import Home


def rotate(home: Home) -> PublicKey:
    """The key now in force. A site that runs meanwhile goes on with it. Raises HubFault, SiteFault, DiskFull."""
    busy = SiteFault(_("Another command is changing this site's key. Wait for it to end."))
    home.identity()
    with files.locked(home.root / "keys.lock", busy):
        door = Door(connect(home))
        try:
            announced = home.key_file.prepare().next
            assert announced is not None
            door.announce_key(announced.public)
            home.key_file.switch()
            _use(door)
        finally:
            door.close()
        return announced.public


def _use(door: Door) -> None:
    try:
        door.hello()
    except HubUnavailable as error:
        raise SiteFault(
            _(
                "The new key is in force at this site, but the hub did not answer to it yet ({reason}) "
                "It refuses the old one from this site's next request on: collegium-site check"
            ).format(reason=error)
        ) from error
