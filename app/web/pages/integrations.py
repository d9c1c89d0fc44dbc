"""Which programs act for us, and which are told? API tokens and webhooks. A secret is shown once."""

from starlette.responses import Response

from app.access.actor import allows
from app.access.permissions import TOKEN_NEVER, Permission
from app.clock import now
from app.errors import Conflict, Invalid
from app.institutions import queries as institutions
from app.integrations import queries as hooks
from app.people import queries, tokens
from app.people.models import ApiToken
from app.text import _
from app.web import refusals, render
from app.web.forms import trying
from app.web.moments import ago, day, full, since
from app.web.pages import webhook_forms, webhook_words
from app.web.parts import (
    Button,
    Cell,
    Column,
    Copy,
    Empty,
    Field,
    Form,
    Link,
    Links,
    Note,
    Option,
    Panel,
    Part,
    Sheet,
    Status,
    Table,
)
from app.web.visit import Here, Visit, page_router, see_other

router = page_router(prefix="/i/{institution}/integrations")


@router.get("")
def every(visit: Here, institution: str) -> Response:
    return page(visit, institution)


def page(visit: Visit, institution: str, errors: dict[str, str] | None = None) -> Response:
    row = institutions.get(visit.session, visit.who.unheld, Permission.TOKEN_EDIT, institution)
    errors = errors or {}
    sheet = Sheet(
        title=_("Integrations"),
        says=_(
            "A token acts for this institution only, within its scopes, until it expires. None may approve. "
            "A webhook tells a server of yours what happens."
        ),
        asof=_("As of {time}").format(time=full(now())),
        actions=(Link(_("API documentation"), "/api/docs", "btn"),),
        panels=(
            Panel(_("Tokens"), _tokens(visit, row.id)),
            Panel(_("Make a token"), (_mint(visit, row.id, errors),)),
            Panel(_("Webhooks"), (_webhooks(visit, row.id),)),
            Panel(_("Make a webhook"), (_hook(visit, row.id, errors),)),
        ),
        errors=tuple(errors.items()),
        menu="integrations",
    )
    return render.sheet(visit, sheet, status=422 if errors else 200)


def _tokens(visit: Visit, institution: str) -> tuple[Part, ...]:
    found = queries.tokens(visit.session, visit.who, institution)
    names = queries.names(visit.session, {t.person_id for t in found})
    columns = (
        Column(_("Token")),
        Column(_("Scopes")),
        Column(_("State")),
        Column(_("Last used")),
        Column(_("Made by")),
    )
    rows = tuple(
        (
            t.name,
            ", ".join(t.scopes),
            _state(t),
            ago(t.last_used) if t.last_used else _("never"),
            names.get(t.person_id, "–"),
        )
        for t in found
    )
    parts: list[Part] = (
        [Table(_("API tokens, newest first"), columns, rows)]
        if rows
        else [Empty(_("No program acts for you."))]
    )
    for t in found:
        if t.revoked is None and t.expires > now():
            label = _("Revoke “{name}”").format(name=t.name)
            parts.append(
                Form(
                    f"/i/{institution}/integrations/{t.id}/revoke",
                    (),
                    (Button(label),),
                    inline=True,
                )
            )
    return tuple(parts)


def _state(row: ApiToken) -> Status:
    if row.revoked:
        return Status("off", _("Revoked"), since(row.revoked))
    if row.expires <= now():
        return Status("off", _("Expired"), since(row.expires))
    return Status("good", _("Works"), _("until {day}").format(day=day(row.expires)))


def _mint(visit: Visit, at: str, errors: dict[str, str]) -> Part:
    if not allows(visit.who, Permission.TOKEN_EDIT, at):
        return refusals.role(visit, at, Permission.TOKEN_EDIT, "")
    return _mint_form(visit, at, errors)


def _webhooks(visit: Visit, institution: str) -> Part:
    found = hooks.webhooks(visit.session, visit.who, institution)
    if not found:
        return Empty(_("No server of yours is told what happens."))
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            Link(row.host, webhook_forms.path(row)),
            ", ".join(webhook_words.event(e) for e in row.events),
            webhook_words.status(row),
        )
        for row in found
    )
    columns = (Column(_("Server")), Column(_("What it is told")), Column(_("State")))
    return Table(_("Webhooks, oldest first"), columns, rows)


def _hook(visit: Visit, at: str, errors: dict[str, str]) -> Part:
    if not allows(visit.who, Permission.WEBHOOK_EDIT, at):
        return refusals.role(visit, at, Permission.WEBHOOK_EDIT, "")
    return webhook_forms.add(visit, at, errors)


def _mint_form(visit: Visit, institution: str, errors: dict[str, str]) -> Form:
    held = visit.who.permissions(institution) - TOKEN_NEVER
    options = tuple(Option(p.value, p.value) for p in Permission if p in held)
    return Form(
        f"/i/{institution}/integrations",
        (
            Field(
                "name",
                _("Name"),
                value=visit.form.text("name"),
                help=_("Which program uses it."),
                error=errors.get("name", ""),
            ),
            Field(
                "scopes",
                _("What it may do"),
                "checks",
                values=visit.form.all("scopes"),
                options=options,
                help=_("As little as it needs."),
                error=errors.get("scopes", ""),
            ),
            Field(
                "days",
                _("Days until it expires"),
                "number",
                value=visit.form.text("days", "90"),
                error=errors.get("days", ""),
            ),
        ),
        (Button(_("Make the token"), look="primary"),),
    )


@router.post("")
def mint(visit: Here, institution: str) -> Response:
    """Answers with the token itself: it is shown now and never again."""
    institutions.get(visit.session, visit.who, Permission.TOKEN_EDIT, institution)
    known = set(Permission)
    try:
        with trying(visit.session):
            scopes = [Permission(s) for s in visit.form.all("scopes") if s in known]
            row, text = tokens.mint(
                visit.session,
                visit.who,
                institution,
                visit.form.text("name"),
                scopes,
                visit.form.whole("days", _("Days")),
            )
    except Invalid as error:
        return page(visit, institution, error.errors or {"": error.message})
    except Conflict as error:
        return page(visit, institution, {"name": error.message})
    return _shown_once(visit, row, text)


def _shown_once(visit: Visit, row: ApiToken, text: str) -> Response:
    path = f"/i/{row.institution_id}/integrations"
    sheet = Sheet(
        title=_("Token “{name}”").format(name=row.name),
        says=_("Copy it now. It is not shown again."),
        crumbs=(Link(_("Integrations"), path), Link(row.name, "")),
        panels=(
            Panel(
                _("The token"),
                (
                    Copy("token", _("The token"), text),
                    Note(
                        _("Send it as “Authorization: Bearer …”. It works until {day}.").format(
                            day=day(row.expires)
                        )
                    ),
                    Links((Link(_("I have kept it"), path, "primary"),)),
                ),
            ),
        ),
        menu="integrations",
    )
    return render.sheet(visit, sheet)


@router.post("/{token}/revoke")
def revoke(visit: Here, institution: str, token: str) -> Response:
    tokens.revoke(visit.session, visit.who, token)
    return see_other(f"/i/{institution}/integrations", "revoked")
