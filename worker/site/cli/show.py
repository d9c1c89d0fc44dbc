"""`collegium-site status` and `collegium-site log`."""

import json
import re
from datetime import UTC, datetime, timedelta

import click

from worker.protocol.text import _, ngettext
from worker.site import accepted, enrolment, receipts
from worker.site.cli.terminal import Context, pass_context, say, table
from worker.site.faults import HubFault, SiteFault
from worker.site.sent import Line, OutboundLog
from worker.site.site import Site
from worker.site.supervisor import is_running

_AGO = re.compile(r"(\d{1,4})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@click.command(help=_("Who this site is, what runs, what waits for you."))
@pass_context
def status(context: Context) -> None:
    site = context.site()
    known, config = site.identity, site.config
    rows = [
        (_("Site"), f"{known.site_name} ({known.site})"),
        (_("Institution"), known.institution_name),
        (_("Hub"), f"{known.hub_name}, {config.hub}: {_hub(site)}"),
        (_("Six words"), " ".join(enrolment.words(context.home))),
        (_("Policy"), _policy(site)),
        (_("Data"), str(config.data or _("no folder named"))),
        (_("Hours"), str(config.window or _("all day"))),
        (_("Running"), _("yes") if is_running(context.home) else _("no: collegium-site run")),
        (_("Release"), str(context.home.read_json(context.home.release_file).get("release", "–"))),
    ]
    table(rows)
    for run, asked in accepted.waiting(context.home).items():
        said = _(
            "Run {run} ({tasks}) waits for your approval: collegium-site policy approve-run {run}"
        )
        say(said.format(run=run, tasks=", ".join(task.name for task in asked.tasks)))
    for job in site.outbox.waiting():
        say(_("The answer to job {job} waits in the outbox.").format(job=job))


def _hub(site: Site) -> str:
    try:
        said = site.door.hello()
    except HubFault as error:
        return str(error)
    if said.suspended:
        return _("your institution is suspended: no job comes until the hub's operators lift it")
    return {
        "ready": _("ready"),
        "waiting-for-confirmation": _("waits for the six words to be confirmed"),
        "revoked": _("revoked"),
    }[said.state]


def _policy(site: Site) -> str:
    found = site.policy()
    if found is None:
        return _("none accepted: collegium-site policy review")
    return _("version {number} in force").format(number=found.version)


@click.command(help=_("What left this site: one line for everything, written before it was sent."))
@click.option("--since", help=_("A day such as 2026-09-01, or 30m, 12h, 7d."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a line."))
@click.option(
    "--check", "compared", is_flag=True, help=_("Compare it with the receipts the hub shows.")
)
@pass_context
def log(context: Context, since: str | None, as_json: bool, compared: bool) -> None:
    context.home.identity()
    if compared:
        _compare(context, _moment(since or "30d"))
        return
    lines = OutboundLog(context.home.sent).since(_moment(since) if since else None)
    if as_json:
        for line in lines:
            say(json.dumps(vars(line)))
        return
    table([_row(line) for line in lines])


def _compare(context: Context, since: datetime) -> None:
    """Ends with 1 where something is for the privacy officer."""
    site = context.site()
    told = site.door.receipts(since)
    found = receipts.compare(OutboundLog(context.home.sent), site.outbox, told.receipts, since)
    for one in found:
        size = f"{one.left} / {one.bytes} B"
        say(f"{one.run} {one.round:>4} {size:>24} {one.body[:12]}  {one.finding.sentence}")
    bad = [one for one in found if one.finding.is_alarm]
    if bad:
        raise SiteFault(
            ngettext(
                "{n} update does not match: tell your privacy officer.",
                "{n} updates do not match: tell your privacy officer.",
                len(bad),
            ).format(n=len(bad))
        )
    said = ngettext("{n} update compared.", "{n} updates compared.", len(found))
    say(said.format(n=len(found)))


def _row(line: Line) -> tuple[str, ...]:
    about = " ".join(part for part in (line.job, line.run) if part)
    return (line.time, line.kind.value, f"{line.bytes:>10}", line.digest[:12], line.reason, about)


def _moment(text: str) -> datetime:
    found = _AGO.fullmatch(text)
    if found:
        return datetime.now(UTC) - timedelta(**{_UNITS[found[2]]: int(found[1])})
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise SiteFault(
            _("“{text}” is no moment. Write 2026-09-01, 30m, 12h or 7d.").format(text=text)
        ) from error
    return at if at.tzinfo else at.astimezone()
