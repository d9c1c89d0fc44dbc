"""What an operator is told before they decide: a look-alike name, a verification near its end."""

from app.clock import now
from app.institutions import renewals
from app.institutions.models import Institution
from app.institutions.states import Decision
from app.text import _
from app.web.moments import day
from app.web.parts import Bullets, Button, Form, Note, Panel, Part, Text


def look_alike(alike: list[Institution]) -> Panel:
    lines = tuple(
        _("{name}, {domain}, registered {day}").format(
            name=other.name, domain=other.domain or _("no domain"), day=day(other.created)
        )
        for other in alike
    )
    said = _("Its name could be taken for another’s. Be sure which one asks before you say yes.")
    return Panel(_("A look-alike name"), (Note(said), Bullets(lines)), id="h-alike")


def renewing(path: str, row: Institution) -> tuple[Part, ...]:
    """A month before the year ends."""
    ends = renewals.due(row)
    if ends is None or not renewals.soon(row, now()):
        return ()
    said = _("Its verification ends on {day}. Look at its proofs again, then renew it for a year.")
    button = Button(_("Renew for a year"), "decision", Decision.RENEW.value, look="primary")
    return Text(said.format(day=day(ends))), Form(path, (), (button,), inline=True)
