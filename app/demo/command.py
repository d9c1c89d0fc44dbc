"""`collegium-hub demo`: sets the stage, prints the address at once, walks, and serves until Ctrl-C."""

import sys
from pathlib import Path

import click

from app.demo.console import Console
from app.demo.forms import NotOnPage
from app.demo.memory import Memory, recall
from app.demo.play import Play
from app.demo.scenario import SCENARIOS, Scenario
from app.demo.stage import NotReady, Stage, free_port
from app.demo.visitor import Refused
from app.demo.walk import steps
from app.embedded import NoRedis
from app.processes import ChildEnded, Group, Stopped, stop_on_signals


@click.command()
@click.option(
    "--home", type=click.Path(path_type=Path), default=Path("var/demo"), show_default=True
)
@click.option("--port", default=8000, show_default=True, help="Another free one where taken.")
@click.option(
    "--scenario", type=click.Choice(sorted(SCENARIOS)), default="campus", show_default=True
)
@click.option(
    "--data", type=click.Path(exists=True, path_type=Path), help="Public data sets, for `ou`."
)
@click.option("--scale", default=0.5, show_default=True, help="Size of the simulated campus.")
@click.option("--rounds", type=int, help="Rounds of the run, where the scenario's are too many.")
@click.option(
    "--until-done", is_flag=True, help="End when the walk is done, with 0 if all went well."
)
def demo(
    home: Path,
    port: int,
    scenario: str,
    data: Path | None,
    scale: float,
    rounds: int | None,
    until_done: bool,
) -> None:
    """Show Collegium on this computer, with a site per institution."""
    chosen = SCENARIOS[scenario]()
    if rounds is not None:
        chosen = chosen.with_rounds(rounds)
    home = home.absolute()
    memory = _memory(home, chosen)
    port = _port(memory, port)
    stop_on_signals()
    failed = ""
    try:
        with Group(home / "logs") as group:
            try:
                stage = Stage(chosen, home, port, group)
                stage.settle()
                stage.raise_curtain()
                failed = _perform(stage, memory, data, scale)
                if not until_done:
                    group.watch()
            except Stopped:
                click.echo("\nStopping: the sites hand their work back first.")
    except (ChildEnded, NotReady, NoRedis) as error:
        raise click.ClickException(f"{error} (logs: {home / 'logs'})") from error
    sys.exit(1 if failed else 0)


def _perform(stage: Stage, memory: Memory, data: Path | None, scale: float) -> str:
    """Walks. Returns the reason where the walk stopped; the hub goes on serving so one can look."""
    play = Play(stage, memory, Console(0))
    acts = steps(play, data, scale)
    play.console = Console(len(acts))
    for member in stage.scenario.members:
        if f"use {member.slug}" in memory.done:
            stage.start_site(member)
    play.console.say(
        f"Open {stage.address}/demo in a browser on this computer. Ctrl-C ends the demo."
    )
    try:
        play.run(acts)
    except (Refused, NotOnPage, NotReady) as error:
        play.console.end()
        play.console.say(f"The walk stopped: {error}")
        play.console.say(f"The hub still serves. Logs: {stage.home / 'logs'}")
        return str(error)
    finally:
        play.close()
    play.console.end()
    play.console.say(f"All is done. Open {stage.address}/demo and be any of the people there.")
    return ""


def _memory(home: Path, scenario: Scenario) -> Memory:
    hub_home = home / "hub"
    known = recall(hub_home)
    if known is not None and known.scenario != scenario.name:
        raise click.ClickException(
            f"{home} holds the demo {known.scenario!r}. Name another --home, or remove it."
        )
    return known or Memory(hub_home, scenario.name)


def _port(memory: Memory, wanted: int) -> int:
    """The sites remember the hub's address, so a second start keeps the port of the first."""
    kept = memory.ids.get("port")
    port = free_port(int(kept or wanted))
    if kept and port != int(kept):
        raise click.ClickException(
            f"Port {kept} is taken, and the demo's sites know no other."
            f" Free it, or begin again: rm -r {memory.home.parent}"
        )
    if kept and port != wanted:
        click.echo(f"The sites of the earlier start know the hub at port {kept}, so it stays.")
    memory.home.mkdir(parents=True, exist_ok=True)
    memory.ids["port"] = str(port)
    memory.keep()
    return port
