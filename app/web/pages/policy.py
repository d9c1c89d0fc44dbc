"""What do we allow today, and should this version be our rule?"""

from starlette.responses import Response

from app.access.actor import allows
from app.access.permissions import Permission
from app.errors import Invalid
from app.institutions import queries as institutions
from app.people import queries as people
from app.policies import decisions, queries, service, words
from app.policies.models import PolicyVersion
from app.policies.states import PolicyState
from app.sites import queries as sites
from app.sites.states import SiteState
from app.text import _
from app.web import refusals, render
from app.web.forms import trying
from app.web.moments import as_of, day, since
from app.web.pages import policy_words, profile_words
from app.web.parts import (
    Button,
    Cell,
    Code,
    Column,
    Empty,
    Facts,
    Field,
    Form,
    Link,
    Note,
    Nothing,
    Panel,
    Part,
    Sheet,
    Status,
    Table,
)
from app.web.visit import Here, Visit, page_router, see_other

router = page_router(prefix="/i/{institution}/policy")


@router.get("")
def overview(visit: Here, institution: str) -> Response:
    row = institutions.get(visit.session, visit.who, Permission.POLICY_READ, institution)
    current = queries.current(visit.session, row.id)
    draft = queries.open_draft(visit.session, row.id)
    may_draft = allows(visit.who, Permission.POLICY_DRAFT, row.id)
    panels: list[Panel] = []
    if current:
        panels += policy_words.panels(queries.document(current))
        panels.append(Panel(_("At our sites"), (_at_sites(visit, row.id, current),)))
    else:
        link = (
            Link(_("Draft the first one"), f"/i/{row.id}/policy/draft", "primary")
            if may_draft
            else None
        )
        panels.append(
            Panel(
                _("In force"),
                (Empty(_("You have no policy yet, so nothing can run on your records."), link),),
            )
        )
    panels.append(Panel(_("Laws and contracts"), policy_words.bounding(visit, row, current)))
    panels.append(Panel(_("Policy versions"), (_history(visit, row.id),)))
    sheet = Sheet(
        title=_("Policy"),
        says=policy_words.standing(current, draft),
        asof=as_of(),
        actions=_actions(visit, row.id, current, draft),
        note="" if may_draft else _refused(visit, row.id),
        panels=tuple(panels),
        menu="policy",
    )
    return render.sheet(visit, sheet)


def _refused(visit: Visit, at: str) -> str:
    takes = _("Drafting takes the role of administrator or privacy officer.")
    return refusals.role(visit, at, Permission.POLICY_DRAFT, takes).text


def _actions(
    visit: Visit, at: str, current: PolicyVersion | None, draft: PolicyVersion | None
) -> tuple[Link, ...]:
    actions: tuple[Link, ...] = ()
    if (
        draft
        and draft.drafted_by != visit.who.person
        and allows(visit.who, Permission.POLICY_APPROVE, at)
    ):
        actions = (
            Link(
                _("Read version {n}").format(n=draft.number),
                f"/i/{at}/policy/{draft.number}",
                "primary",
            ),
        )
    elif allows(visit.who, Permission.POLICY_DRAFT, at) and (current or draft):
        word = _("Go on with the draft") if draft else _("Draft a change")
        actions = (Link(word, f"/i/{at}/policy/draft", "btn"),)
    return actions


def _at_sites(visit: Visit, institution: str, current: PolicyVersion) -> Part:
    rows = []
    found = sites.of_institution(visit.session, institution)
    versions = {v.id: v for v in sites.policies_in_force(visit.session, found)}
    for site in found:
        if site.state is SiteState.REVOKED:
            continue
        version = versions.get(site.policy_version_id or "")
        age = since(site.policy_accepted) if site.policy_accepted else ""
        state = Status("off", _("None in force"))
        todo: Cell = _("It refuses every job until a person there accepts version {n}.")
        if version:
            state = Status("good", _("Version {n} in force").format(n=version.number), age)
            todo = _("Version {n} waits there for a person to accept it.")
            if version.id == current.id:
                todo = Nothing()
        if isinstance(todo, str):
            todo = todo.format(n=current.number)
        rows.append((Link(site.name, f"/i/{institution}/sites/{site.id}"), state, todo))
    if not rows:
        return Empty(_("You have no site yet."), Link(_("Add one"), f"/i/{institution}/sites/new"))
    columns = (Column(_("Site")), Column(_("Policy")), Column(_("What is to do")))
    return Table(
        _("A version is in force at a site once a person there accepts it"), columns, tuple(rows)
    )


def _history(visit: Visit, institution: str) -> Part:
    found = queries.history(visit.session, visit.who, institution)
    if not found:
        return Empty(_("No version yet."))
    names = people.names(
        visit.session, {v.drafted_by for v in found} | {v.decided_by or "" for v in found}
    )
    rows = tuple(
        (
            Link(_("Version {n}").format(n=v.number), f"/i/{institution}/policy/{v.number}"),
            policy_words.status(v),
            names.get(v.drafted_by, "–"),
            names.get(v.decided_by or "") or Nothing(),
        )
        for v in found
    )
    columns = (
        Column(_("Policy version")),
        Column(_("State")),
        Column(_("Drafted by")),
        Column(_("Decided by")),
    )
    return Table(_("Every version, newest first"), columns, rows)


