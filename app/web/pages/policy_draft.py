"""What would this draft change?

Fields with help, changes against the approved version, federations it would shut out.
"""

from dataclasses import dataclass, replace

from starlette.responses import Response

from app.access.permissions import Permission
from app.errors import Conflict, Invalid
from app.institutions import queries as institutions
from app.people import queries as people
from app.policies import decisions, queries, service, words
from app.policies.composing import Composed
from app.policies.models import PolicyVersion
from app.runs import consequences
from app.runs.consequences import Consequence
from app.text import _
from app.web import render
from app.web.forms import trying
from app.web.moments import clock
from app.web.pages import policy_effect, policy_form, policy_words
from app.web.pages.policy_effect import Effect
from app.web.parts import (
    Button,
    Field,
    Form,
    Link,
    Panel,
    Sheet,
    Text,
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
    look: str
    effect: tuple[Effect, ...]
    loose: tuple[str, ...]
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
    block: str | None = None,
) -> Response:
    errors, at = errors or {}, draft.institution_id
    row = institutions.get(visit.session, visit.who, Permission.POLICY_DRAFT, at)
    composed = decisions.composed(visit.session, row)
    document = document.model_copy(update={"bounds": composed.bounds})
    current = queries.current(visit.session, at)
    before = queries.document(current) if current else None
    found = consequences.of(visit.session, visit.who, at, document)
    name = people.names(visit.session, {draft.drafted_by}).get(draft.drafted_by, _("someone"))
    page = DraftPage(
        menu="policy",
        title=_("Policy, version {n} (draft)").format(n=draft.number),
        says=" ".join(words.warnings(document)) or policy_effect.says(found),
        asof=_("Saved {time} by {who}.").format(time=clock(draft.changed), who=name),
        crumbs=_crumbs(draft),
        actions=(),
        errors=tuple(errors.items()),
        action=f"/i/{at}/policy/draft/save",
        revision=str(draft.revision),
        groups=_groups(visit, document, before, errors, composed),
        approver=_approver(visit, draft),
        look=f"/i/{at}/policy/draft/effect",
        effect=policy_effect.effects(found),
        loose=policy_effect.loose(service.faults(visit.session, at, document, composed)),
        read=Link(_("See it as the privacy officer does"), f"/i/{at}/policy/{draft.number}"),
        conflict=None if theirs is None else _conflict(draft, name, before, theirs, document),
        panels=_against(current, before, document, found),
    )
    return render.page(visit.request, "policies/draft.html", page, status=status, block=block)


def _crumbs(draft: PolicyVersion) -> tuple[Link, ...]:
    here = Link(_("Version {n}").format(n=draft.number), "")
    return Link(_("Policy"), f"/i/{draft.institution_id}/policy"), here


def _conflict(
    draft: PolicyVersion,
    who: str,
    before: PolicyDocument | None,
    theirs: PolicyDocument,
    yours: PolicyDocument,
) -> Panel:
    both = policy_words.side_by_side(before, theirs, yours)
    said = _("{who} saved at {time}, while you were writing. To save yours, save again.")
    lead = said.format(who=who, time=clock(draft.changed))
    return Panel(_("Both versions"), (both,), lead=lead, id="h-both")


def _groups(
    visit: Visit,
    document: PolicyDocument,
    before: PolicyDocument | None,
    errors: dict[str, str],
    composed: Composed,
) -> tuple[Group, ...]:
    made = []
    for place, (title, names) in enumerate(policy_form.groups()):
        fields = [
            policy_form.field(n, document, before, errors.get(n, ""), composed) for n in names
        ]
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
    found: list[Consequence],
) -> tuple[Panel, ...]:
    panels = [Panel(_("Federations, rule by rule"), (policy_effect.table(found),), id="h-fit")]
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


@router.post("/effect")
def effect(visit: Here, institution: str) -> Response:
    """The same page with what is typed, saved by nobody: its effect alone where htmx asks."""
    row = institutions.get(visit.session, visit.who, Permission.POLICY_DRAFT, institution)
    draft = queries.open_draft(visit.session, row.id)
    if draft is None:
        raise Conflict(_("This draft has been decided meanwhile. Start a new one."))
    block = "effect" if visit.request.headers.get("HX-Request") else None
    try:
        document = policy_form.read(visit.form)
    except Invalid as error:
        kept = queries.document(draft)
        return _page(visit, draft, kept, errors=error.errors, status=422, block=block)
    return _page(visit, draft, document, block=block)


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
