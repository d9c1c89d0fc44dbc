"""The second factor: set up, led to where one is required, its recovery codes, and what happens when it is lost."""

from collections.abc import Mapping

import segno
from starlette.responses import Response

from app.people import queries
from app.people import service as people
from app.people.models import FactorReset, Person
from app.people.second_factor import Offer
from app.text import _
from app.web import render
from app.web.moments import full
from app.web.parts import (
    Bullets,
    Button,
    Copy,
    Field,
    Form,
    Link,
    Links,
    Matrix,
    Note,
    Panel,
    Part,
    Sheet,
    Text,
)
from app.web.visit import Anyone, Here, Visit, page_router, see_other

router = page_router()


@router.get("/account/second-factor")
def show(visit: Here) -> Response:
    """The set-up itself, for who was led here after signing in. Nothing is kept before a code was right."""
    person = queries.person(visit.session, visit.who.person)
    if person is None or person.totp_secret is not None:
        return see_other("/account")
    why = ""
    if visit.who.withheld is not None:
        why = _("Your role takes a second factor. Until you have one, you can read and not act.")
    return offer_page(visit, people.start_totp(visit.session, visit.settings, visit.who), why=why)


@router.post("/account/second-factor")
def start_second_factor(visit: Here) -> Response:
    return offer_page(visit, people.start_totp(visit.session, visit.settings, visit.who))


def offer_page(visit: Visit, offer: Offer, error: str = "", *, why: str = "") -> Response:
    """`why` goes before the instruction, for who did not ask for it."""
    drawing = segno.make(offer.uri, micro=False)
    path = "".join(
        f"M{x} {y}h1v1h-1z"
        for y, row in enumerate(drawing.matrix)
        for x, dark in enumerate(row)
        if dark
    )
    form = Form(
        "/account/second-factor/confirm",
        (
            Field("sealed", "", "hidden", value=offer.sealed),
            Field("secret", "", "hidden", value=offer.secret),
            Field("uri", "", "hidden", value=offer.uri),
            Field("code", _("Six digits the app shows now"), "code", error=error),
        ),
        (Button(_("Turn it on"), look="primary"),),
    )
    scan = _("Scan the square with an authenticator app, then type the six digits it shows.")
    sheet = Sheet(
        title=_("Set up a second factor"),
        says=" ".join((why, scan)).strip(),
        panels=(
            Panel(
                _("1. Scan, or type the key"),
                (
                    Matrix(len(drawing.matrix), path, _("QR code for the authenticator app")),
                    Copy("totp-key", _("The key"), offer.secret),
                ),
            ),
            Panel(_("2. Prove that it works"), (form,)),
        ),
        errors=(("code", error),) if error else (),
        menu="account",
    )
    return render.sheet(visit, sheet, status=422 if error else 200)


@router.post("/account/second-factor/confirm")
def confirm_second_factor(visit: Here) -> Response:
    sealed = visit.form.text("sealed")
    codes = people.confirm_totp(
        visit.session, visit.settings, visit.who, sealed, visit.form.text("code")
    )
    if codes is None:
        offer = Offer(visit.form.text("secret"), visit.form.text("uri"), sealed)
        return offer_page(visit, offer, _("This code is not right. Try the next one."))
    return _codes_page(visit, codes, _("Your second factor is on"))


@router.post("/account/recovery-codes")
def new_recovery_codes(visit: Here) -> Response:
    codes = people.make_recovery_codes(visit.session, visit.who)
    return _codes_page(visit, codes, _("Your new recovery codes"))


def _codes_page(visit: Visit, codes: list[str], title: str) -> Response:
    sheet = Sheet(
        title=title,
        says=_("Keep these ten recovery codes. Each works once, if you lose your device."),
        panels=(
            Panel(
                _("Recovery codes"),
                (
                    Note(_("They are shown only now.")),
                    Bullets(tuple(codes)),
                    Links((Link(_("I have kept them"), "/home", "primary"),)),
                ),
            ),
        ),
        menu="account",
    )
    return render.sheet(visit, sheet)


@router.post("/account/second-factor/stop")
def stop_own(visit: Here) -> Response:
    people.stop_factor_reset(visit.session, visit.who)
    return see_other("/account", "reset-stopped")


@router.get("/second-factor/stop/{token}")
def show_stop(visit: Anyone, token: str) -> Response:
    row = people.find_factor_reset_stop(visit.session, token)
    stop = Form(
        f"/second-factor/stop/{token}", (), (Button(_("Stop it"), look="primary"),), inline=True
    )
    sheet = Sheet(
        title=_("Keep your second factor"),
        says=_("Someone asked to take it off, because it is said to be lost."),
        panels=(
            Panel(
                _("Is it lost?"),
                (
                    Text(
                        _("If it is, do nothing: it is taken off on {time}.").format(
                            time=full(row.due)
                        )
                    ),
                    Text(_("If it is not, stop this now. Then tell your institution.")),
                    stop,
                ),
            ),
        ),
    )
    return render.sheet(visit, sheet)


@router.post("/second-factor/stop/{token}")
def stop(visit: Anyone, token: str) -> Response:
    people.stop_by_link(visit.session, token)
    return see_other("/home" if visit.actor else "/sign-in", "reset-stopped")


def waiting(visit: Visit) -> tuple[Part, ...]:
    """On the owner's account page while a reset is asked for."""
    row = queries.open_factor_reset(visit.session, visit.who.person)
    if row is None:
        return ()
    form = Form(
        "/account/second-factor/stop", (), (Button(_("Stop it"), look="primary"),), inline=True
    )
    return (Note(_asked(row)), form)


def _asked(row: FactorReset) -> str:
    return _("A reset is asked for. It is taken off on {time}.").format(time=full(row.due))


def helping(
    visit: Visit, person: Person, path: str, resets: Mapping[str, FactorReset]
) -> tuple[Part, ...]:
    """For those who may help a locked-out person: what is asked, or the form that asks. `resets`: the open ones."""
    if person.id in resets:
        return (Note(_asked(resets[person.id])),)
    if person.totp_secret is None:
        return (Text(_("No second factor is set. With their password they can sign in.")),)
    if person.id == visit.who.person:
        return (Text(_("Another person must do this for you.")),)
    says = _(
        "If device and recovery codes are lost, ask for a reset. They are told by mail at once and "
        "can stop it for 24 hours. Then their devices and API tokens end."
    )
    form = Form(path, (), (Button(_("Ask for the reset")),), inline=True)
    return (Text(says), form)