@router.get("/{number}")
def version(visit: Here, institution: str, number: int) -> Response:
    return _version_page(visit, institution, number)


def _version_page(
    visit: Visit, institution: str, number: int, errors: dict[str, str] | None = None
) -> Response:
    row = queries.by_number(visit.session, visit.who, institution, number)
    document, current = queries.document(row), queries.current(visit.session, institution)
    panels: list[Panel] = []
    aside = [Panel(_("About this version"), (_about(visit, row),))]
    if row.state is PolicyState.DRAFT:
        aside.insert(0, Panel(_("Should this be our rule?"), _decide(visit, row, errors or {})))
    if current and current.id != row.id:
        name = _("Version {n}").format(n=current.number)
        mine = _("Version {n}").format(n=row.number)
        change = policy_words.difference(queries.document(current), document, name, mine)
        panels.append(Panel(_("Difference to the approved version"), (change,)))
    panels += policy_words.panels(document)
    why = decisions.explained(visit.session, document)
    panels.append(Panel(_("What bounds it, and why"), profile_words.table(why)))
    warnings = words.warnings(document)
    if row.state is PolicyState.DRAFT:
        warnings += [fault.sentence for fault in service.looser(visit.session, row)]
    sheet = Sheet(
        title=_("Policy, version {n}").format(n=row.number),
        says=" ".join((policy_words.stands(row), *warnings)),
        asof=as_of(),
        crumbs=(
            Link(_("Policy"), f"/i/{institution}/policy"),
            Link(_("Version {n}").format(n=row.number), ""),
        ),
        actions=(
            Link(
                _("For the board, on paper"), f"/i/{institution}/policy/{row.number}/board", "btn"
            ),
        ),
        panels=tuple(panels),
        aside=tuple(aside),
        errors=tuple((errors or {}).items()),
        menu="policy",
    )
    return render.sheet(visit, sheet, status=422 if errors else 200)


def _about(visit: Visit, row: PolicyVersion) -> Facts:
    ids = {row.drafted_by} | ({row.decided_by} if row.decided_by else set())
    names = people.names(visit.session, ids)
    return Facts(
        (
            (_("State"), policy_words.status(row)),
            (
                _("Drafted by"),
                _("{who}, {day}").format(who=names.get(row.drafted_by, "–"), day=day(row.changed)),
            ),
            *(
                (
                    (
                        _("Decided by"),
                        names.get(row.decided_by, "–")
                        + (_(" (one-person approval)") if row.one_person else "")
                        + _for_whom(visit, row),
                    ),
                )
                if row.decided_by
                else ()
            ),
            (_("Digest"), Code(row.digest, True)),
            *(((_("Reason"), row.note),) if row.note else ()),
        ),
        stacked=True,
    )


def _for_whom(visit: Visit, row: PolicyVersion) -> str:
    """Where the district's officer decided for its school."""
    if row.decided_for is None:
        return ""
    name = institutions.names(visit.session, {row.decided_for}).get(row.decided_for, "–")
    return _(" (privacy officer of {district})").format(district=name)


def _decide(visit: Visit, row: PolicyVersion, errors: dict[str, str]) -> tuple[Part, ...]:
    path = f"/i/{row.institution_id}/policy/{row.number}"
    alone = service.one_person_only(visit.session, visit.who, row.institution_id)
    if not allows(visit.who, Permission.POLICY_APPROVE, row.institution_id) and not alone:
        takes = _("Approving a policy needs the role of privacy officer.")
        return (refusals.role(visit, row.institution_id, Permission.POLICY_APPROVE, takes),)
    if row.drafted_by == visit.who.person and not alone:
        return (Note(_("You drafted this. Another person must approve it.")),)
    parts: list[Part] = []
    if row.drafted_by == visit.who.person:
        parts.append(
            Note(_("You approve your own draft. That is recorded, and every federation sees it."))
        )
    digest = Field("digest", "", "hidden", value=row.digest)
    approve = Form(
        f"{path}/approve",
        (digest,),
        (Button(_("Approve this version"), look="primary"),),
        inline=True,
    )
    reason = Field(
        "reason",
        _("Or decline it, with a reason"),
        "area",
        value=visit.form.text("reason"),
        error=errors.get("reason", ""),
    )
    decline = Form(f"{path}/decline", (reason,), (Button(_("Decline")),))
    return (*parts, approve, decline)


@router.post("/{number}/approve")
def approve(visit: Here, institution: str, number: int) -> Response:
    row = queries.by_number(visit.session, visit.who, institution, number)
    try:
        with trying(visit.session):
            service.approve(visit.session, visit.who, row.id, visit.form.text("digest"))
    except Invalid as error:
        return _version_page(visit, institution, number, error.errors)
    return see_other(f"/i/{institution}/policy", "approved")


@router.post("/{number}/decline")
def decline(visit: Here, institution: str, number: int) -> Response:
    row = queries.by_number(visit.session, visit.who, institution, number)
    try:
        with trying(visit.session):
            service.decline(visit.session, visit.who, row.id, visit.form.text("reason"))
    except Invalid as error:
        return _version_page(visit, institution, number, error.errors)
    return see_other(f"/i/{institution}/policy", "declined")
