"""Each institution's laws, confirmed by its privacy officer, and under them its policy: drafted by its administrator,
approved by its privacy officer."""

from app.demo.play import Play, Step
from app.demo.scenario import POLICY, Member

_WAITS = "Waits for a person to confirm it"


def steps(play: Play) -> list[Step]:
    found = []
    for member in play.scenario.members:
        found += _member(play, member)
    return found


def _member(play: Play, member: Member) -> list[Step]:
    drafter, approver = member.person("administrator"), member.person("privacy-officer")
    return [
        Step(
            f"laws {member.slug}",
            f"{approver.name} confirms the laws that bind {member.name}",
            lambda: _laws(play, member),
        ),
        Step(
            f"draft {member.slug}",
            f"{drafter.name} drafts the policy of {member.name}",
            lambda: _draft(play, member),
        ),
        Step(
            f"approve {member.slug}",
            f"{approver.name} approves it",
            lambda: _approve(play, member),
        ),
    ]


def _laws(play: Play, member: Member) -> None:
    """Every profile that is proposed to it, read on a page of its own: those that wait stand first in the list."""
    visitor = play.visitor(member.person("privacy-officer"))
    overview = f"/i/{play.memory.ids[member.slug]}/policy/profiles"
    listed = [link for link in visitor.open(overview).links if f"{overview}/" in link]
    for link in dict.fromkeys(listed):
        page = visitor.open(link)
        if _WAITS not in page.text:
            return
        visitor.send(page, "/confirm")


def _draft(play: Play, member: Member) -> None:
    visitor = play.visitor(member.person("administrator"))
    path = f"/i/{play.memory.ids[member.slug]}/policy/draft"
    page = visitor.open(path)
    if not any(form.action.endswith("/draft/save") for form in page.forms):
        page = visitor.send(page, path)
    visitor.send(page, "/draft/save", {**POLICY, **member.policy})


def _approve(play: Play, member: Member) -> None:
    visitor = play.visitor(member.person("privacy-officer"))
    page = visitor.open(f"/i/{play.memory.ids[member.slug]}/policy/1")
    visitor.send(page, "/policy/1/approve")
