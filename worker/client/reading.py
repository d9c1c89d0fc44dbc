"""Commands that look: institution, policy, federations, sites, reports, what left, the audit trail."""

from pathlib import Path

import click

from worker.client import show
from worker.client.caller import Caller, pass_caller
from worker.protocol.text import _

most = click.option(
    "--most",
    default=50,
    show_default=True,
    type=click.IntRange(1, 100_000),
    help=_("At most so many lines."),
)


@click.command(help=_("Whose token this is, and what it may do."))
@pass_caller
def me(caller: Caller) -> None:
    names = (
        (_("Person"), "name"),
        (_("Institution"), "institution"),
        (_("Roles"), "roles"),
        (_("May"), "may"),
    )
    caller.one(names, caller.hub.get("/me"))


@click.command(help=_("Your institution."))
@pass_caller
def institution(caller: Caller) -> None:
    names = (
        (_("Name"), "name"),
        (_("Id"), "id"),
        (_("Kind"), "kind"),
        (_("Country"), "country"),
        (_("State"), "state"),
        (_("Verified"), "verified"),
        (_("By operators"), "verified_by"),
    )
    caller.one(names, caller.hub.get(caller.home))


@click.command(help=_("Your policy: the approved version in words, or its history."))
@click.option("--history", is_flag=True, help=_("Every version, newest first."))
@most
@pass_caller
def policy(caller: Caller, history: bool, most: int) -> None:
    path = f"{caller.home}/policies"
    if history:
        columns = (
            (_("Version"), "number"),
            (_("State"), "state"),
            (_("Changed"), "changed"),
            (_("Digest"), "digest"),
        )
        caller.list(columns, path, most)
        return
    approved = list(caller.hub.every(path, 1, state="approved"))
    if caller.as_json:
        show.as_json(approved)
    elif approved:
        click.echo(_("Version {n}").format(n=approved[0]["number"]))
        for line in approved[0]["in_words"]:
            click.echo(f"- {show.cell(line)}")
    else:
        click.echo(_("No policy is approved: nothing can run."))


@click.group(help=_("Federations."))
def federations() -> None:
    pass


@federations.command("list", help=_("Yours, or those you could ask to join."))
@click.option("--joinable", is_flag=True)
@most
@pass_caller
def list_federations(caller: Caller, joinable: bool, most: int) -> None:
    columns = ((_("Id"), "id"), (_("Name"), "name"), (_("State"), "state"), (_("Lead"), "lead"))
    caller.list(columns, "/federations", most, joinable=joinable or None)


@federations.command("show", help=_("One federation."))
@click.argument("federation")
@pass_caller
def show_federation(caller: Caller, federation: str) -> None:
    names = (
        (_("Name"), "name"),
        (_("Purpose"), "purpose"),
        (_("State"), "state"),
        (_("Lead"), "lead"),
        (_("Rounds"), "terms.rounds"),
        (_("Quorum"), "terms.quorum"),
        (_("Agreement"), "agreement_digest"),
    )
    caller.one(names, caller.hub.get(f"/federations/{federation}"))


@federations.command("members", help=_("Who is in it."))
@click.argument("federation")
@most
@pass_caller
def members(caller: Caller, federation: str, most: int) -> None:
    columns = (
        (_("Name"), "institution.name"),
        (_("Kind"), "institution.kind"),
        (_("State"), "state"),
        (_("Lead"), "lead"),
        (_("Id"), "institution.id"),
    )
    caller.list(columns, f"/federations/{federation}/memberships", most)


@click.group(help=_("The computers beside the records."))
def sites() -> None:
    pass


@sites.command("list", help=_("Every site, oldest first."))
@most
@pass_caller
def list_sites(caller: Caller, most: int) -> None:
    columns = (
        (_("Id"), "id"),
        (_("Name"), "name"),
        (_("State"), "state"),
        (_("Last seen"), "last_seen"),
        (_("Policy in force"), "policy_in_force"),
        (_("Software"), "software"),
    )
    caller.list(columns, f"{caller.home}/sites", most)


