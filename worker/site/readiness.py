"""Is this site ready? Every check says what it found and, if not ready, how to put it right."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from worker.protocol import limits
from worker.protocol.codes import Readiness
from worker.protocol.messages import Hello, OfferClasses, ReadinessItem, ReadinessReport
from worker.protocol.text import _
from worker.site import enrolment
from worker.site.door import Door
from worker.site.faults import ClockOff, HubFault, SiteFault
from worker.site.home import Home, SiteConfig, software
from worker.site.site import Site

_DISK_MB = 500
_MEMORY_MB = 1000


@dataclass(frozen=True)
class Check:
    """`said` and `fix` are for the person here; only item, ok and number are sent."""

    item: Readiness
    ok: bool
    said: str
    fix: str = ""
    number: float | None = None


def checks(site: Site) -> Iterator[Check]:
    """In the order of the closed list."""
    hello: Hello | None = None
    try:
        hello = site.door.hello()
    except ClockOff as error:
        yield Check(Readiness.HUB_REACHABLE, True, _("The hub answers."))
        yield Check(Readiness.CLOCK, False, str(error), _("Set this machine's clock."))
    except HubFault as error:
        fix = _("Check the network and, if the school has one, HTTPS_PROXY.")
        yield Check(Readiness.HUB_REACHABLE, False, str(error), fix)
    if hello is not None:
        yield Check(Readiness.HUB_REACHABLE, True, _("The hub answers."))
        yield _clock(hello)
        yield _keys(hello)
        if hello.suspended:
            yield _suspended()
        yield _policy(site, hello)
    yield _data(site)
    yield _disk(site.home)
    yield _memory()
    yield _learning(site.config)


def _clock(hello: Hello) -> Check:
    off = (datetime.now(UTC) - hello.time).total_seconds()
    said = _("The clock is {off:.0f} s off the hub's.").format(off=abs(off))
    ok = abs(off) <= limits.CLOCK_SKEW_S
    return Check(Readiness.CLOCK, ok, said, _("Set this machine's clock."), round(off))


def _keys(hello: Hello) -> Check:
    if hello.state == "ready":
        return Check(Readiness.KEYS, True, _("The hub knows this site's key."))
    fix = _("Compare the six words in the browser; collegium-site status shows them.")
    return Check(Readiness.KEYS, False, _("The six words are not confirmed yet."), fix)


def _suspended() -> Check:
    said = _("The hub's operators suspended your institution, so no job comes.")
    fix = _(
        "Ask an administrator of your institution: its page at the hub says why, and whom to write to."
    )
    return Check(Readiness.STANDING, False, said, fix)


def _policy(site: Site, hello: Hello) -> Check:
    fix = _("Run: collegium-site policy review")
    in_force = site.policy()
    try:
        offered = enrolment.offered(site.home, hello)
    except SiteFault as error:
        return Check(Readiness.POLICY, False, str(error), fix)
    if in_force is None:
        said = _("No policy is accepted here, so every job is refused.")
        if hello.state != "ready":
            fix = _("Confirm the six words first; then run: collegium-site policy review")
        elif offered is None:
            fix = _(
                "Ask your institution to approve a policy, then run: collegium-site policy review"
            )
        return Check(Readiness.POLICY, False, said, fix)
    said = _("Policy version {number} is in force.").format(number=in_force.version)
    if offered is not None and offered.digest != in_force.digest:
        said += " " + _("Version {number} waits to be accepted here: collegium-site policy review")
        said = said.format(number=offered.version)
    if hello.policy_in_force != in_force.digest:
        missing = _("The hub does not know that this policy is in force here.")
        return Check(Readiness.POLICY, False, missing, fix)
    return Check(Readiness.POLICY, True, said, number=in_force.version)


def _data(site: Site) -> Check:
    folder = site.config.data
    if folder is None:
        said = _("No data folder is named.")
        return Check(Readiness.DATA, False, said, _("Run: collegium-site data use FOLDER"))
    from worker.learning.data.check import check

    blocking = [fault for fault in check(folder) if fault.blocks]
    if blocking:
        said = _("The data folder has {count} faults.").format(count=len(blocking))
        fix = _("Run: collegium-site data check {folder}").format(folder=folder)
        return Check(Readiness.DATA, False, said, fix)
    return Check(Readiness.DATA, True, _("The data folder can be used."))


def _disk(home: Home) -> Check:
    free = disk_free_mb(home)
    said = _("{free} are free on the disk.").format(free=_amount(free))
    fix = _("Free at least {wanted} MB.").format(wanted=_DISK_MB)
    return Check(Readiness.DISK, free >= _DISK_MB, said, fix, free)


def _amount(megabytes: int) -> str:
    return f"{megabytes} MB" if megabytes < 10_000 else f"{megabytes // 1000} GB"


def _memory() -> Check:
    free = memory_mb()
    if free is None:
        return Check(Readiness.MEMORY, True, _("This system does not tell its free memory."))
    said = _("{free} of memory are free.").format(free=_amount(free))
    fix = _("Close programs, or let the site run at night: collegium-site run --hours 18:00-06:00")
    return Check(Readiness.MEMORY, free >= _MEMORY_MB, said, fix, free)


def _learning(config: SiteConfig) -> Check:
    needed = ("torch", "transformers", "peft", "pandas", "pyarrow")
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        said = _("Not installed: {names}.").format(names=", ".join(missing))
        return Check(Readiness.LEARNING, False, said, _('Run: pip install "collegium[site]"'))
    if config.compute == "cuda" and not _has_card(config):
        said = _("site.yaml asks for a graphics card (compute: cuda), and none can be used.")
        fix = _(
            "Install NVIDIA’s driver and a build of torch for CUDA (pytorch.org), or set compute to auto or cpu."
        )
        return Check(Readiness.LEARNING, False, said, fix)
    return Check(Readiness.LEARNING, True, _("The learning packages are installed."))


def _has_card(config: SiteConfig) -> bool:
    """Asked of a child, so that no torch is loaded here."""
    command = [sys.executable, "-m", "worker.learning.device"]
    told = subprocess.run(command, env={**os.environ, **config.learning}, capture_output=True)
    return told.returncode == 0


def disk_free_mb(home: Home) -> int:
    return shutil.disk_usage(home.root).free >> 20


def memory_mb() -> int | None:
    """Available to a new program; None where the system does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as info:  # noqa: PTH123
            for line in info:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) >> 10
    except OSError:
        pass
    if "SC_AVPHYS_PAGES" in os.sysconf_names:
        return (os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")) >> 20
    return None


def report(site: Site, found: list[Check]) -> ReadinessReport:
    """Codes and numbers only."""
    window = site.config.window
    return ReadinessReport(
        software=software(),
        items=tuple(ReadinessItem(item=c.item, ok=c.ok, number=c.number) for c in found),
        hours_from=f"{window.start:%H:%M}" if window else None,
        hours_to=f"{window.end:%H:%M}" if window else None,
        time_zone=window.zone if window else None,
        disk_free_mb=disk_free_mb(site.home),
        memory_mb=memory_mb(),
        tier=site.tier,
    )


def look_and_tell(site: Site, seen: Callable[[Check], None] = lambda check: None) -> bool:
    """Runs every check and tells the hub codes and numbers. True when the site is ready."""
    found = []
    for check in checks(site):
        seen(check)
        found.append(check)
    reachable = any(c.ok for c in found if c.item is Readiness.HUB_REACHABLE)
    if reachable and all(c.ok for c in found if c.item is Readiness.CLOCK):
        site.door.readiness(report(site, found))
    return all(check.ok for check in found)


def offer_classes(site: Site) -> int:
    """Class codes and terms, if the accepted policy lets them out. Returns how many were offered."""
    policy = site.policy()
    if policy is None or not policy.document.leaves.class_codes or site.config.data is None:
        return 0
    from worker.learning.data.check import classes

    found = classes(site.config.data)[:2000]
    if found:
        _offer(site.door, OfferClasses(classes=found))
    return len(found)


def _offer(door: Door, offer: OfferClasses) -> None:
    try:
        door.offer_classes(offer)
    except HubFault as error:
        raise SiteFault(
            _("The class codes were not taken: {reason}").format(reason=error)
        ) from error
