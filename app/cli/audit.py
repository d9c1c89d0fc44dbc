"""Checking an exported audit trail: reads one file and nothing else."""

from pathlib import Path

import click

from app.audit.check import Broken, check


@click.group()
def audit() -> None:
    """The audit trail, outside the hub."""


@audit.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--key", help="The hub's public key, as you wrote it down. Else the file's own is used."
)
def check_file(file: Path, key: str | None) -> None:
    """Say whether FILE, exported as JSON lines, is whole, in order, unchanged and signed."""
    try:
        with file.open(encoding="utf-8") as lines:
            held = check(lines, key)
    except (Broken, UnicodeDecodeError) as error:
        raise click.ClickException(f"The file does not hold. {error}") from error
    click.echo(f"{held.events} events: whole, in order, unchanged.")
    click.echo(f"The last digest is {held.head}, signed at {held.signed.isoformat()}.")
    if key is None:
        click.echo(f"Signed by the key in the file: {held.key}. Compare it with the hub's.")
