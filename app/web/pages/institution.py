"""Are we set up, and what proves that we are us?"""

from starlette.responses import Response

from app.access.actor import allows
from app.access.permissions import Permission
from app.clock import now
from app.errors import Invalid, TooMany
from app.institutions import domain_records, queries
from app.institutions import service as institutions
from app.institutions.models import Institution
from app.institutions.schemas import Details
from app.institutions.states import InstitutionKind, InstitutionState, ProofKind
from app.text import _
from app.web import render, site_words
from app.web.forms import Typed, trying
from app.web.moments import day, full, since
from app.web.pages.domain_proof import proof_of_domain
from app.web.pages.home import standing, way
from app.web.parts import (
    Button,
    Column,
    Empty,
    Facts,
    Field,
    Form,
    Link,
    Note,
    Option,
    Panel,
    Part,
    Sheet,
    Status,
    Step,
    Steps,
    Table,
)
from app.web.visit import Here, Visit, page_router, see_other

router = page_router(prefix="/i/{institution}")


def proof_words(kind: ProofKind) -> str:
    return {
        ProofKind.DOMAIN_RECORD: _("A text record of the domain"),
        ProofKind.DOMAIN_MAILBOX: _("A mailbox at the domain"),
        ProofKind.REGISTRY: _("A number in a public register"),
        ProofKind.DOCUMENT_SEEN: _("A document an operator has seen"),
    }[kind]


def state(row: Institution) -> Status:
    age = since(row.verified or row.created)
    return {
        InstitutionState.REGISTERED: Status("wait", _("Waiting for the operators"), age),
        InstitutionState.VERIFIED: Status("good", _("Verified"), age),
        InstitutionState.REFUSED: Status("stop", _("Refused"), age),
        InstitutionState.SUSPENDED: Status("stop", _("Suspended"), age),
    }[row.state]


@router.get("")
def overview(visit: Here, institution: str) -> Response:
    row = queries.get(visit.session, visit.who, Permission.INSTITUTION_READ, institution)
    stands = standing(visit, row.id)
    facts = Facts(
        (
            (_("Kind"), site_words.kind(row.kind)),
            (_("Country"), row.country),
            (_("Domain"), row.domain or "–"),
            (_("Verified"), site_words.verified(row)),
        )
    )
    links = (Link(_("Verification"), f"/i/{row.id}/verification", "btn"),)
    sheet = Sheet(
        title=row.name,
        says=_("Everything is ready for a run.")
        if stands.ready
        else _("Some steps to a first run are open."),
        asof=_("As of {time}").format(time=full(now())),
        actions=links,
        note=institutions.why_not(row) or "",
        panels=(
            Panel(_("Steps to a first run"), (way(row.id, stands),)),
            Panel(_("What the hub knows of us"), (facts,)),
        ),
        menu="home",
    )
    return render.sheet(visit, sheet)


@router.get("/verification")
def verification(visit: Here, institution: str) -> Response:
    return _verification(visit, institution)


def _verification(visit: Visit, institution: str, errors: dict[str, str] | None = None) -> Response:
    row = queries.get(visit.session, visit.who, Permission.INSTITUTION_READ, institution)
    errors = errors or {}
    proofs = queries.proofs(visit.session, row.id)
    rows = tuple((proof_words(p.kind), p.value, day(p.seen)) for p in proofs)
    columns = (Column(_("Proof")), Column(_("What it is")), Column(_("Seen")))
    table: Part = Empty(_("No proof yet. Give the operators something they can check."))
    if rows:
        table = Table(_("Proofs the operators see"), columns, rows)
    panels = [
        Panel(_("Where it stands"), (state(row), _way(visit, row, bool(proofs)))),
        Panel(_("Proofs"), (table,)),
    ]
    if allows(visit.who, Permission.INSTITUTION_EDIT, row.id):
        panels += _acts(visit, row, errors)
    else:
        panels.append(
            Panel(
                _("What you can do"), (Note(_("Adding proofs takes the role of administrator.")),)
            )
        )
    sheet = Sheet(
        title=_("Verification"),
        says=institutions.why_not(row)
        or _("Your institution is verified. Others see by how many."),
        asof=_("As of {time}").format(time=full(now())),
        crumbs=(Link(row.name, f"/i/{row.id}"), Link(_("Verification"), "")),
        panels=tuple(panels),
        errors=tuple(errors.items()),
        menu="home",
    )
    return render.sheet(visit, sheet, status=422 if errors else 200)


