"""The forms that prove an institution: a mailbox, a number in a register, its details put right."""

from app.institutions.models import Institution
from app.institutions.states import InstitutionKind
from app.text import _
from app.web import site_words
from app.web.forms import Typed
from app.web.parts import Button, Field, Form, Option
from app.web.visit import Visit


def mailbox_forms(
    path: str, row: Institution, typed: Typed, errors: dict[str, str]
) -> tuple[Form, Form]:
    """Ask for a code, and enter it."""
    mailbox = Form(
        f"{path}/mailbox",
        (
            Field(
                "email",
                _("A mail address at {domain}").format(domain=row.domain or _("your domain")),
                "email",
                value=typed.text("email"),
                error=errors.get("email", ""),
            ),
        ),
        (Button(_("Mail a code to it")),),
    )
    code = Form(
        f"{path}/mailbox/code",
        (
            Field(
                "email",
                _("The same mail address"),
                "email",
                key="code-email",
                value=typed.text("email"),
            ),
            Field("code", _("Eight digits from the mail"), "code", error=errors.get("code", "")),
        ),
        (Button(_("Check the code")),),
    )
    return mailbox, code


def registry_form(path: str, typed: Typed, errors: dict[str, str]) -> Form:
    options = tuple(Option(name, name) for name in ("ROR", "NCES", "UKPRN"))
    return Form(
        f"{path}/registry",
        (
            Field(
                "register", _("Register"), "select", value=typed.text("register"), options=options
            ),
            Field(
                "number",
                _("Number in it"),
                value=typed.text("number"),
                error=errors.get("value", "") or errors.get("register_id", ""),
            ),
        ),
        (Button(_("Add this number")),),
    )


def details_form(row: Institution, visit: Visit, errors: dict[str, str]) -> Form:
    typed = visit.form if visit.form.has("country") else None
    kinds = tuple(Option(k.value, site_words.kind(k)) for k in InstitutionKind)

    def field(name: str, label: str, kept: str | None, **more: object) -> Field:
        value = typed.text(name) if typed else kept or ""
        return Field(name, label, value=value, error=errors.get(name, ""), **more)  # type: ignore[arg-type]

    return Form(
        f"/i/{row.id}/verification/details",
        (
            field("name", _("Name"), row.name),
            field("kind", _("Kind"), row.kind.value, control="select", options=kinds),
            field("country", _("Country, two letters"), row.country, short=True),
            field("domain", _("Domain"), row.domain, optional=True),
        ),
        (Button(_("Save and ask again")),),
    )
