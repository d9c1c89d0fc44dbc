"""`/demo`: whom shall I be? One button per invented person. This environment and this computer only."""

import ipaddress
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from app.access.loaders import role_name
from app.access.permissions import Role
from app.demo.memory import Memory, recall
from app.demo.scenario import SCENARIOS, Person, Scenario
from app.demo.tries import Try, tries
from app.errors import NotFound
from app.people import queries as people
from app.people import service as accounts
from app.people import sessions
from app.people.models import Person as Account
from app.settings import Settings
from app.text import _, ngettext
from app.web import render
from app.web.parts import Bullets, Button, Field, Form, Heading, Panel, Part, Sheet, Text
from app.web.visit import Anyone, Visit, keep_cookie, page_router, see_other

_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


def this_computer(request: Request) -> None:
    """Raises NotFound for anyone who is not at this very computer, or who comes through a proxy."""
    settings: Settings = request.app.state.hub.settings
    client = request.client.host if request.client else ""
    host = request.url.hostname or ""
    near = _loopback(client) and (host == "localhost" or _loopback(host))
    forwarded = any(name in request.headers for name in _FORWARDED)
    if settings.environment != "demo" or not near or forwarded:
        raise NotFound(_("There is nothing here for you."))


def _loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


router = page_router()


def _memory(request: Request) -> Memory:
    """What every route here asks for, so that none can be reached from elsewhere."""
    this_computer(request)
    settings: Settings = request.app.state.hub.settings
    found = recall(settings.home)
    if found is None:
        raise NotFound(_("The demo has not begun. Start it with make demo."))
    return found


Remembered = Annotated[Memory, Depends(_memory)]


@router.get("/demo")
def show(visit: Anyone, memory: Remembered) -> Response:
    scenario = SCENARIOS[memory.scenario]()
    here = {p.key for p in scenario.people if people.by_email(visit.session, p.mail) is not None}
    sheet = Sheet(
        title=_("Whom shall I be?"),
        says=_(
            "This hub runs on this computer only. Every person below is invented; be any of them."
        ),
        panels=(
            Panel(_("Five things to try"), _tries(tries(scenario, memory), here)),
            Panel(_("How far the demo is"), _far(memory)),
            Panel(_("What is simulated"), (Bullets(_simulated(scenario)),)),
        ),
        aside=_people(scenario, here),
    )
    return render.sheet(visit, sheet)


def _people(scenario: Scenario, here: set[str]) -> tuple[Panel, ...]:
    groups: list[tuple[str, tuple[Person, ...]]] = [(_("The hub's operators"), scenario.operators)]
    groups += [(member.name, member.people) for member in scenario.members]
    return tuple(
        Panel(title, tuple(_button(person, person.key in here) for person in crowd))
        for title, crowd in groups
    )


def _button(person: Person, here: bool) -> Part:
    role = _role(person)
    if not here:
        return Text(
            _("{name}, {role}: not here yet").format(name=person.name, role=role), muted=True
        )
    label = _("Be {name}, {role}").format(name=person.name, role=role)
    key = Field("person", "", "hidden", value=person.key)
    return Form("/demo/be", (key,), (Button(label),), inline=True)


def _role(person: Person) -> str:
    return _("operator") if person.role == "operator" else role_name(Role(person.role))


def _far(memory: Memory) -> tuple[Part, ...]:
    count = len(memory.done)
    sentence = ngettext("{count} step is done.", "{count} steps are done.", count)
    return (Text(sentence.format(count=count)), Text(_("The terminal shows the rest.")))


def _tries(found: tuple[Try, ...], here: set[str]) -> tuple[Part, ...]:
    parts: list[Part] = []
    for number, one in enumerate(found):
        parts += [Heading(one.title), Text(one.text)]
        if not one.path or one.person.key not in here:
            parts.append(Text(_("The demo has not come so far yet."), muted=True))
            continue
        fields = (
            Field("person", "", "hidden", value=one.person.key),
            Field("to", "", "hidden", value=one.key),
        )
        role = _role(one.person)
        label = _("Go, as {name}, {role}").format(name=one.person.name, role=role)
        parts.append(
            Form(
                "/demo/be",
                fields,
                (Button(label, look="btn" if number else "primary"),),
                inline=True,
            )
        )
    return tuple(parts)


def _simulated(scenario: Scenario) -> tuple[str, ...]:
    always = (
        _("the institutions, the people and their mail addresses"),
        _("the distance: hub and sites share this computer and speak over its own address"),
        _("the patience: the demo clicks through what takes institutions weeks"),
    )
    records = (
        _("every student and every record, made by a generator that does not know who should win"),
    )
    real = (_("not the records: they are those of the public Open University set"),)
    return (*(records if scenario.name == "campus" else real), *always)


@router.post("/demo/be")
def be(visit: Anyone, memory: Remembered) -> Response:
    """Signs this browser in as one of the invented people; who was signed in before is signed out."""
    person = _invented(visit, memory)
    if visit.cookie:
        accounts.sign_out(visit.session, visit.cookie)
    agent = visit.request.headers.get("user-agent", "")
    found = sessions.start(visit.session, visit.settings, person, agent)
    answer = see_other(_destination(visit, memory))
    keep_cookie(answer, visit.settings, found.cookie)
    return answer


def _destination(visit: Visit, memory: Memory) -> str:
    asked = visit.form.text("to")
    paths = {one.key: one.path for one in tries(SCENARIOS[memory.scenario](), memory)}
    return paths.get(asked) or "/home"


def _invented(visit: Visit, memory: Memory) -> Account:
    key = visit.form.text("person")
    known = {person.key: person.mail for person in SCENARIOS[memory.scenario]().people}
    found = people.by_email(visit.session, known[key]) if key in known else None
    if found is None:
        raise NotFound(_("This person is not here yet."))
    return found
