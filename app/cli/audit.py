"""Checking an exported audit trail, and the program that does it where there is no hub."""

from pathlib import Path

import click

from app.audit import export
from app.audit.collegium_audit import Broken, check


@click.group()
def audit() -> None:
    """The audit trail, outside the hub."""


@audit.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--key", help="The hub's public key, as you wrote it down. Else the file's own is used."
)
@click.option(
    "--earlier",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file exported before: all of it must stand unchanged in FILE.",
)
def check_file(file: Path, key: str | None, earlier: Path | None) -> None:
    """Say whether FILE, exported as JSON lines, is whole, in order, unchanged and signed."""
    try:
        with file.open("rb") as lines, (earlier or file).open("rb") as before:
            held = check(lines, key, before if earlier else None)
    except Broken as error:
        raise click.ClickException(f"The file does not hold. {error}") from error
    click.echo(f"{held.events} events: whole, in order, unchanged.")
    click.echo(f"The last digest is {held.head}, signed at {held.signed}.")
    if key is None:
        click.echo(f"Signed by the key in the file: {held.key}. Compare it with the hub's.")


@audit.command("script")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def write_script(file: Path) -> None:
    """Write the program that does the same with Python alone, for whoever has no hub."""
    file.write_bytes(export.script())
    click.echo(f"Written. Run it: python3 {file} audit.jsonl --key KEY")
