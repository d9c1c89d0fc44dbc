"""Which laws and contracts bind us, what follows from them, and has anyone confirmed it?"""

from starlette.responses import Response

from app.access.actor import allows
from app.access.permissions import Permission
from app.errors import Invalid, NotFound
from app.institutions import places
from app.institutions import queries as institutions
from app.institutions.models import Institution
from app.people import queries as people
from app.policies import deciding, decisions
from app.policies.decisions import Held
from app.text import _, ngettext
from app.web import refusals, render
from app.web.forms import trying
from app.web.moments import as_of, calendar, day
from app.web.pages import profile_words
from app.web.parts import (
    Button,
    Cell,
    Column,
    Facts,
    Field,
    Fold,
    Form,
    Link,
    Note,
    Panel,
    Part,
    Sheet,
    Table,
    Text,
)
from app.web.visit import Here, Visit, page_router, see_other

router = page_router(prefix="/i/{institution}/policy/profiles")


@router.get("")
def overview(visit: Here, institution: str) -> Response:
    return _overview(visit, institution)


def _overview(visit: Visit, institution: str, errors: dict[str, str] | None = None) -> Response:
    row = institutions.get(visit.session, visit.who, Permission.POLICY_READ, institution)
    every = decisions.held(visit.session, row)
    composed = decisions.composed(visit.session, row, every)
    shown = [h for h in every if h.standing != "not-proposed"]
    rest = [h for h in every if h.standing == "not-proposed"]
    more = Fold("rest", _("Others the hub knows"), (_table(visit, row.id, rest),))
    sheet = Sheet(
        title=_("Laws and contracts"),
        says=_waiting(every),
        asof=as_of(),
        crumbs=(Link(_("Policy"), f"/i/{row.id}/policy"), Link(_("Laws and contracts"), "")),
        panels=(
            Panel(
                _("Those that may bind us"),
                (_table(visit, row.id, shown), more),
                lead=_(
                    "Drafts in our own words, not legal advice. None counts until a named person "
                    "confirms it, and each is looked at again after 180 days."
                ),
            ),
            Panel(_("What follows from those confirmed"), profile_words.table(composed)),
            Panel(_("Where we are and whom we teach"), _place(visit, row, errors or {})),
        ),
        errors=tuple((errors or {}).items()),
        menu="policy",
    )
    return render.sheet(visit, sheet, status=422 if errors else 200)


def _waiting(every: list[Held]) -> str:
    count = sum(held.waits for held in every)
    if not count:
        return _("Nothing waits: every profile proposed to us has a person's word.")
    said = ngettext(
        "{n} profile waits for a person. Until then it bounds nothing.",
        "{n} profiles wait for a person. Until then they bound nothing.",
        count,
    )
    return said.format(n=count)


def _table(visit: Visit, at: str, rows: list[Held]) -> Table:
    names = people.names(visit.session, {h.decision.decided_by for h in rows if h.decision})
    made = tuple(
        (
            Link(
                held.newest.profile.name, f"/i/{at}/policy/profiles/{held.newest.profile.profile}"
            ),
            profile_words.kind(held.newest.profile),
            profile_words.standing(held),
            str((held.confirmed or held.newest).profile.number),
            profile_words.confirmed_by(held, names),
        )
        for held in rows
    )
    columns = (
        Column(_("Name")),
        Column(_("Kind")),
        Column(_("State")),
        Column(_("Version"), True),
        Column(_("Decided by")),
    )
    return Table(_("Profiles, those that wait first"), columns, made)


def _place(visit: Visit, row: Institution, errors: dict[str, str]) -> tuple[Part, ...]:
    if not allows(visit.who, Permission.POLICY_DRAFT, row.id):
        facts = Facts(
            (
                (_("Country"), row.country),
                (_("Region"), row.region or _("not told")),
                (_("Ages taught"), _ages(row)),
                (_("Time zone"), row.zone),
            )
        )
        takes = _("Drafting takes the role of administrator or privacy officer.")
        return (facts, refusals.role(visit, row.id, Permission.POLICY_DRAFT, takes))

    def field(name: str, label: str, value: object, help_: str = "") -> Field:
        typed = visit.form.text(name) if errors else "" if value is None else str(value)
        return Field(
            name, label, value=typed, help=help_, error=errors.get(name, ""), optional=True
        )

    region = field("region", _("Region"), row.region, _("Its ISO code, such as US-NY or CA-QC."))
    fields = (
        region,
        field("youngest", _("Age of the youngest"), row.youngest),
        field("oldest", _("Age of the oldest"), row.oldest),
        field("zone", _("Time zone"), row.zone, _("Deadlines are counted by it.")),
    )
    text = Text(
        _("Country: {country}. From this, profiles are proposed.").format(country=row.country)
    )
    action = f"/i/{row.id}/policy/profiles/place"
    return (text, Form(action, fields, (Button(_("Save")),)))


def _ages(row: Institution) -> str:
    if row.youngest is None or row.oldest is None:
        return _("not told")
    return _("{low} to {high}").format(low=row.youngest, high=row.oldest)


def _age(visit: Visit, name: str, label: str) -> int | None:
    return visit.form.whole(name, label) if visit.form.text(name) else None


