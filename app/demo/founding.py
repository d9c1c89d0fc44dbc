"""A federation: founded by the lead in six steps, members invited, the agreement read and accepted by each."""

import re

from app.demo.forms import NotOnPage
from app.demo.play import Play, Step
from app.demo.scenario import Member
from app.demo.visitor import Refused, Visitor

_FEDERATION = re.compile(r"/federations/(federation_[a-z0-9]+)")


def steps(play: Play) -> list[Step]:
    lead, name = play.scenario.lead, play.scenario.federation.name
    found = [
        Step("found", f"{lead.name} founds “{name}”", lambda: _found(play)),
        Step("sheets", "Its task sheets are added", lambda: _sheets(play)),
        Step("model and terms", "Model, terms and agreement are set", lambda: _terms(play)),
        Step("open", "The federation opens", lambda: _open(play)),
    ]
    for member in play.scenario.members[1:]:
        found += _member(play, member)
    return found


def _member(play: Play, member: Member) -> list[Step]:
    officer = member.person("privacy-officer")
    return [
        Step(f"invite {member.slug}", f"{member.name} is invited", lambda: _invite(play, member)),
        Step(
            f"accept agreement {member.slug}",
            f"{officer.name} accepts for {member.name}",
            lambda: _accept(play, member),
        ),
    ]


def _lead(play: Play) -> Visitor:
    return play.visitor(play.scenario.lead.person("administrator"))


def _path(play: Play) -> str:
    return f"/federations/{play.memory.ids['federation']}"


def _found(play: Play) -> None:
    plan = play.scenario.federation
    visitor = _lead(play)
    told = {"name": plan.name, "purpose": plan.purpose}
    page = visitor.send(visitor.open("/federations/new"), "/federations/new", told)
    found = _FEDERATION.search(page.url)
    if found is None:
        raise Refused(f"no federation came of it: {page.text[:400]}")
    play.memory.ids["federation"] = found[1]


def _sheets(play: Play) -> None:
    """Pasted, as the files that came with the data."""
    visitor, path = _lead(play), f"{_path(play)}/edit/task"
    for name in play.scenario.federation.sheets:
        text = (play.stage.data / "tasks" / f"{name}.json").read_text(encoding="utf-8")
        visitor.send(visitor.open(path), "/edit/task", {"document": text})


def _terms(play: Play) -> None:
    """The remaining steps of the draft; what the scenario leaves open stays as the pages suggest it."""
    plan, visitor = play.scenario.federation, _lead(play)
    wanted = {**plan.model, **plan.terms, "agreement": plan.agreement}
    if play.scenario.text:
        wanted["text_model"] = play.memory.ids["text model"]
    for step in ("model", "rounds", "terms", "agreement"):
        page = visitor.open(f"{_path(play)}/edit/{step}")
        asked = page.form(f"/edit/{step}").names
        told = {name: wanted.pop(name) for name in list(wanted) if name in asked}
        visitor.send(page, f"/edit/{step}", told)
    if wanted:
        raise NotOnPage(f"no step of founding asks for {', '.join(wanted)}")


def _open(play: Play) -> None:
    visitor = _lead(play)
    visitor.send(visitor.open(f"{_path(play)}/edit/check"), "/open")


def _invite(play: Play, member: Member) -> None:
    visitor = _lead(play)
    told = {"institution": play.memory.ids[member.slug]}
    visitor.send(visitor.open(_path(play)), "/members/invite", told)


def _accept(play: Play, member: Member) -> None:
    visitor = play.visitor(member.person("privacy-officer"))
    visitor.send(visitor.open(f"{_path(play)}/join"), "/accept")