@sites.command("show", help=_("One site."))
@click.argument("site")
@pass_caller
def show_site(caller: Caller, site: str) -> None:
    names = (
        (_("Name"), "name"),
        (_("State"), "state"),
        (_("Last seen"), "last_seen"),
        (_("Policy in force"), "policy_in_force"),
        (_("Software"), "software"),
    )
    caller.one(names, caller.hub.get(f"/sites/{site}"))


@click.group(help=_("Class reports, for the instructor whose token this is."))
def reports() -> None:
    pass


@reports.command("list", help=_("The classes you teach."))
@most
@pass_caller
def list_reports(caller: Caller, most: int) -> None:
    columns = (
        (_("Class"), "school_class"),
        (_("Term"), "term"),
        (_("Code"), "code"),
        (_("As of"), "as_of"),
    )
    caller.list(columns, "/reports", most)


@reports.command("show", help=_("One report. That you read it is written down."))
@click.argument("school_class")
@pass_caller
def show_report(caller: Caller, school_class: str) -> None:
    report = caller.hub.get(f"/reports/{school_class}")
    names = (
        (_("Class"), "code"),
        (_("Term"), "term"),
        (_("As of"), "as_of"),
        (_("Release"), "release"),
        (_("Records"), "figures.records"),
    )
    caller.one(names, report)
    if caller.as_json or not report["figures"]:
        return
    columns = (
        (_("Task"), "task"),
        (_("Metric"), "metric"),
        (_("Shared"), "shared"),
        (_("Alone"), "local"),
        (_("Simple rule"), "rule"),
    )
    show.table(columns, report["figures"]["tasks"])


@click.command(help=_("What left your sites, newest first."))
@click.option("--site")
@click.option("--run")
@click.option("--kind")
@most
@pass_caller
def sent(caller: Caller, site: str | None, run: str | None, kind: str | None, most: int) -> None:
    columns = (
        (_("Time"), "at"),
        (_("Kind"), "kind"),
        (_("Bytes"), "bytes"),
        (_("Digest"), "digest"),
        (_("Reason"), "reason"),
        (_("Run"), "run"),
    )
    caller.list(columns, f"{caller.home}/sent", most, site=site, run=run, kind=kind)


@click.group(help=_("Who did what."))
def audit() -> None:
    pass


@audit.command("list", help=_("Events, newest first."))
@click.option("--kind", help=_("run.proposed, or run. for all of runs."))
@click.option("--since", help=_("A time with its zone, such as 2026-09-01T00:00:00Z."))
@most
@pass_caller
def list_events(caller: Caller, kind: str | None, since: str | None, most: int) -> None:
    columns = (
        (_("Number"), "number"),
        (_("Time"), "at"),
        (_("What"), "title"),
        (_("By"), "actor"),
        (_("About"), "subject"),
    )
    caller.list(columns, f"{caller.home}/audit", most, kind=kind, since=since)


@audit.command("export", help=_("The whole trail as a file, signed by the hub."))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@pass_caller
def export(caller: Caller, file: Path) -> None:
    lines = caller.hub.save(f"{caller.home}/audit/export", file)
    said = _("{n} lines are in {file}. Check them: collegium-hub audit check {file}")
    click.echo(said.format(n=lines, file=file), err=True)


@audit.command("checkpoints", help=_("The checkpoints the hub stored, to be kept elsewhere."))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@pass_caller
def checkpoints(caller: Caller, file: Path) -> None:
    lines = caller.hub.save(f"{caller.home}/audit/checkpoints", file)
    said = _("{n} checkpoints are in {file}. Later: collegium-hub audit check --kept {file}")
    click.echo(said.format(n=lines, file=file), err=True)


COMMANDS = (me, institution, policy, federations, sites, reports, sent, audit)
