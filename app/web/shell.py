"""What stands around every page: banner, switcher, bell, menu by role, language, colours, foot."""

from dataclasses import dataclass
from importlib.metadata import version

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.requests import Request

from app.access.permissions import Role
from app.institutions import queries
from app.text import LOCALES, _, current_locale
from app.web import moments, own, refusals
from app.web.done import sentence_of
from app.web.parts import Note
from app.web.visit import Visit
from app.web.waiting import tasks
from worker.protocol.pages import LANGUAGES, MenuItem

VERSION = version("collegium")
THEMES = ("light", "dark")


@dataclass(frozen=True)
class Choice:
    """One institution of the switcher."""

    id: str
    name: str
    current: bool


@dataclass(frozen=True)
class Shell:
    locale: str
    theme: str
    simulated: bool
    hub_name: str
    csrf: str
    name: str
    choices: tuple[Choice, ...]
    waiting: int
    menu: tuple[MenuItem, ...]
    stopped: Note | None
    """Why this institution may only read, and the next step."""
    languages: tuple[tuple[str, str], ...]
    zone: str
    version: str
    done: str
    development: bool
    demo: bool
    here: str

    @property
    def institution(self) -> str:
        return next((c.name for c in self.choices if c.current), "")


def of(request: Request, *, bare: bool = False, session: Session | None = None) -> Shell:
    """From the visit, if the request came that far; an error before it gets the bare shell, and so does a fragment,
    which stands inside a page that has one. `session`: the request's own, while it is open and only reads."""
    visit: Visit | None = getattr(request.state, "visit", None)
    settings = request.app.state.hub.settings
    theme = request.cookies.get("collegium-theme", "")
    has = _own(visit, session) if visit and visit.actor and not bare else _Own()
    return Shell(
        locale=current_locale(),
        theme=theme if theme in THEMES else "",
        simulated=settings.simulated,
        hub_name=settings.hub_name,
        csrf=visit.csrf if visit else "",
        name=visit.actor.name if visit and visit.actor else "",
        choices=has.choices,
        waiting=has.waiting,
        menu=has.menu,
        stopped=has.stopped,
        languages=tuple((code, LANGUAGES[code]) for code in LOCALES if code != current_locale()),
        zone=moments.zone(),
        version=VERSION,
        done=sentence_of(request.query_params.get("done", "")),
        development=settings.environment != "production",
        demo=settings.environment == "demo",
        here=request.url.path,
    )


@dataclass(frozen=True)
class _Own:
    """What is this person's, at the institution they look at."""

    waiting: int = 0
    choices: tuple[Choice, ...] = ()
    menu: tuple[MenuItem, ...] = ()
    stopped: Note | None = None


def _own(visit: Visit, session: Session | None) -> _Own:
    """In a session of its own where none is given: the request's has ended when an error is shown, and may be why."""
    try:
        if session is not None:
            return _read(visit, session)
        with visit.hub.db.reading() as reading:
            return _read(visit, reading)
    except SQLAlchemyError:
        return _Own()


def _read(visit: Visit, session: Session) -> _Own:
    waiting = len(tasks(session, visit)) + len(own.news(session, visit))
    return _Own(
        waiting,
        _choices(session, visit),
        _menu(visit, waiting),
        refusals.banner(visit, visit.institution) or _acting(session, visit),
    )


def _acting(session: Session, visit: Visit) -> Note | None:
    """On every page of a school where this person acts as its district's privacy officer."""
    district = visit.who.acting.get(visit.institution or "")
    if district is None:
        return None
    said = _("You act here as the privacy officer of {district}. It is recorded so.")
    return Note(said.format(district=queries.names(session, {district}).get(district, "")))


def _choices(session: Session, visit: Visit) -> tuple[Choice, ...]:
    mine = visit.who.institutions
    if mine == {visit.institution}:
        row = own.of(session, visit, min(mine)).institution
        named = {row.id: row.name}
    else:
        named = queries.names(session, mine)
    current = visit.institution
    ordered = sorted(named.items(), key=lambda item: item[1].casefold())
    acting = visit.who.acting
    return tuple(
        Choice(
            id_,
            _("{name} (as its district)").format(name=name) if id_ in acting else name,
            id_ == current,
        )
        for id_, name in ordered
    )


def _menu(visit: Visit, waiting: int) -> tuple[MenuItem, ...]:
    actor, at = visit.who, visit.institution
    items: list[MenuItem] = []
    held = actor.roles.get(at, frozenset()) if at else frozenset()
    if held - {Role.INSTRUCTOR}:
        items += [
            MenuItem("home", _("Home"), "/home", waiting),
            MenuItem("federations", _("Federations"), "/federations"),
            MenuItem("runs", _("Runs"), "/runs"),
            MenuItem("sites", _("Sites"), f"/i/{at}/sites"),
            MenuItem("policy", _("Policy"), f"/i/{at}/policy"),
            MenuItem("classes", _("Classes"), f"/i/{at}/classes"),
            MenuItem("people", _("People"), f"/i/{at}/people"),
            MenuItem("records", _("Records"), f"/i/{at}/sent"),
        ]
        if Role.ADMINISTRATOR in held:
            items.append(MenuItem("integrations", _("Integrations"), f"/i/{at}/integrations"))
    if at in actor.acting:
        items += [
            MenuItem("home", _("Home"), "/home", waiting),
            MenuItem("runs", _("Runs"), "/runs"),
            MenuItem("policy", _("Policy"), f"/i/{at}/policy"),
            MenuItem("records", _("Records"), f"/i/{at}/sent"),
        ]
    if Role.INSTRUCTOR in held:
        items.append(MenuItem("my-classes", _("My classes"), "/classes"))
    if actor.operator:
        items.append(MenuItem("hub", _("Hub"), "/operator"))
    return tuple(items) or (MenuItem("home", _("Home"), "/home", waiting),)
