"""One purpose as a form, and back."""

from dataclasses import dataclass, replace
from typing import get_args

from app.policies import purposes
from app.policies.fields import choice_name
from app.policies.models import PurposeRecord
from app.policies.purposes import OWN, Told
from app.policies.states import Approver
from app.text import _
from app.web.forms import Typed
from app.web.parts import Field, Option
from app.web.visit import Visit
from worker.protocol.categories import ALL
from worker.protocol.policy import Purpose


@dataclass(frozen=True)
class _Given:
    """What each field shows: what was typed where there are errors, else what is on record."""

    typed: Typed | None
    row: PurposeRecord | None

    def text(self, name: str, kept: object = "") -> str:
        if self.typed is not None:
            return self.typed.text(name)
        return str(kept) if self.row else ""

    def many(self, name: str, kept: tuple[str, ...]) -> tuple[str, ...]:
        return self.typed.all(name) if self.typed is not None else kept


def fields(
    visit: Visit, institution: str, row: PurposeRecord | None, errors: dict[str, str]
) -> tuple[Field, ...]:
    given = _Given(visit.form if errors else None, row)
    grounds = purposes.bases(visit.session, institution)
    found = (*_why(given, row), *_basis(given, row, grounds), *_terms(given, row))
    return tuple(replace(f, error=errors.get(f.name, "")) for f in found)


def _why(given: _Given, row: PurposeRecord | None) -> tuple[Field, ...]:
    chosen = given.text("purpose", row and row.purpose) or "early-support"
    options = tuple(Option(p, choice_name(p)) for p in get_args(Purpose))
    return (
        Field("name", _("Name"), value=given.text("name", row and row.name)),
        Field("purpose", _("Purpose"), "select", value=chosen, options=options),
    )


def _basis(
    given: _Given, row: PurposeRecord | None, grounds: list[purposes.Ground]
) -> tuple[Field, ...]:
    listed = tuple(
        Option(g.key, f"{g.profile} {g.number}: {g.text} ({g.article})"[:200]) for g in grounds
    )
    chosen = next((g.key for g in grounds if row and row.basis.startswith(g.text)), OWN)
    own = row.basis if row and chosen == OWN else ""
    return (
        Field(
            "basis",
            _("Lawful basis"),
            "select",
            value=given.text("basis", chosen) or OWN,
            options=(*listed, Option(OWN, _("In our own words, below"))),
            help=_("From the laws and contracts you confirmed."),
        ),
        Field(
            "basis_text",
            _("Basis in our own words"),
            "area",
            value=given.text("basis_text", own),
            help=_("With its article."),
            rows=3,
            optional=True,
        ),
    )


def _terms(given: _Given, row: PurposeRecord | None) -> tuple[Field, ...]:
    approver = given.text("approver", row and row.approver.value) or Approver.OFFICER.value
    protected = given.text("protected", "yes" if row and row.protected else "no") or "no"
    return (
        Field(
            "retention",
            _("Kept for"),
            value=given.text("retention", row and row.retention),
            help=_("As ISO 8601 writes it: P3Y is three years, P18M months, P400D days."),
            short=True,
        ),
        Field(
            "protected",
            _("Protected from erasure"),
            "radio",
            value=protected,
            options=(Option("yes", _("Yes")), Option("no", _("No"))),
            help=_("The law makes you keep it: retention beats a request to erase."),
            across=True,
        ),
        Field(
            "categories",
            _("Special categories it needs"),
            "checks",
            values=given.many("categories", tuple(row.categories) if row else ()),
            options=tuple(Option(c, choice_name(c)) for c in ALL),
            across=True,
            optional=True,
        ),
        Field(
            "approver",
            _("Who approves a run"),
            "radio",
            value=approver,
            options=tuple(Option(a.value, approver_name(a)) for a in Approver),
            across=True,
        ),
    )


def approver_name(value: Approver) -> str:
    return {
        Approver.OFFICER: _("the privacy officer, in the browser"),
        Approver.SITE: _("a person at the site"),
    }[value]


def read(typed: Typed) -> Told:
    """As typed; what cannot be, the service names."""
    approver = typed.text("approver")
    return Told(
        name=typed.text("name"),
        purpose=typed.text("purpose"),  # type: ignore[arg-type]
        basis=typed.text("basis"),
        basis_text=typed.text("basis_text"),
        retention=typed.text("retention").upper(),
        protected=typed.text("protected") == "yes",
        categories=typed.all("categories"),  # type: ignore[arg-type]
        approver=Approver.SITE if approver == Approver.SITE.value else Approver.OFFICER,
    )