def _way(visit: Visit, row: Institution, proofs: bool) -> Steps:
    proved = domain_records.holds(visit.session, row, now())
    decided = row.state in (InstitutionState.VERIFIED, InstitutionState.SUSPENDED)
    return Steps(
        (
            Step(_("Registered"), "done", day(row.created)),
            Step(_("Proofs given"), "done" if proofs or decided else "now"),
            Step(
                _("One operator decides") if proved else _("Two operators decide"),
                "done" if decided else "now" if proofs else "to-come",
                site_words.verified(row) if decided else "",
            ),
        )
    )


def _acts(visit: Visit, row: Institution, errors: dict[str, str]) -> list[Panel]:
    path, typed = f"/i/{row.id}/verification", visit.form
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
    panels = [
        Panel(_("Prove your domain"), proof_of_domain(visit, row), id="h-domain"),
        Panel(_("Prove a mailbox"), (mailbox, code), id="h-mailbox"),
        Panel(_("Name a public register"), (_registry_form(path, typed, errors),), id="h-registry"),
    ]
    if row.state in (InstitutionState.REGISTERED, InstitutionState.REFUSED):
        panels.append(Panel(_("Correct your details"), (_details_form(row, visit, errors),)))
    return panels


def _registry_form(path: str, typed: Typed, errors: dict[str, str]) -> Form:
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


def _details_form(row: Institution, visit: Visit, errors: dict[str, str]) -> Form:
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


@router.post("/verification/domain")
def ask_domain(visit: Here, institution: str) -> Response:
    try:
        with trying(visit.session):
            institutions.ask_domain(visit.session, visit.who, institution)
    except (Invalid, TooMany) as error:
        return _verification(visit, institution, {"domain": error.message})
    return see_other(f"/i/{institution}/verification", "looking")


@router.post("/verification/mailbox")
def ask_mailbox(visit: Here, institution: str) -> Response:
    try:
        with trying(visit.session):
            institutions.ask_mailbox(
                visit.session, visit.settings, visit.who, institution, visit.form.text("email")
            )
    except Invalid as error:
        return _verification(visit, institution, error.errors)
    return see_other(f"/i/{institution}/verification", "sent")


@router.post("/verification/mailbox/code")
def prove_mailbox(visit: Here, institution: str) -> Response:
    try:
        proof = institutions.prove_mailbox(
            visit.session,
            visit.settings,
            visit.who,
            institution,
            visit.form.text("email"),
            visit.form.text("code"),
        )
    except (Invalid, TooMany) as error:
        return _verification(visit, institution, {"code": error.message})
    if proof is None:
        return _verification(visit, institution, {"code": _("This code is not right.")})
    return see_other(f"/i/{institution}/verification", "confirmed")


@router.post("/verification/registry")
def add_registry(visit: Here, institution: str) -> Response:
    value = f"{visit.form.text('register')} {visit.form.text('number')}"
    try:
        with trying(visit.session):
            institutions.add_proof(visit.session, visit.who, institution, ProofKind.REGISTRY, value)
    except Invalid as error:
        return _verification(visit, institution, error.errors or {"value": error.message})
    return see_other(f"/i/{institution}/verification", "saved")


@router.post("/verification/details")
def correct(visit: Here, institution: str) -> Response:
    typed = visit.form
    kind = typed.text("kind")
    details = Details(
        name=typed.text("name"),
        kind=InstitutionKind(kind) if kind in set(InstitutionKind) else InstitutionKind.SCHOOL,
        country=typed.text("country"),
        domain=typed.text("domain") or None,
    )
    try:
        with trying(visit.session):
            institutions.resubmit(visit.session, visit.who, institution, details)
    except Invalid as error:
        return _verification(visit, institution, error.errors or {"name": error.message})
    return see_other(f"/i/{institution}/verification", "saved")
