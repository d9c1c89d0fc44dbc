"""The audit trail outside the hub: taking it, checking it, and the program that checks it where there is no hub."""

from pathlib import Path

import click

from app import hub as hubs
from app.audit import export
from app.audit.collegium_audit import check_files, told
from app.audit.marks import Broken
from app.audit.models import HUB_CHAIN
from app.cli.serve import usable

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_NEW = click.Path(dir_okay=False, path_type=Path)


@click.group()
def audit() -> None:
    """The audit trail, outside the hub."""


@audit.command("export")
@click.argument("file", type=_NEW)
@click.option("--of", "chain", default=HUB_CHAIN, help="An institution's id. Else the hub's own.")
def export_file(chain: str, file: Path) -> None:
    """Write a trail of this hub as JSON lines, a page at a time, signed by the hub."""
    with usable() as settings:
        hub = hubs.build(settings)
        try:
            with file.open("wb") as out:
                for piece in export.whole(hub.db.reading, chain, hub.key):
                    out.write(piece)
        finally:
            hub.close()
    click.echo(f"Written. Check it: collegium-hub audit check {file}")


@audit.command("check")
@click.argument("file", type=_FILE)
@click.option(
    "--key", help="The hub's public key, as you wrote it down. Else the file's own is used."
)
@click.option(
    "--earlier", type=_FILE, help="A file exported before: all of it must stand unchanged in FILE."
)
@click.option(
    "--kept",
    type=_FILE,
    help="Checkpoints taken from the hub before: FILE must hold what they name.",
)
def check_file(file: Path, key: str | None, earlier: Path | None, kept: Path | None) -> None:
    """Say whether FILE, exported as JSON lines, is whole, in order, unchanged and signed."""
    names = [str(name) if name else None for name in (earlier, kept)]
    try:
        held = check_files(str(file), key, *names)
    except Broken as error:
        raise click.ClickException(f"The file does not hold. {error}") from error
    click.echo(told(held, key))


@audit.command("script")
@click.argument("file", type=_NEW)
def write_script(file: Path) -> None:
    """Write the program that does the same with Python alone, for whoever has no hub."""
    file.write_bytes(export.script())
    click.echo(f"Written. Run it: python3 {file} audit.jsonl --key KEY")
