"""How does my institution join?

Four steps: institution, you, proof, check answers. Answers wait in a draft for a day.
"""

from typing import Any, Literal, get_args

from starlette.responses import Response

from app.errors import Expired, Invalid, NotAllowed
from app.institutions import drafts
from app.institutions import service as institutions
from app.institutions.domains import clean_country, clean_domain, clean_register
from app.institutions.schemas import Details, Registrant
from app.institutions.states import InstitutionKind
from app.names import clean_name
from app.people.accounts import clean_email
from app.text import _
from app.web import render, site_words
from app.web.forms import trying
from app.web.pages import register_fields
from app.web.parts import (
    Button,
    Facts,
    Field,
    Form,
    Link,
    Links,
    Panel,
    Part,
    Sheet,
    Step,
    Steps,
    Text,
)
from app.web.visit import Anyone, Visit, page_router, see_other

router = page_router(prefix="/register")
StepName = Literal["institution", "you", "proof", "check"]
STEPS: tuple[StepName, ...] = get_args(StepName)
_STEP_OF = {
    "name": "institution",
    "kind": "institution",
    "country": "institution",
    "parent": "institution",
    "person": "you",
    "email": "you",
    "domain": "proof",
    "register": "proof",
    "register_id": "proof",
}
_KEPT: dict[str, tuple[str, ...]] = {
    "institution": ("name", "kind", "country", "parent"),
    "you": ("person", "email"),
    "proof": ("domain", "register", "register_id"),
}


def _title(step: StepName) -> str:
    return {
        "institution": _("Your institution"),
        "you": _("You"),
        "proof": _("Proof"),
        "check": _("Check your answers"),
    }[step]


def _steps(visit: Visit, step: StepName, draft: str) -> Steps:
    names = tuple(s for s in STEPS if s != "you" or not visit.actor)
    at = names.index(step)
    return Steps(
        tuple(
            Step(
                _title(name),
                "done" if i < at else "now" if i == at else "to-come",
                href=f"/register/{name}?draft={draft}" if draft and i < at else "",
            )
            for i, name in enumerate(names)
        ),
        across=True,
        label=_("Steps of the registration"),
    )


def _page(
    visit: Visit,
    step: StepName,
    draft: str,
    answers: dict[str, Any],
    errors: dict[str, str] | None = None,
) -> Response:
    errors = errors or {}
    hidden = Field("draft", "", "hidden", value=draft)
    fields = register_fields.fields(step, answers, errors)
    if step == "check" and visit.actor:
        fields = ()
    last = step == "check"
    form = Form(
        f"/register/{step}",
        (hidden, *fields),
        (Button(_("Register") if last else _("Go on"), look="primary"),),
    )
    body: tuple[Part, ...] = (_summary(visit, answers), form) if last else (form,)
    sheet = Sheet(
        title=_("Register an institution"),
        says=_says(step),
        panels=(Panel(_title(step), body),),
        steps=_steps(visit, step, draft),
        errors=tuple(errors.items()),
    )
    return render.sheet(visit, sheet, status=422 if errors else 200)


def _says(step: StepName) -> str:
    if step == "check":
        return _("Is everything right? A step above takes you back to its answers.")
    return _("Four short steps. Then two operators look at your proof, usually within two days.")


def _summary(visit: Visit, answers: dict[str, Any]) -> Facts:
    named = {
        "name": _("Name"),
        "kind": _("Kind"),
        "country": _("Country"),
        "parent": _("Belongs to"),
    }
    named |= {} if visit.actor else {"person": _("Your name"), "email": _("Your mail address")}
    named |= {"domain": _("Domain"), "register": _("Register"), "register_id": _("Number")}
    lines = []
    for name, label in named.items():
        value = str(answers.get(name) or "–")
        if name == "kind" and answers.get("kind"):
            value = site_words.kind(InstitutionKind(answers["kind"]))
        lines.append((label, value))
    return Facts(tuple(lines))


def _open(visit: Visit) -> None:
    if not visit.settings.registration_open:
        contact = visit.settings.contact
        raise NotAllowed(_("Registration is closed. Write to {contact}.").format(contact=contact))


