"""The sites of a run, one card each. What may be seen was decided in `app.runs.site_rows`; here are the words."""

from dataclasses import dataclass

from app.clock import now
from app.policies import fit
from app.runs.views import Part, SiteRow
from app.sites.hours import is_open
from app.text import _
from app.web.moments import known, size, span
from app.web.parts import Progress, Status
from worker.protocol import code_words
from worker.protocol.codes import Phase

AWAITED = frozenset({Part.WAITING, Part.WORKING, Part.UPLOADING})


@dataclass(frozen=True)
class Card:
    name: str
    mine: bool
    status: Status
    text: str
    foot: str
    waited: bool
    progress: Progress | None = None


def card(row: SiteRow, *, leads: bool) -> Card:
    name = f"{row.institution_name}, {row.site_name}" if row.site_name else row.institution_name
    foot = _("Your site") if row.own else _("A member")
    if row.part is None:
        status, text = _other(row)
        return Card(name, False, status, text, foot, False)
    if row.part is Part.REFUSED and leads and not row.own:
        foot = _("You see the rule because your institution leads.")
    status, text, progress = _seen(row)
    return Card(name, row.own, status, text, foot, row.part in AWAITED, progress)


def _other(row: SiteRow) -> tuple[Status, str]:
    """Another member's, for someone who does not lead: yes or no."""
    if row.takes_part:
        return Status("good", _("Takes part"), known(row.at)), ""
    return Status("off", _("Not in"), known(row.at) if row.at else ""), _(
        "It takes no part for now."
    )


def _seen(row: SiteRow) -> tuple[Status, str, Progress | None]:
    age = known(row.at) if row.at else ""
    if row.part is Part.WORKING:
        return _working(row, age)
    if row.part is Part.UPLOADING:
        return _uploading(row, age)
    status, text = _still(row, age)
    return status, text, None


def _working(row: SiteRow, age: str) -> tuple[Status, str, Progress | None]:
    text = _("It works on this round.") if row.seconds_left is None else _left(row)
    if row.late:
        text = _(
            "It still works from the round before. Its update counts in this one, a little less."
        )
    if row.phase and row.steps and row.step is not None:
        word = _("{phase} {n} of {all}").format(
            phase=code_words.phase(row.phase), n=row.step, all=row.steps
        )
        return Status("busy", word, age), text, Progress("", row.step, row.steps, word)
    word = code_words.phase(row.phase) if row.phase else _("Working")
    return Status("busy", word, age), text, None


def _left(row: SiteRow) -> str:
    """What a phase is followed by is not counted, and takes its own time."""
    said = {
        Phase.TRAINING: _("About {span} to go, then it uploads."),
        Phase.ENCODING: _("About {span} to go, then it trains."),
    }.get(row.phase or Phase.CLAIMED, _("About {span} to go with this."))
    return said.format(span=span(row.seconds_left or 0))


def _uploading(row: SiteRow, age: str) -> tuple[Status, str, Progress | None]:
    status = Status("busy", _("Uploading"), age)
    if not row.bytes_all:
        return status, _("Its update is on the way."), None
    done = row.bytes_done or 0
    text = _("{done} of {all} has arrived.").format(done=size(done), all=size(row.bytes_all))
    left = "" if row.seconds_left is None else f" {_left(row)}"
    return status, text + left, Progress("", done, row.bytes_all, text)


def _still(row: SiteRow, age: str) -> tuple[Status, str]:
    return _outside(row, age) or _inside(row, age)


def _outside(row: SiteRow, age: str) -> tuple[Status, str] | None:
    """Of one that is not asked; None for the others."""
    return {
        Part.OFFLINE: (
            Status("off", _("Offline"), age),
            _("When it is back it goes on, or joins the next round."),
        ),
        Part.APPROVAL_WAITS: (
            Status("wait", _("Waiting for approval"), age),
            _("Its privacy officer has not answered yet."),
        ),
        Part.DECLINED: (
            Status("stop", _("Declined"), age),
            _("Its privacy officer said no to this run."),
        ),
        Part.SUSPENDED: (
            Status("stop", _("Suspended")),
            _(
                "The hub’s operators suspended this institution. It is asked again in the round after they lift it."
            ),
        ),
        Part.NO_SITE: (Status("off", _("No site")), _("It has no site that is ready.")),
    }.get(row.part or Part.READY)


def _inside(row: SiteRow, age: str) -> tuple[Status, str]:
    rule = fit.sentence(row.rule, row.rule_detail or "") if row.rule else _("A rule says no.")
    failed = (
        code_words.failure(row.failure) if row.failure else _("It sent no update in this round.")
    )
    refused = code_words.upload_refusal(row.upload_refusal) if row.upload_refusal else ""
    return {
        Part.WAITING: (Status("wait", _("Waiting"), age), _waiting(row)),
        Part.READY: (Status("good", _("Ready"), age), _("It can be asked in the next round.")),
        Part.RECEIVED: (
            Status("good", _("Update received"), age),
            _("It is checked when the round is combined."),
        ),
        Part.TAKEN: (
            Status("good", _("Update received"), age),
            _("Checked and taken: shape, size and signature are right."),
        ),
        Part.UPDATE_REFUSED: (Status("stop", _("Update refused"), age), refused),
        Part.REFUSED: (
            Status("stop", _("Refused by rule"), age),
            _("{rule} It stays out of the run.").format(rule=rule),
        ),
        Part.FAILED: (Status("stop", _("Did not finish"), age), failed),
    }[row.part or Part.READY]


def _waiting(row: SiteRow) -> str:
    if row.hours:
        start, end, place = row.hours
        window = {"hours_from": start, "hours_to": end, "time_zone": place}
        if not is_open(window, now()):
            return _(
                "Its working hours start at {start} ({zone}). It can still join this round."
            ).format(start=start, zone=place)
    return _("It has not taken its job yet.")
