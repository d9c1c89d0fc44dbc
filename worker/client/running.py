"""Runs: listed, shown, proposed, watched to their end."""

import time
import uuid
from typing import Any

import click

from worker.client import show
from worker.client.caller import Caller, pass_caller
from worker.client.hub import Exit, Refused
from worker.client.reading import most
from worker.protocol.text import _

_COLUMNS = (
    (_("Id"), "id"),
    (_("Number"), "number"),
    (_("State"), "state"),
    (_("Federation"), "federation"),
    (_("Changed"), "changed"),
)
_FACTS = (
    (_("Run"), "id"),
    (_("Number"), "number"),
    (_("State"), "state"),
    (_("Why"), "reason"),
    (_("Rounds"), "plan.rounds"),
    (_("Quorum"), "plan.quorum"),
    (_("Plan"), "plan_digest"),
)
_BAD = ("failed", "cancelled")


@click.group(help=_("Runs."))
def runs() -> None:
    pass


@runs.command("list", help=_("Newest first."))
@click.option("--federation")
@click.option("--state")
@most
@pass_caller
def list_runs(caller: Caller, federation: str | None, state: str | None, most: int) -> None:
    caller.list(_COLUMNS, "/runs", most, federation=federation, state=state)


@runs.command("show", help=_("One run."))
@click.argument("run")
@pass_caller
def show_run(caller: Caller, run: str) -> None:
    caller.one(_FACTS, caller.hub.get(f"/runs/{run}"))


@runs.command("propose", help=_("Ask the members of FEDERATION for a run, as its lead."))
@click.argument("federation")
@click.option("--rounds", type=click.IntRange(1, 1000))
@pass_caller
def propose(caller: Caller, federation: str, rounds: int | None) -> None:
    body = {} if rounds is None else {"rounds": rounds}
    made = caller.hub.post(f"/federations/{federation}/runs", body, str(uuid.uuid4()))
    caller.one(_FACTS, made)


@runs.command("watch", help=_("Follow a run to its end: a line whenever something changed."))
@click.argument("run")
@click.option("--every", "seconds", default=5.0, show_default=True, type=click.FloatRange(0.1, 600))
@pass_caller
def watch(caller: Caller, run: str, seconds: float) -> None:
    before: tuple[Any, ...] = ()
    while True:
        seen = caller.hub.get(f"/runs/{run}/progress")
        now = _place(seen)
        if now != before:
            _say(caller, seen)
            before = now
        if seen["state"] == "completed":
            return
        if seen["state"] in _BAD:
            raise Refused(seen["reason"] or _("The run has ended."), Exit.ENDED_BADLY)
        time.sleep(seconds)


def _say(caller: Caller, seen: dict[str, Any]) -> None:
    if caller.as_json:
        show.as_json(seen)
    else:
        click.echo(_line(seen))


def _place(seen: dict[str, Any]) -> tuple[Any, ...]:
    current = seen["current"] or {}
    return (seen["state"], current.get("number"), current.get("received"), len(seen["rounds"]))


def _line(seen: dict[str, Any]) -> str:
    state, current = show.cell(seen["state"]), seen["current"]
    if current is None:
        closed = sum(one["state"] == "closed" for one in seen["rounds"])
        said = _("{state}: {closed} of {planned} rounds closed")
        return said.format(state=state, closed=closed, planned=seen["rounds_planned"])
    said = _("{state}: round {n} of {planned}, {received} of {asked} updates")
    return said.format(
        state=state,
        n=current["number"],
        planned=seen["rounds_planned"],
        received=current["received"],
        asked=current["asked"],
    )
