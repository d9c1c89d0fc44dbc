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
from app.web import refusals, render, site_words
from app.web.forms import trying
from app.web.moments import as_of, day, since
from app.web.pages import proof_forms
from app.web.pages.domain_proof import proof_of_domain
from app.web.pages.home import standing, way
from app.web.parts import (
    Column,
    Empty,
    Facts,
    Fold,
    Heading,
    Link,
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
        InstitutionState.REFUSED: Status("stop", _("Refused")),
        InstitutionState.SUSPENDED: Status("stop", _("Suspended")),
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
    links = (
        Link(_("Verification"), f"/i/{row.id}/verification", "btn"),
        Link(_("District"), f"/i/{row.id}/district", "btn"),
    )
    sheet = Sheet(
        title=row.name,
        says=_("Everything is ready for a run.")
        if stands.ready
        else _("Some steps to a first run are open."),
        asof=as_of(),
        actions=links,
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
    verified = row.state is InstitutionState.VERIFIED
    table: Part = Empty(
        _("None is on record: the operators knew you by other means.")
        if verified
        else _("No proof yet. Give the operators something they can check.")
    )
    if rows:
        table = Table(_("Proofs the operators see"), columns, rows)
    panels = [
        Panel(_("Where it stands"), (state(row), _way(visit, row, bool(proofs)))),
        Panel(_("Proofs"), (table,)),
    ]
    if allows(visit.who, Permission.INSTITUTION_EDIT, row.id):
        panels += _acts(visit, row, errors)
    else:
        takes = _("Adding proofs takes the role of administrator.")
        note = refusals.role(visit, row.id, Permission.INSTITUTION_EDIT, takes)
        panels.append(Panel(_("What you can do"), (note,)))
    sheet = Sheet(
        title=_("Verification"),
        says=_("Your institution is verified. Others see by how many.")
        if row.state is InstitutionState.VERIFIED
        else _("What proves that you are who you say, for the operators to see."),
        asof=as_of(),
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
    mailbox, code = proof_forms.mailbox_forms(path, row, typed, errors)
    typed_here = "email" in errors or "code" in errors
    enter = Fold("enter-code", _("I have the code from the mail"), (code,))
    panels = [
        Panel(_("Prove your domain"), proof_of_domain(visit, row), id="h-domain"),
        Panel(_("Prove a mailbox"), (mailbox, code if typed_here else enter), id="h-mailbox"),
        Panel(
            _("Name a public register"),
            (proof_forms.registry_form(path, typed, errors),),
            id="h-registry",
        ),
    ]
    if row.state is InstitutionState.VERIFIED and not errors:
        more = tuple(part for panel in panels for part in (Heading(panel.title), *panel.body))
        return [Panel(_("More proofs"), (Fold("more", _("Add another proof"), more),))]
    if row.state in (InstitutionState.REGISTERED, InstitutionState.REFUSED):
        panels.append(
            Panel(_("Correct your details"), (proof_forms.details_form(row, visit, errors),))
        )
    return panels


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
