"""Parts that pages about policies share: state, plain words, a difference as a table."""

from app.policies import words
from app.policies.models import PolicyVersion
from app.policies.states import PolicyState
from app.text import _
from app.web.moments import day, since
from app.web.parts import Bullets, Column, Empty, New, Old, Panel, Part, Status, Table
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


def difference(old: PolicyDocument, new: PolicyDocument, before: str, after: str) -> Part:
    changes = words.difference(old, new)
    if not changes:
        return Empty(_("Both say the same."))
    rows = tuple((c.label, Old(c.before), New(c.after)) for c in changes)
    columns = (Column(_("Rule")), Column(before), Column(after))
    return Table(_("Everything else stays as it is"), columns, rows, diff=True)
