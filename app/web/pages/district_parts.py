"""The floor on both sides: what a district proposed, what a school would have to change, the answers."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.access.actor import allows
from app.access.permissions import Permission
from app.institutions.models import Institution
from app.institutions.states import InstitutionState
from app.policies import district_floors, queries, words
from app.policies.fields import FIELDS, value_in_words
from app.policies.models import PolicyFloor, PolicyVersion
from app.policies.states import FloorRefusal, FloorState
from app.policies.stricter import looser
from app.text import _
from app.web.moments import since
from app.web.parts import (
    Act,
    Acts,
    Bullets,
    Button,
    Cell,
    Column,
    Field,
    Fold,
    Form,
    Heading,
    Nothing,
    Option,
    Part,
    Status,
    Table,
    Text,
)
from app.web.visit import Visit
from worker.protocol.policy import PolicyDocument


@dataclass(frozen=True)
class Seen:
    """The institution looked at, its approved policy, its floors on either side, and names by id."""

    visit: Visit
    row: Institution
    current: PolicyDocument | None
    floors: Sequence[tuple[PolicyFloor, PolicyVersion]]
    names: dict[str, str]

    def may(self, permission: Permission) -> bool:
        """As one of its own people: nobody answers a district for a school on the district's behalf."""
        return allows(self.visit.who.own, permission, self.row.id)


def reason(value: FloorRefusal) -> str:
    return {
        FloorRefusal.TOO_STRICT: _("Too strict for what we need to do"),
        FloorRefusal.NOT_OUR_PURPOSE: _("It leaves out a purpose of ours"),
        FloorRefusal.OWN_RULE: _("A rule of our own stands against it"),
        FloorRefusal.LATER: _("Not now"),
    }[value]


def _state(row: PolicyFloor) -> Status:
    tone, word = {
        FloorState.PROPOSED: ("wait", _("Waits for the school")),
        FloorState.ACCEPTED: ("good", _("Accepted")),
        FloorState.REFUSED: ("stop", _("Refused: {why}")),
        FloorState.REPLACED: ("off", _("Replaced")),
        FloorState.WITHDRAWN: ("off", _("Withdrawn")),
    }[row.state]
    if row.reason is not None:
        word = word.format(why=reason(row.reason))
    return Status(tone, word, since(row.answered or row.proposed))  # type: ignore[arg-type]


def asked(seen: Seen, errors: dict[str, str]) -> tuple[Part, ...]:
    """The school's side: each floor it was asked to keep to, the open one with its text and the answer."""
    mine = [(f, v) for f, v in seen.floors if f.school_id == seen.row.id]
    if not mine:
        return ()
    rows = tuple(
        (
            _("Version {n} of {name}").format(n=v.number, name=seen.names.get(f.district_id, "–")),
            _state(f),
        )
        for f, v in mine
    )
    columns = (Column(_("Floor")), Column(_("State")))
    shown: list[Part] = [
        Heading(_("Floors proposed to us")),
        Table(_("Each new version is a proposal again"), columns, rows),
    ]
    may = _answers(seen)
    for floor, version in mine:
        if floor.state in (FloorState.PROPOSED, FloorState.ACCEPTED):
            shown += _text(seen, floor, queries.document(version))
            if floor.state is FloorState.PROPOSED and may:
                shown += _answer(seen, floor, errors)
    return tuple(shown)


def _text(seen: Seen, floor: PolicyFloor, document: PolicyDocument) -> list[Part]:
    mine = seen.current
    fields = looser(mine, document) if mine else ()
    shown: list[Part] = [
        Fold(
            f"text-{floor.id}",
            _("Read it in plain words"),
            (Bullets(tuple(words.in_words(document))),),
        )
    ]
    if fields and mine:
        rows = tuple(
            (FIELDS[f].label(), value_in_words(f, mine), value_in_words(f, document))
            for f in fields
            if f in FIELDS
        )
        columns = (Column(_("Rule")), Column(_("Ours")), Column(_("Floor")))
        shown.append(Table(_("Where our policy is looser than it"), columns, rows))
        shown.append(
            Text(_("Our policy stays as it is. The next version must keep to what we accepted."))
        )
    elif mine:
        shown.append(Text(_("Our policy keeps to it already.")))
    return shown


def _answers(seen: Seen) -> bool:
    return seen.may(Permission.POLICY_APPROVE) or district_floors.stands_in(
        seen.visit.session, seen.visit.who, seen.row.id
    )


def _answer(seen: Seen, floor: PolicyFloor, errors: dict[str, str]) -> list[Part]:
    path = f"/i/{seen.row.id}/district/floors/{floor.id}"
    accept = Form(
        f"{path}/accept", (), (Button(_("Accept this floor"), look="primary"),), inline=True
    )
    options = tuple(Option(r.value, reason(r)) for r in FloorRefusal)
    error = errors.get("reason", "")
    label = _("Or refuse it; both sides see why")
    field = Field("reason", label, "radio", options=options, error=error)
    return [accept, Form(f"{path}/refuse", (field,), (Button(_("Refuse")),))]


def proposed(seen: Seen) -> tuple[Part, ...]:
    """The district's side: its schools' answers."""
    ours = [(f, v) for f, v in seen.floors if f.district_id == seen.row.id]
    if not ours:
        return ()
    rows = tuple(
        (
            seen.names.get(f.school_id, "–"),
            _("Version {n}").format(n=v.number),
            _state(f),
            _withdraw(seen, f),
        )
        for f, v in ours
    )
    columns = (Column(_("School")), Column(_("Floor")), Column(_("State")), Column(""))
    table = Table(_("Our policy, proposed to each school as a floor"), columns, rows)
    return Heading(_("Floors we proposed")), table


def _withdraw(seen: Seen, row: PolicyFloor) -> Cell:
    is_open = row.state in (FloorState.PROPOSED, FloorState.ACCEPTED)
    if not is_open or not seen.may(Permission.POLICY_APPROVE):
        return Nothing()
    path = f"/i/{seen.row.id}/district/floors/{row.id}/withdraw"
    return Acts((Act(path, _("Withdraw"), seen.names.get(row.school_id, "")),))


def forms(seen: Seen, errors: dict[str, str], *, schools: bool) -> tuple[Part, ...]:
    """What a district can do: offer, and, once it has `schools`, propose its policy."""
    path, made = f"/i/{seen.row.id}/district", []
    if seen.may(Permission.INSTITUTION_EDIT) and seen.row.state is not InstitutionState.SUSPENDED:
        field = Field(
            "school",
            _("Offer to be the district of"),
            "text",
            value=seen.visit.form.text("school"),
            error=errors.get("school", ""),
            help=_("The school’s exact name here. Its administrator accepts or declines."),
        )
        made.append(Form(f"{path}/offer", (field,), (Button(_("Offer")),)))
    if schools and seen.may(Permission.POLICY_APPROVE):
        propose = Button(_("Propose our policy as a floor"))
        made.append(Form(f"{path}/floors", (), (propose,), inline=True))
    return tuple(made)
