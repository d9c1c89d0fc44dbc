"""Classes the sites offered are confirmed, and an instructor is named for some of them."""

from app.demo.play import Play, Step
from app.demo.scenario import Member
from app.demo.visitor import Refused


def steps(play: Play) -> list[Step]:
    return [_step(play, member) for member in play.scenario.members]


def _step(play: Play, member: Member) -> Step:
    instructor = member.person("instructor")
    title = f"{member.name} confirms classes of {instructor.name}"
    return Step(f"classes {member.slug}", title, lambda: _classes(play, member))


def _classes(play: Play, member: Member) -> None:
    visitor = play.visitor(member.person("administrator"))
    base = f"/i/{play.memory.ids[member.slug]}/classes"
    links = [link for link in visitor.open(base).links if link.startswith(f"{base}/")]
    if not links:
        raise Refused(f"the site of {member.name} offered no class")
    for link in dict.fromkeys(links[: member.classes]):
        page = visitor.open(link)
        if any(form.action.endswith("/confirm") for form in page.forms):
            visitor.send(page, "/confirm")
            page = visitor.open(link)
        if any(form.action.endswith("/assign") for form in page.forms):
            visitor.send(page, "/assign")
