"""How do I get back in? One link by mail. The answer is the same whether or not the mail address is known."""

from starlette.responses import Response

from app.errors import Invalid
from app.people import service as people
from app.text import _
from app.web import render
from app.web.forms import trying
from app.web.parts import Button, Field, Form, Panel, Sheet, Text
from app.web.visit import Anyone, Visit, page_router, see_other

router = page_router(prefix="/password")


@router.get("/forgot")
def forgot(visit: Anyone) -> Response:
    form = Form(
        "/password/forgot",
        (Field("email", _("Mail address"), "email", autocomplete="username"),),
        (Button(_("Send me a link"), look="primary"),),
    )
    sheet = Sheet(
        title=_("A new password"),
        says=_("We send a link to your mail address. It works once, for one hour."),
        panels=(Panel("", (form,)),),
    )
    return render.sheet(visit, sheet)


@router.post("/forgot")
def ask(visit: Anyone) -> Response:
    people.request_reset(
        visit.session, visit.settings, visit.form.text("email"), address=visit.address
    )
    text = _("If this address has an account, a link is on its way. Look in your mail.")
    sheet = Sheet(
        title=_("Look in your mail"), panels=(Panel(_("What happens now"), (Text(text),)),)
    )
    return render.sheet(visit, sheet)


def _reset_page(visit: Visit, token: str, error: str = "") -> Response:
    form = Form(
        f"/password/reset/{token}",
        (
            Field(
                "password",
                _("New password"),
                "password",
                help=_("At least 12 characters. Three or four words are good."),
                autocomplete="new-password",
                error=error,
            ),
        ),
        (Button(_("Set the password"), look="primary"),),
    )
    sheet = Sheet(
        title=_("A new password"),
        says=_("Every device is signed out when it is set."),
        panels=(Panel("", (form,)),),
        errors=(("password", error),) if error else (),
    )
    return render.sheet(visit, sheet, status=422 if error else 200)


@router.get("/reset/{token}")
def show(visit: Anyone, token: str) -> Response:
    people.find_reset(visit.session, token)
    return _reset_page(visit, token)


@router.post("/reset/{token}")
def reset(visit: Anyone, token: str) -> Response:
    try:
        with trying(visit.session):
            people.reset(visit.session, visit.settings, token, visit.form.raw("password"))
    except Invalid as error:
        return _reset_page(visit, token, error.message)
    return see_other("/sign-in", "reset")
