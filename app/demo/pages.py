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
from app.errors import NotFound
from app.people import queries as people
from app.people import service as accounts
from app.people import sessions
from app.people.models import Person as Account
from app.settings import Settings
from app.text import _, ngettext
from app.web import render
from app.web.parts import Bullets, Button, Field, Form, Link, Panel, Part, Sheet, Step, Steps, Text
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
            Panel(_("Five things to try"), (_tries(scenario, memory),)),
            *_people(scenario, here),
        ),
        aside=(
            Panel(_("How far the demo is"), _far(memory)),
            Panel(_("What is simulated"), (Bullets(_simulated(scenario)),)),
        ),
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
    role = _("operator") if person.role == "operator" else role_name(Role(person.role))
    if not here:
        return Text(
            _("{name}, {role}: not here yet").format(name=person.name, role=role), muted=True
        )
    label = _("Be {name}, {role}").format(name=person.name, role=role)
    key = Field("person", "", "hidden", value=person.key)
    return Form("/demo/be", (key,), (Button(label),), inline=True)


def _far(memory: Memory) -> tuple[Part, ...]:
    count = len(memory.done)
    sentence = ngettext("{count} step is done.", "{count} steps are done.", count)
    said: list[Part] = [Text(sentence.format(count=count))]
    if "run" in memory.ids:
        link = Link(_("See the run"), f"/runs/{memory.ids['run']}")
        said.append(Steps((Step(_("Run"), "now", _("Sign in as a member first."), link),)))
    return tuple(said)


def _tries(scenario: Scenario, memory: Memory) -> Steps:
    lead, other = scenario.lead, scenario.members[1]
    ids = memory.ids
    run = f"/runs/{ids['run']}" if "run" in ids else ""
    tries = [
        _try(
            _("Watch a run"),
            _("Be {name}. See whom the run waits for, and how good the model has become.").format(
                name=lead.person("administrator").name
            ),
            run,
        ),
        _try(
            _("Read what left"),
            _("Be {name} and open Records: every byte that left, and why.").format(
                name=other.person("privacy-officer").name
            ),
        ),
        _try(
            _("Read a class report"),
            _(
                "Be {name}. How good is the model for this class, and is a simple rule better?"
            ).format(name=other.person("instructor").name),
            "/classes",
        ),
        _refusal(scenario, ids),
        _try(
            _("Ask for another run"),
            _("Be {name}, open the federation and propose a run. Officers approve it.").format(
                name=lead.person("administrator").name
            ),
            f"/federations/{ids['federation']}" if "federation" in ids else "",
        ),
    ]
    return Steps(tuple(tries))


def _try(title: str, text: str, href: str = "") -> Step:
    return Step(title, "to-come", text, Link(_("Open the page"), href) if href else None)


def _refusal(scenario: Scenario, ids: dict[str, str]) -> Step:
    if not scenario.refuses:
        text = _(
            "Be an officer, ask for noise in a new policy, approve it as another: the site then refuses."
        )
        return _try(_("Make a site refuse"), text)
    member = scenario.member(scenario.refuses)
    text = _(
        "{name} asks for noise, and this version adds none. Be {officer} and see where it says so."
    )
    filled = text.format(name=member.name, officer=member.person("privacy-officer").name)
    page = f"/federations/{ids['federation']}/compatibility" if "federation" in ids else ""
    return _try(_("Find the site that refuses"), filled, page)


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
    answer = see_other("/home")
    keep_cookie(answer, visit.settings, found.cookie)
    return answer


def _invented(visit: Visit, memory: Memory) -> Account:
    key = visit.form.text("person")
    known = {person.key: person.mail for person in SCENARIOS[memory.scenario]().people}
    found = people.by_email(visit.session, known[key]) if key in known else None
    if found is None:
        raise NotFound(_("This person is not here yet."))
    return found
