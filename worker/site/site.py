"""A site opened for work: its folder, its door to the hub, its outbox and objects, in one value."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from worker.protocol.codes import Failure, Tier
from worker.site import accepted, guard, hours, machine, met, stopping
from worker.site.client import connect
from worker.site.door import Door
from worker.site.faults import SiteFault
from worker.site.home import Home, Identity, SiteConfig
from worker.site.keys import Keys
from worker.site.objects import Objects
from worker.site.outbox import Outbox
from worker.site.own import OwnParts


@dataclass(frozen=True)
class Site:
    home: Home
    config: SiteConfig
    identity: Identity
    door: Door
    outbox: Outbox
    own: OwnParts
    objects: Objects

    @property
    def keys(self) -> Keys:
        """As they are now: they may change while a site runs."""
        return self.home.keys()

    @property
    def tier(self) -> Tier:
        """As a person set it, else what the machine can."""
        return self.config.tier or machine.here(cards=self.config.compute != "cpu")

    def policy(self) -> accepted.AcceptedPolicy | None:
        """A damaged policy counts as none: refuse, never guess."""
        try:
            return accepted.current(self.home)
        except SiteFault:
            return None

    def tidy(self) -> None:
        """What no job of the last month has touched goes; the cache of objects keeps to its size."""
        self.outbox.prune()
        if not any(self.home.cache.glob("*")):
            self.own.forget_personal()
        self.own.prune(self.home.read_json(self.home.release_file).get("run"))
        self.objects.prune()
        oldest = time.time() - _KEPT_S
        for path in [*self.home.checkpoints.glob("*"), *self.home.objects.glob("*.part")]:
            if path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)

    def known(self, policy: accepted.AcceptedPolicy | None) -> guard.Known:
        return guard.Known(
            identity=self.identity,
            policy=policy.document if policy else None,
            approved_here=accepted.approved(self.home),
            tier=self.tier,
            met=lambda run: met.of(self.home, self.outbox, run),
        )


_KEPT_S = 30 * 24 * 3600


def open_site(home: Home) -> Site:
    """Raises NotJoined."""
    config, identity = home.config(), home.identity()
    line = connect(home)
    return Site(
        home=home,
        config=config,
        identity=identity,
        door=Door(line),
        outbox=Outbox(home.outbox),
        own=OwnParts(home.own),
        objects=Objects(home.objects, line),
    )


def wants(window: hours.Hours | None) -> Callable[[], Failure | None]:
    """Why a running job should be put down, as far as this machine knows."""
    parent = stopping.Parent()
    is_open = hours.opening(window)

    def reason() -> Failure | None:
        if stopping.is_asked() or parent.is_gone():
            return Failure.STOPPED
        return None if is_open() else Failure.OUTSIDE_HOURS

    return reason
