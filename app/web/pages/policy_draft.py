"""What would this draft change?

Fields with help, changes against the approved version, federations it would shut out.
"""

from dataclasses import dataclass, replace

from starlette.responses import Response

from app.access.permissions import Permission
from app.errors import Conflict, Invalid
from app.federations import compatibility, tallies
from app.federations import queries as federations
from app.federations.states import FederationState
from app.institutions import queries as institutions
from app.people import queries as people
from app.policies import fit, queries, service, words
from app.policies.models import PolicyVersion
from app.text import _, ngettext
from app.web import render
from app.web.forms import trying
from app.web.moments import clock, in_words, sentence
from app.web.pages import policy_form, policy_words
from app.web.parts import (
    Button,
    Column,
    Empty,
    Field,
    Form,
    Link,
    No,
    Panel,
    Part,
    Sheet,
    Table,
    Text,
    Yes,
)
from app.web.visit import Here, Visit, page_router, see_other
from worker.protocol.policy import PolicyDocument

router = page_router(prefix="/i/{institution}/policy/draft")


@dataclass(frozen=True)
class Group:
    id: str
    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Effect:
    """What the draft does to one federation."""

    name: str
    state: Yes | No
    text: str


@dataclass(frozen=True)
class DraftPage:
    menu: str
    title: str
    says: str
    asof: str
    crumbs: tuple[Link, ...]
    actions: tuple[Link, ...]
    errors: tuple[tuple[str, str], ...]
    action: str
    revision: str
    groups: tuple[Group, ...]
    approver: str
    effect: tuple[Effect, ...]
    read: Link
    conflict: Panel | None
    panels: tuple[Panel, ...]


@router.get("")
def show(visit: Here, institution: str) -> Response:
    row = institutions.get(visit.session, visit.who, Permission.POLICY_DRAFT, institution)
    draft = queries.open_draft(visit.session, row.id)
    if draft is None:
        return _begin_page(visit, row.id)
    return _page(visit, draft, queries.document(draft))


def _begin_page(visit: Visit, institution: str) -> Response:
    start = Button(_("Start a draft"), look="primary")
    begin = Form(f"/i/{institution}/policy/draft", (), (start,), inline=True)
    current = queries.current(visit.session, institution)
    text = _("It starts from careful defaults.")
    if current:
        text = _("It starts from version {n}.").format(n=current.number)
    sheet = Sheet(
        title=_("Draft a policy"),
        says=_("A draft changes nothing until another person approves it."),
        crumbs=(Link(_("Policy"), f"/i/{institution}/policy"), Link(_("Draft"), "")),
        panels=(Panel("", (Text(text), begin)),),
        menu="policy",
    )
    return render.sheet(visit, sheet)


@router.post("")
def start(visit: Here, institution: str) -> Response:
    service.draft(visit.session, visit.who, institution)
    return see_other(f"/i/{institution}/policy/draft")


def _page(
    visit: Visit,
    draft: PolicyVersion,
    document: PolicyDocument,
    *,
    errors: dict[str, str] | None = None,
    theirs: PolicyDocument | None = None,
    status: int = 200,
) -> Response:
    errors, at = errors or {}, draft.institution_id
    current = queries.current(visit.session, at)
    before = queries.document(current) if current else None
    judged = _judged(visit, at, document)
    conflict = None
    if theirs is not None:
        both = policy_words.difference(theirs, document, _("Theirs"), _("Yours"))
        conflict = Panel(_("Both versions"), (both,), id="h-both")
    name = people.names(visit.session, {draft.drafted_by}).get(draft.drafted_by, _("someone"))
    page = DraftPage(
        menu="policy",
        title=_("Policy, version {n} (draft)").format(n=draft.number),
        says=" ".join(words.warnings(document)) or _effect(judged),
        asof=_("Saved {time} by {who}.").format(time=clock(draft.changed), who=name),
        crumbs=(
            Link(_("Policy"), f"/i/{at}/policy"),
            Link(_("Version {n}").format(n=draft.number), ""),
        ),
        actions=(),
        errors=tuple(errors.items()),
        action=f"/i/{at}/policy/draft/save",
        revision=str(draft.revision),
        groups=_groups(visit, document, before, errors),
        approver=_approver(visit, draft),
        effect=tuple(_changed(n, f) for n, f in judged),
        read=Link(_("See it as the privacy officer does"), f"/i/{at}/policy/{draft.number}"),
        conflict=conflict,
        panels=_against(current, before, document, judged),
    )
    return render.page(visit.request, "policies/draft.html", page, status=status)


