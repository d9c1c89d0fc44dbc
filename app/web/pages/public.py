"""Pages for anyone: what this hub is, what it holds, whether everybody can use it, whether it is up. And display."""

from datetime import date

from starlette.responses import RedirectResponse, Response

from app.people import queries as people_queries
from app.people import service as people
from app.settings import Settings
from app.text import LOCALES, _
from app.web import render
from app.web.moments import as_of, calendar
from app.web.parts import Bullets, Facts, Link, Panel, Sheet, Status, Text
from app.web.shell import THEMES, VERSION
from app.web.visit import Anyone, Here, keep_display, own_path, page_router, see_other

router = page_router()
WRITTEN = date(2026, 11, 23)
"""When what /privacy and /accessibility say was last gone through."""


@router.get("/")
def start(visit: Anyone) -> Response:
    if visit.actor:
        return RedirectResponse("/home", 303)
    settings = visit.settings
    actions = [Link(_("Sign in"), "/sign-in", "btn")]
    note = ""
    if settings.registration_open:
        actions.insert(0, Link(_("Register your institution"), "/register", "primary"))
    else:
        note = _("Registration is closed here. Write to {contact}.").format(
            contact=settings.contact
        )
    steps = (
        _("Your records stay at your institution. A program there learns from them."),
        _("What it learnt, never a record, goes to this hub and is combined with the others’."),
        _(
            "Your policy decides what may be learned and what may leave. Your site refuses the rest."
        ),
    )
    sheet = Sheet(
        title=_("Learn together, keep every record at home"),
        says=_(
            "Schools and universities train one shared model here, and no student record leaves them."
        ),
        actions=tuple(actions),
        note=note,
        panels=(
            Panel(_("How it works"), (Bullets(steps),)),
            Panel(_("Who runs this hub"), (_who_runs(settings),)),
        ),
    )
    return render.sheet(visit, sheet)


def _who_runs(settings: Settings) -> Facts:
    return Facts(
        (
            (_("Name"), settings.hub_name),
            (_("Operator"), settings.operator_name),
            (_("Write to"), settings.contact),
        )
    )


@router.get("/privacy")
def privacy(visit: Anyone) -> Response:
    holds = (
        _("people who sign in: name, mail address, role, when they were last seen"),
        _("institutions: name, domain, register number, who verified them and how"),
        _("classes: term, code and title, and who teaches them; no list of students"),
        _("model updates of sites until their round is closed and checked"),
        _("class reports: rounded group figures, small groups hidden"),
        _("an audit trail that names people by a number, so that a name can be erased"),
    )
    never = (
        _("a student’s record, name or number"),
        _("a grade, or any way to write one"),
        _("feelings or attention read from a face or a voice"),
    )
    limits = _(
        "An update of a site can be read by this hub while a round is open, because this version adds no noise. "
        "Class reports are rounded and hide small groups; they carry no added noise."
    )
    cookies = _(
        "One to keep you signed in, one that proves a form is ours, and three for your language, "
        "colours and time zone. None is shared."
    )
    sheet = Sheet(
        title=_("Privacy at a glance"),
        says=_("What this hub holds, what it never holds, and what its limits are."),
        asof=_("Dated {day}, version {version}").format(day=calendar(WRITTEN), version=VERSION),
        panels=(
            Panel(_("What this hub holds"), (Bullets(holds),)),
            Panel(_("What it never holds"), (Bullets(never),)),
            Panel(_("Limits"), (Text(limits),)),
            Panel(_("Cookies"), (Text(cookies),)),
        ),
    )
    return render.sheet(visit, sheet)


@router.get("/accessibility")
def accessibility(visit: Anyone) -> Response:
    does = (
        _("every page works without scripts, with a keyboard, and at 360 pixels"),
        _("a status is a shape and a word before it is a colour"),
        _("every chart has a sentence and a table"),
        _("light and dark colours, and no motion that you did not ask for"),
    )
    sheet = Sheet(
        title=_("Accessibility"),
        says=_(
            "We test every page against WCAG 2.2, level AA, by program. That finds part of the faults."
        ),
        asof=_("Dated {day}").format(day=calendar(WRITTEN)),
        panels=(
            Panel(_("What you can count on"), (Bullets(does),)),
            Panel(
                _("If something does not work for you"),
                (
                    Text(
                        _("Write to {contact} and say which page.").format(
                            contact=visit.settings.contact
                        )
                    ),
                ),
            ),
        ),
    )
    return render.sheet(visit, sheet)


@router.get("/status")
def status(visit: Anyone) -> Response:
    """Asks the database; a page that answers 503 instead says the rest."""
    people_queries.operators(visit.session)
    facts = Facts(
        (
            (_("Pages"), Status("good", _("Up"))),
            (_("Database"), Status("good", _("Up"))),
            (_("Version"), VERSION),
        )
    )
    sheet = Sheet(
        title=_("Status"),
        says=_("This hub is up."),
        asof=as_of(),
        panels=(Panel(_("Parts"), (facts,)),),
    )
    return render.sheet(visit, sheet)


@router.post("/display")
def display(visit: Anyone) -> Response:
    """Language and colours: a cookie for this browser, and kept with the account of who is signed in."""
    answer = see_other(own_path(visit.form.text("next"), "/"))
    locale, theme = visit.form.text("locale"), visit.form.text("theme")
    if theme == "system":
        answer.delete_cookie("collegium-theme", path="/", samesite="lax")
    for name, value, known in (("locale", locale, LOCALES), ("theme", theme, THEMES)):
        if value in known:
            keep_display(answer, name, value)
    if visit.actor and (locale in LOCALES or theme in THEMES):
        people.change_account(
            visit.session,
            visit.actor,
            locale=locale if locale in LOCALES else None,
            theme=theme if theme in THEMES else None,
        )
    return answer


@router.post("/switch")
def switch(visit: Here) -> Response:
    people.switch_institution(
        visit.session, visit.device.id, visit.who, visit.form.text("institution")
    )
    return see_other("/home")
