"""Each institution's policy: drafted by its administrator, approved by its privacy officer."""

from app.demo.play import Play, Step
from app.demo.scenario import POLICY, Member


def steps(play: Play) -> list[Step]:
    found = []
    for member in play.scenario.members:
        found += _member(play, member)
    return found


def _member(play: Play, member: Member) -> list[Step]:
    drafter, approver = member.person("administrator"), member.person("privacy-officer")
    return [
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
