"""Which rule holds here? The policy in force, the one that waits, what would change, and a person's yes."""

from contextlib import closing
from dataclasses import dataclass

from starlette.responses import Response

from worker.protocol import words
from worker.protocol.messages import ApprovedPolicy
from worker.protocol.text import _
from worker.site import accepted, enrolment
from worker.site.accepted import AcceptedPolicy
from worker.site.faults import HubFault, SiteFault
from worker.site.home import Home
from worker.site.page import render
from worker.site.page.faults import Differs, HubAway
from worker.site.page.moments import clock, day
from worker.site.page.visit import Visit, see_other
from worker.site.site import open_site


@dataclass(frozen=True)
class Policy:
    """`difference` is sentences before and after; `waiting_runs` maps a run to the names of its tasks."""

    title: str
    says: str
    asof: str
    in_force: AcceptedPolicy | None
    damaged: str
    sentences: tuple[str, ...]
    waiting: ApprovedPolicy | None
    waiting_sentences: tuple[str, ...]
    difference: tuple[tuple[str | None, str | None], ...]
    fault: str
    waiting_runs: dict[str, list[str]]
    menu: str = "policy"


def show(visit: Visit) -> Response:
    state = visit.state
    in_force, damaged = _here(state.home)
    asked = state.asking.ask()
    waiting = asked.offered
    if waiting is not None and in_force is not None and waiting.digest == in_force.digest:
        waiting = None
    old = in_force.document if in_force else None
    content = Policy(
        title=_("Which rule holds here?"),
        says=_says(in_force, waiting),
        asof=_("As of {time}").format(time=clock(asked.at)),
        in_force=in_force,
        damaged=damaged,
        sentences=tuple(words.in_words(old)) if old else (),
        waiting=waiting,
        waiting_sentences=tuple(words.in_words(waiting.document)) if waiting else (),
        difference=tuple(words.difference(old, waiting.document)) if waiting else (),
        fault=asked.fault,
        waiting_runs={
            run: [task.name for task in asked.tasks]
            for run, asked in accepted.waiting(state.home).items()
        },
    )
    return render.page(visit.request, "site/policy.html", content)


def _here(home: Home) -> tuple[AcceptedPolicy | None, str]:
    """The policy in force, or the sentence that says why there is none to trust."""
    try:
        return accepted.current(home), ""
    except SiteFault as error:
        return None, str(error)


def _says(in_force: AcceptedPolicy | None, waiting: ApprovedPolicy | None) -> str:
    if in_force is None:
        said = _("None, so this site refuses every job.")
    else:
        said = _("Version {number} is in force, accepted here on {day}.").format(
            number=in_force.version, day=day(in_force.accepted)
        )
    if waiting is None:
        return said
    return said + " " + _("Version {number} waits for your yes.").format(number=waiting.version)


def accept(visit: Visit) -> Response:
    """The same as `collegium-site policy accept DIGEST`. Raises Differs, HubAway."""
    home = visit.state.home
    visit.state.asking.forget()
    try:
        site = open_site(home)
        with closing(site.door):
            offered = enrolment.newest(home, site.door)
            enrolment.accept(home, site.door, offered, named=visit.form.get("digest", ""))
    except HubFault as error:
        raise HubAway(str(error)) from error
    except SiteFault as error:
        raise Differs(str(error)) from error
    visit.state.forget("readiness")
    return see_other("/policy", "accepted")
