"""Confirm that it is you. The form that needed it travels along in hidden fields and is sent again, by 307."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.errors import TooMany
from app.people import queries
from app.people import service as people
from app.text import _
from app.web import render
from app.web.forms import Typed
from app.web.parts import Button, Field, Form, Panel, Sheet
from app.web.visit import Here, Visit, own_path, page_router, see_other

router = page_router()
_OWN = frozenset({"csrf", "proof", "again", "again_by", "next"})


def ask(request: Request, again: str, kept: Typed) -> Response:
    """For the error handler: the page that asks, carrying the form sent to `again`."""
    visit: Visit = request.state.visit
    with visit.hub.db.reading() as session:
        person = queries.person(session, visit.who.person)
        code = person is not None and person.totp_secret is not None
    return _page(visit, again, kept, code=code, status=403)


def _page(
    visit: Visit, again: str, kept: Typed, *, code: bool, error: str = "", status: int = 200
) -> Response:
    carried = tuple(
        Field(name, "", "hidden", value=value) for name, value in kept.pairs if name not in _OWN
    )
    by = kept.text("again_by") or ("post" if kept.pairs else "get")
    question = (
        Field("proof", _("Six digits from your app"), "code", error=error)
        if code
        else Field(
            "proof", _("Your password"), "password", autocomplete="current-password", error=error
        )
    )
    form = Form(
        "/step-up",
        (
            Field("again", "", "hidden", value=again),
            Field("again_by", "", "hidden", value=by),
            *carried,
            question,
        ),
        (Button(_("Confirm and go on"), look="primary"),),
    )
    sheet = Sheet(
        title=_("Confirm that it is you"),
        says=_("This act takes a fresh proof. It holds for ten minutes. What you typed is kept."),
        panels=(Panel("", (form,)),),
        errors=(("proof", error),) if error else (),
    )
    return render.sheet(visit, sheet, status=status)


def _has_code(visit: Visit) -> bool:
    person = queries.person(visit.session, visit.who.person)
    return person is not None and person.totp_secret is not None


@router.get("/step-up")
def show(visit: Here) -> Response:
    kept = Typed([])
    again = own_path(visit.request.query_params.get("next", ""))
    return _page(visit, again, kept, code=_has_code(visit))


@router.post("/step-up")
def step_up(visit: Here) -> Response:
    """307 keeps the method and the body: the browser sends the kept form to where it was going."""
    again = own_path(visit.form.text("again"))
    try:
        right = people.step_up(
            visit.session, visit.settings, visit.device, visit.form.raw("proof").strip()
        )
    except TooMany as error:
        return _page(
            visit, again, visit.form, code=_has_code(visit), error=error.message, status=429
        )
    if not right:
        problem = _("This is not right. Try again.")
        return _page(visit, again, visit.form, code=_has_code(visit), error=problem, status=422)
    posted = visit.form.text("again_by") == "post"
    return RedirectResponse(again, 307) if posted else see_other(again)
