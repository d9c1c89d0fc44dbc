"""Operators accept their invitations; institutions register, are verified by both, and invite their people."""

from app.demo.play import Play, Step
from app.demo.scenario import Member, Person


def steps(play: Play) -> list[Step]:
    found = [_operator_step(play, person) for person in play.scenario.operators]
    for member in play.scenario.members:
        found += _member(play, member)
    return found


def _operator_step(play: Play, person: Person) -> Step:
    title = f"{person.name} becomes an operator"
    return Step(f"operator {person.key}", title, lambda: _operator(play, person))


def _member(play: Play, member: Member) -> list[Step]:
    first, second = play.scenario.operators
    return [
        Step(
            f"register {member.slug}",
            f"{member.name} registers",
            lambda: _register(play, member),
        ),
        Step(
            f"verify 1 {member.slug}",
            f"{first.name} verifies {member.name}",
            lambda: _verify(play, first, member),
        ),
        Step(
            f"verify 2 {member.slug}",
            f"{second.name} verifies it too",
            lambda: _verify(play, second, member),
        ),
        Step(
            f"colleagues {member.slug}",
            f"{member.name} invites its people",
            lambda: _colleagues(play, member),
        ),
    ]


def _operator(play: Play, person: Person) -> None:
    link = play.stage.hub("operator", "invite", person.mail).strip().splitlines()[-1]
    _accept(play, person, link)


def _accept(play: Play, person: Person, link: str) -> None:
    with play.stranger() as visitor:
        page = visitor.open(link)
        visitor.send(page, "/accept", {"name": person.name, "password": play.memory.password})


def _register(play: Play, member: Member) -> None:
    """Four pages, as a stranger, then the operators' list gives the institution's id."""
    person = member.person("administrator")
    with play.stranger() as visitor:
        page = visitor.open("/register")
        told = {
            "name": member.name,
            "kind": member.kind,
            "country": member.country,
            "parent": member.parent,
        }
        page = visitor.send(page, "/register/institution", told)
        page = visitor.send(page, "/register/you", {"person": person.name, "email": person.mail})
        page = visitor.send(page, "/register/proof", {"domain": member.domain})
        visitor.send(page, "/register/check", {"password": play.memory.password})
    page = play.visitor(person).open("/home")
    play.memory.ids[member.slug] = page.link("/i/").split("/i/")[1].split("/")[0].split("?")[0]


def _verify(play: Play, operator: Person, member: Member) -> None:
    institution = play.memory.ids[member.slug]
    visitor = play.visitor(operator)
    page = visitor.open(f"/operator/institutions/{institution}")
    visitor.send(page, f"/{institution}/decide", {"decision": "verify"})


def _colleagues(play: Play, member: Member) -> None:
    administrator = play.visitor(member.person("administrator"))
    institution = play.memory.ids[member.slug]
    for person in member.people[1:]:
        page = administrator.open(f"/i/{institution}/people/invite")
        administrator.send(page, "/people/invite", {"email": person.mail, "role": person.role})
        _accept(play, person, play.link_in_mail(person.mail, "/invitations/"))
