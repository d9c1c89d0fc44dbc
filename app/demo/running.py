"""A run: proposed by the lead, approved by every member's officer, watched until it is completed and reported."""

import re
import time
from collections.abc import Callable

from app.demo.play import Play, Step
from app.demo.scenario import Member
from app.demo.visitor import Refused

_LONGEST_S = 1800.0
_ENDED = ("completed", "failed", "cancelled")
_RUN = re.compile(r"/runs/(run_[a-z0-9]+)")


def steps(play: Play) -> list[Step]:
    lead = play.scenario.lead.name
    return [
        Step("propose", f"{lead} proposes a run", lambda: _propose(play)),
        *(_answer_step(play, member) for member in play.scenario.members),
        Step("start", "The run starts", lambda: _start(play)),
        Step("run", "The sites train", lambda: _watch(play)),
        *(_report_step(play, m) for m in play.scenario.members if m.slug != play.scenario.refuses),
    ]


def _answer_step(play: Play, member: Member) -> Step:
    officer = member.person("privacy-officer")
    title = f"{officer.name} answers for {member.name}"
    return Step(f"answer {member.slug}", title, lambda: _answer(play, member))


def _report_step(play: Play, member: Member) -> Step:
    title = f"A class report reaches {member.person('instructor').name}"
    return Step(f"report {member.slug}", title, lambda: _report(play, member))


def _propose(play: Play) -> None:
    visitor = play.visitor(play.scenario.lead.person("administrator"))
    path = f"/federations/{play.memory.ids['federation']}/runs/new"
    page = visitor.send(visitor.open(path), "/runs/new")
    found = _RUN.search(page.url)
    if found is None:
        raise Refused(f"no run came of it: {page.text[:400]}")
    play.memory.ids["run"] = found[1]


def _answer(play: Play, member: Member) -> None:
    """Yes, where the member's policy wants a person's word at the hub and its site could take part."""
    visitor = play.visitor(member.person("privacy-officer"))
    home = visitor.open("/home")
    asked = [link for link in home.links if "/approvals/" in link]
    if asked:
        visitor.send(visitor.open(asked[0]), "/approve")


def _start(play: Play) -> None:
    """Only where not every member has answered: else it has started by itself."""
    visitor = play.visitor(play.scenario.lead.person("administrator"))
    page = visitor.open(f"/runs/{play.memory.ids['run']}")
    if page.marks.get("milestone", "").startswith("proposed"):
        visitor.send(page, "/start")


def _watch(play: Play) -> None:
    visitor = play.visitor(play.scenario.lead.person("administrator"))

    def look() -> bool:
        page = visitor.open(f"/runs/{play.memory.ids['run']}")
        play.console.within(page.marks.get("says", ""))
        state = page.marks.get("milestone", "").split("-")[0]
        if state in _ENDED and state != "completed":
            raise Refused(f"the run ended as {state}: {page.marks.get('says', '')}")
        return state == "completed"

    _until(play, look, "the run")
    play.console.say("The first run is completed.")


def _report(play: Play, member: Member) -> None:
    """Until the instructor can open a report that is not empty."""
    visitor = play.visitor(member.person("instructor"))

    def look() -> bool:
        links = [link for link in visitor.open("/classes").links if link.endswith("/report")]
        return any("As of" in visitor.open(link).text for link in links)

    _until(play, look, f"a class report at {member.name}")


def _until(play: Play, look: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _LONGEST_S
    while not look():
        play.stage.group.check()
        if time.monotonic() > end:
            raise Refused(f"{what} did not come within {_LONGEST_S / 60:.0f} minutes")
        time.sleep(1.0)