def _groups(
    visit: Visit, document: PolicyDocument, before: PolicyDocument | None, errors: dict[str, str]
) -> tuple[Group, ...]:
    made = []
    for place, (title, names) in enumerate(policy_form.groups()):
        fields = [policy_form.field(n, document, before, errors.get(n, "")) for n in names]
        if errors:  # what was typed stays as it was typed, right or wrong
            fields = [
                replace(f, value=visit.form.text(f.name), values=visit.form.all(f.name))
                for f in fields
            ]
        made.append(Group(f"g{place}", title, tuple(fields)))
    return tuple(made)


def _against(
    current: PolicyVersion | None,
    before: PolicyDocument | None,
    document: PolicyDocument,
    judged: list[tuple[str, fit.Fit]],
) -> tuple[Panel, ...]:
    panels = [Panel(_("Federations, rule by rule"), (_fits(judged),), id="h-fit")]
    if current and before:
        name = _("Version {n}").format(n=current.number)
        change = policy_words.difference(before, document, name, _("This draft"))
        title = _("Changes against version {n}").format(n=current.number)
        panels.insert(0, Panel(title, (change,), id="h-diff"))
    return tuple(panels)


def _approver(visit: Visit, draft: PolicyVersion) -> str:
    able = people.people_with(visit.session, draft.institution_id, Permission.POLICY_APPROVE)
    others = [p.name for p in able if p.id != draft.drafted_by]
    if not others:
        return _(
            "No second person could approve it. Invite a privacy officer, or approve it yourself: "
            "that is recorded as one-person approval, which every federation sees."
        )
    return _(
        "{who} reads the difference and approves or declines it. Who drafts a policy does not approve it. "
        "After that, a person at each site accepts it."
    ).format(who=_(" or ").join(others))


def _judged(visit: Visit, at: str, document: PolicyDocument) -> list[tuple[str, fit.Fit]]:
    """This draft against every open federation of the institution."""
    every = federations.visible_to(visit.session, visit.who)
    ids = [federation.id for federation in every]
    mine = tallies.memberships(visit.session, ids, at)
    inside, sheets = tallies.inside(visit.session, ids), tallies.documents(visit.session, ids)
    found = []
    for federation in every:
        if federation.state is not FederationState.OPEN or federation.id not in mine:
            continue
        there = inside[federation.id]
        countries = federations.countries(visit.session, there.values())
        terms = compatibility.training_terms(
            federation, sheets[federation.id], len(there), countries
        )
        found.append((federation.name, fit.judge(document, terms)))
    return found


def _effect(judged: list[tuple[str, fit.Fit]]) -> str:
    stopped = sum(not one.allowed for _name, one in judged)
    if not judged:
        return _("You are in no federation yet, so nothing would stop.")
    if not stopped:
        return _("Every federation you are in fits this draft.")
    said = ngettext(
        "As it stands, this draft would stop us in {n} federation.",
        "As it stands, this draft would stop us in {n} federations.",
        stopped,
    )
    return sentence(said.format(n=in_words(stopped)))


def _changed(name: str, judged: fit.Fit) -> Effect:
    if judged.allowed:
        return Effect(name, Yes(_("Goes on")), "")
    return Effect(name, No(_("Would stop")), " ".join(r.sentence for r in judged.reasons))


def _fits(judged: list[tuple[str, fit.Fit]]) -> Part:
    rows = tuple(
        (
            name,
            Yes(_("All fit")) if one.allowed else No(" ".join(r.sentence for r in one.reasons)),
            " ".join(r.change for r in one.reasons if r.change) or _("none needed"),
        )
        for name, one in judged
    )
    if not rows:
        return Empty(_("You are in no federation yet."))
    columns = (Column(_("Federation")), Column(_("Rules")), Column(_("Smallest change that helps")))
    return Table(_("Our federations against this draft"), columns, rows)


@router.post("/save")
def save(visit: Here, institution: str) -> Response:
    row = institutions.get(visit.session, visit.who, Permission.POLICY_DRAFT, institution)
    draft = queries.open_draft(visit.session, row.id)
    if draft is None:
        raise Conflict(_("This draft has been decided meanwhile. Start a new one."))
    kept = queries.document(draft)
    try:
        document = policy_form.read(visit.form)
        revision = visit.form.whole("revision", _("Revision"))
        with trying(visit.session):
            service.save(visit.session, visit.who, draft.id, document, revision)
    except Invalid as error:
        return _page(visit, draft, kept, errors=error.errors, status=422)
    except Conflict as error:
        if "theirs" not in error.extra:
            raise
        theirs = PolicyDocument.model_validate(error.extra["theirs"])
        found = {"": error.message}
        return _page(visit, draft, document, errors=found, theirs=theirs, status=409)
    return see_other(f"/i/{row.id}/policy/draft", "saved")
