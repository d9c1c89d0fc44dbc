"""Parts that pages about policies share: state, plain words, a difference as a table."""

from app.institutions.models import Institution
from app.policies import decisions, queries, words
from app.policies.fields import value_in_words
from app.policies.models import PolicyVersion
from app.policies.states import PolicyState
from app.text import _
from app.web.moments import day, since
from app.web.parts import (
    Bullets,
    Column,
    Empty,
    Link,
    Links,
    New,
    Note,
    Nothing,
    Old,
    Panel,
    Part,
    Status,
    Table,
    Text,
)
from app.web.visit import Visit
from worker.protocol.policy import PolicyDocument


def status(row: PolicyVersion) -> Status:
    age = since(row.decided or row.changed)
    return {
        PolicyState.DRAFT: Status("wait", _("Draft"), age),
        PolicyState.APPROVED: Status("good", _("Approved"), age),
        PolicyState.DECLINED: Status("stop", _("Declined"), age),
        PolicyState.REPLACED: Status("off", _("Replaced"), age),
    }[row.state]


def standing(current: PolicyVersion | None, draft: PolicyVersion | None) -> str:
    """The sentence below the heading."""
    if current is None and draft is None:
        return _("Nothing can run: there is no policy.")
    parts = []
    if current:
        when = day(current.decided) if current.decided else ""
        parts.append(_("Version {n} is approved since {day}.").format(n=current.number, day=when))
    if draft:
        parts.append(_("Version {n} is a draft.").format(n=draft.number))
    return " ".join(parts)


def stands(row: PolicyVersion) -> str:
    """One version in a sentence, with its day."""
    when = day(row.decided or row.changed)
    return {
        PolicyState.DRAFT: _(
            "A draft of {day}. It changes nothing until another person approves it."
        ),
        PolicyState.APPROVED: _(
            "Approved on {day}. It holds at a site once a person there accepts it."
        ),
        PolicyState.DECLINED: _("Declined on {day}. It never held."),
        PolicyState.REPLACED: _("Approved, and replaced by a later version."),
    }[row.state].format(day=when)


def panels(document: PolicyDocument) -> tuple[Panel, ...]:
    """What it says, in plain words."""
    return (
        Panel(
            _("In plain words"), (Bullets(tuple(words.in_words(document)), two=True),), id="h-words"
        ),
    )


def bounding(visit: Visit, row: Institution, current: PolicyVersion | None) -> tuple[Part, ...]:
    """Which profiles the approved version follows, and which wait for a person."""
    every = decisions.held(visit.session, row)
    waiting = [held.newest.profile.name for held in every if held.waits]
    parts: list[Part] = []
    if current:
        now_bound = decisions.composed(visit.session, row, every).bounds
        bound = queries.document(current).bounds
        named = ", ".join(f"{ref.profile} {ref.number}" for ref in bound.profiles)
        parts.append(
            Text(_("Version {n} follows: {list}.").format(n=current.number, list=named))
            if named
            else Text(_("Version {n} follows none.").format(n=current.number))
        )
        if bound != now_bound:
            parts.append(
                Note(_("What you confirmed has changed since. Draft a change to take it up."))
            )
    if waiting:
        said = _("These wait for a person to confirm them, and bound nothing until then: {list}.")
        parts.append(Note(said.format(list="; ".join(waiting))))
    profiles = Link(_("Laws and contracts"), f"/i/{row.id}/policy/profiles")
    register = Link(_("Register of purposes"), f"/i/{row.id}/policy/purposes")
    parts.append(Links((profiles, register)))
    return tuple(parts)


def difference(old: PolicyDocument, new: PolicyDocument, before: str, after: str) -> Part:
    changes = words.difference(old, new)
    if not changes:
        return Empty(_("Both say the same."))
    rows = tuple((c.label, Old(c.before), New(c.after)) for c in changes)
    columns = (Column(_("Rule")), Column(before), Column(after))
    return Table(_("Everything else stays as it is"), columns, rows, diff=True)


def side_by_side(
    approved: PolicyDocument | None, theirs: PolicyDocument, yours: PolicyDocument
) -> Part:
    """Two drafts of one version where they differ, with what the approved version says."""
    changes = words.difference(theirs, yours)
    if not changes:
        return Empty(_("Both say the same."))
    rows = tuple(
        (
            c.label,
            value_in_words(c.field, approved) if approved else Nothing(),
            Old(c.before),
            New(c.after),
        )
        for c in changes
    )
    columns = (
        Column(_("Rule")),
        Column(_("Approved version")),
        Column(_("Theirs")),
        Column(_("Yours")),
    )
    return Table(_("Everything else is the same in both"), columns, rows, diff=True)