@router.post("/place")
def place(visit: Here, institution: str) -> Response:
    institutions.get(visit.session, visit.who, Permission.POLICY_DRAFT, institution)
    try:
        with trying(visit.session):
            places.place(
                visit.session,
                visit.who,
                institution,
                region=visit.form.text("region"),
                youngest=_age(visit, "youngest", _("Age of the youngest")),
                oldest=_age(visit, "oldest", _("Age of the oldest")),
                zone=visit.form.text("zone") or "UTC",
            )
    except Invalid as error:
        return _overview(visit, institution, error.errors)
    return see_other(f"/i/{institution}/policy/profiles", "saved")


def _one(visit: Visit, institution: str, name: str) -> tuple[Institution, Held]:
    row = institutions.get(visit.session, visit.who, Permission.POLICY_READ, institution)
    every = decisions.held(visit.session, row)
    found = next((h for h in every if h.newest.profile.profile == name), None)
    if found is None:
        raise NotFound(_("There is no such profile."))
    return row, found


@router.get("/{profile}")
def one(visit: Here, institution: str, profile: str) -> Response:
    row, held = _one(visit, institution, profile)
    newest = held.newest.profile
    own_words = _(
        "What stands in quotation marks is the profile’s own text, in the language it was written in."
    )
    stated = profile_words.statements(newest)
    panels = [Panel(_("Statement by statement"), (stated,), lead=own_words)]
    if held.confirmed and held.standing == "changed":
        change = profile_words.difference(held.confirmed.profile, newest)
        panels.insert(0, Panel(_("What the new version changes"), (change,), id="h-change"))
    sheet = Sheet(
        title=newest.name,
        says=_("{kind}, {place}. {status}.").format(
            kind=profile_words.kind(newest),
            place=newest.jurisdiction,
            status=newest.status.removesuffix("."),
        ),
        asof=_("Version {n}, as of {day}.").format(n=newest.number, day=calendar(newest.as_of)),
        crumbs=(
            Link(_("Policy"), f"/i/{row.id}/policy"),
            Link(_("Laws and contracts"), f"/i/{row.id}/policy/profiles"),
            Link(newest.name, ""),
        ),
        panels=tuple(panels),
        aside=(
            Panel(_("Does it bind us?"), _decide(visit, row.id, held)),
            Panel(_("About this version"), (_about(visit, held),)),
        ),
        menu="policy",
    )
    return render.sheet(visit, sheet)


def _about(visit: Visit, held: Held) -> Facts:
    profile, decision = held.newest.profile, held.decision
    names = people.names(visit.session, {decision.decided_by} if decision else set())
    lines: list[tuple[str, Cell]] = [
        (_("State"), profile_words.standing(held)),
        (_("Applies to"), profile.applies.text),
        (_("How sure we are"), profile_words.confidence(profile)),
        (_("What is open"), profile.uncertainty or "–"),
        (_("Digest"), held.newest.digest[:16]),
    ]
    if decision:
        who = _("{who}, {day}").format(
            who=names.get(decision.decided_by, "–"), day=day(decision.decided)
        )
        lines.insert(1, (_("Decided by"), who))
    return Facts(tuple(lines), stacked=True)


def _decide(visit: Visit, at: str, held: Held) -> tuple[Part, ...]:
    if not allows(visit.who, Permission.POLICY_DRAFT, at):
        takes = _("Confirming a profile needs the role of privacy officer.")
        return (refusals.role(visit, at, Permission.POLICY_APPROVE, takes),)
    profile = held.newest.profile
    path = f"/i/{at}/policy/profiles/{profile.profile}"
    number = Field("number", "", "hidden", value=str(profile.number))
    fields = [number]
    if listable := profile.kind == "contract":
        listed = held.decision.elements if held.decision else None
        fields.append(
            Field(
                "elements",
                _("Columns the contract lists"),
                "area",
                value="\n".join(listed or ()),
                help=_("One a line. A task that uses another is refused. Empty: no list."),
                optional=True,
            )
        )
    note = Note(
        _(
            "Your name and the day stand beside it. It bounds the next policy version: "
            "no run and no policy in force changes."
        )
    )
    confirm = Form(f"{path}/confirm", tuple(fields), (_sure(held),))
    away = Button(_("It does not bind us"))
    set_aside = Form(f"{path}/set-aside", (number,), (away,), inline=True)
    return (
        note,
        *((confirm,) if listable or held.standing != "confirmed" else ()),
        *((set_aside,) if held.standing != "set-aside" else ()),
    )


def _sure(held: Held) -> Button:
    if held.standing == "confirmed":
        return Button(_("Save the columns"))
    return Button(_("Confirm version {n}").format(n=held.newest.profile.number), look="primary")


@router.post("/{profile}/confirm")
def confirm(visit: Here, institution: str, profile: str) -> Response:
    return _decided(visit, institution, profile, binds=True)


@router.post("/{profile}/set-aside")
def set_aside(visit: Here, institution: str, profile: str) -> Response:
    return _decided(visit, institution, profile, binds=False)


def _decided(visit: Visit, institution: str, profile: str, *, binds: bool) -> Response:
    institutions.get(visit.session, visit.who, Permission.POLICY_READ, institution)
    deciding.stands(visit.session, visit.who, institution)
    decisions.decide(
        visit.session,
        visit.who,
        institution,
        profile,
        visit.form.whole("number", _("Version")),
        binds=binds,
        elements=(visit.form.lines("elements") or None) if binds else None,
    )
    return see_other(f"/i/{institution}/policy/profiles", "confirmed" if binds else "saved")