@router.get("")
def start(visit: Anyone) -> Response:
    _open(visit)
    return _page(visit, "institution", "", {})


@router.get("/sent")
def sent(visit: Anyone) -> Response:
    text = _("We have sent you a mail that says what comes next. Sign in to follow it.")
    body = (Text(text), Links((Link(_("Sign in"), "/sign-in", "primary"),)))
    return render.sheet(
        visit, Sheet(title=_("Thank you"), panels=(Panel(_("What happens now"), body),))
    )


@router.get("/{step}")
def show(visit: Anyone, step: StepName, draft: str = "") -> Response:
    _open(visit)
    answers = drafts.find(visit.session, draft).answers if draft else {}
    if step != "institution" and not answers:
        raise Expired(_("These answers were kept for a day and are gone. Start again."))
    return _page(visit, step, draft, answers)


def _cleaned(step: str, answers: dict[str, Any]) -> dict[str, str]:
    """The mistakes one can see before the end; the service looks at everything again."""
    errors: dict[str, str] = {}
    if step == "institution":
        errors |= _mistake("name", lambda: clean_name(answers["name"]))
        if answers["kind"] not in set(InstitutionKind):
            errors["kind"] = _("Choose the kind of institution.")
        errors |= _mistake("country", lambda: clean_country(answers["country"]))
    if step == "you":
        errors |= _mistake("person", lambda: clean_name(answers["person"]))
        errors |= _mistake("email", lambda: clean_email(answers["email"]))
    if step == "proof":
        errors |= _unproved(answers)
    return errors


def _unproved(answers: dict[str, Any]) -> dict[str, str]:
    domain, number = answers["domain"], answers["register_id"]
    if not domain and not number:
        return {
            "domain": _("Give a domain or a number in a register: operators need one to check.")
        }
    errors = _mistake("domain", lambda: clean_domain(domain)) if domain else {}
    if number:
        register = answers["register"]
        errors |= _mistake("register_id", lambda: clean_register(register, number))
    return errors


def _mistake(field: str, check: Any) -> dict[str, str]:
    try:
        check()
    except Invalid as error:
        return {field: error.message}
    return {}


@router.post("/check")
def send(visit: Anyone) -> Response:
    _open(visit)
    draft = visit.form.text("draft")
    answers = drafts.find(visit.session, draft).answers
    registrant = Registrant(
        str(answers.get("person", "")), str(answers.get("email", "")), visit.form.raw("password")
    )
    try:
        with trying(visit.session):
            institutions.register(
                visit.session,
                visit.settings,
                _details(answers),
                None if visit.actor else registrant,
                actor=visit.actor,
            )
    except Invalid as error:
        return _back(visit, draft, answers, error.errors or {"": error.message})
    drafts.drop(visit.session, draft)
    return see_other("/home" if visit.actor else "/register/sent")


def _details(answers: dict[str, Any]) -> Details:
    return Details(
        name=str(answers.get("name", "")),
        kind=InstitutionKind(answers.get("kind", "school")),
        country=str(answers.get("country", "")),
        domain=answers.get("domain") or None,
        register=answers.get("register") or None,
        register_id=answers.get("register_id") or None,
        parent=answers.get("parent") or None,
    )


def _back(visit: Visit, draft: str, answers: dict[str, Any], errors: dict[str, str]) -> Response:
    """To the first step with a mistake."""
    where = [_STEP_OF.get(field, "check") for field in errors]
    step: StepName = next((s for s in STEPS if s in where), "check")
    return _page(visit, step, draft, answers, errors)


@router.post("/{step}")
def keep(visit: Anyone, step: Literal["institution", "you", "proof"]) -> Response:
    _open(visit)
    given = {name: visit.form.text(name) for name in _KEPT[step]}
    draft = visit.form.text("draft")
    errors = _cleaned(step, given)
    if errors:
        return _page(visit, step, draft, given, errors)
    if draft:
        drafts.keep(visit.session, draft, given)
    elif step == "institution":
        draft = drafts.begin(visit.session, given)
    else:
        raise Expired(_("These answers were kept for a day and are gone. Start again."))
    names = [s for s in STEPS if s != "you" or not visit.actor]
    return see_other(f"/register/{names[names.index(step) + 1]}?draft={draft}")
