"""Commands that write one record and end: invite an operator, import a base model."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy.orm import Session

from app import hub as hubs
from app.cli import faults
from app.cli.serve import usable
from app.federations import base_models
from app.hub import Hub
from app.people import service as people
from app.policies import profile as profiles
from app.policies import shelf
from worker.protocol.meter import Meter


@contextmanager
def writing() -> Iterator[tuple[Hub, Session]]:
    """This process's hub and a session that commits at the end. A refusal is one sentence."""
    with usable() as settings:
        hub = hubs.build(settings)
        try:
            with hub.db.session() as session:
                yield hub, session
        finally:
            hub.close()


@click.group()
def operator() -> None:
    """The people who run this hub."""


@operator.command("invite")
@click.argument("mail")
def invite_operator(mail: str) -> None:
    """Make a one-time link with which the owner of MAIL becomes an operator."""
    with writing() as (hub, session):
        link = people.invite_operator(session, hub.settings, mail)
    click.echo(link)


@operator.command("reset")
@click.argument("mail")
def reset_operator(mail: str) -> None:
    """Take off the lost second factor of MAIL, the hub's last operator. Sessions and tokens end."""
    with writing() as (hub, session):
        people.reset_operator(session, hub.settings, mail)
    click.echo("Taken off. They sign in with their password and set up a new one.")


@click.group()
def profile() -> None:
    """Laws, codes and contracts as data."""


@profile.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check_profile(file: Path) -> None:
    """Say whether FILE can be a profile. Reads it and nothing else."""
    with faults.in_words():
        found = profiles.read(file.read_bytes())
    click.echo(f"{found.profile} version {found.number}: {len(found.statements())} statements.")


@profile.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_profile(file: Path) -> None:
    """Take FILE up as a new version. Who confirmed an older one is asked to look again; no run changes."""
    with writing() as (_hub, session):
        row = shelf.bring(session, file.read_bytes())
        said = f"Imported {row.profile} version {row.number}, digest {row.digest}."
    click.echo(said)


@click.group()
def model() -> None:
    """The base models federations may build on."""


@model.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--name", required=True, help="What people will read.")
@click.option("--licence", required=True, help="For example Apache-2.0.")
@click.option("--source", required=True, help="Where it comes from, for the record.")
def import_model(folder: Path, name: str, licence: str, source: str) -> None:
    """Take config, tokenizer or preprocessor config, and model.safetensors from FOLDER; an operator then allows it.

    Text, vision and speech models: what it reads follows from its config.json.
    """
    with Meter() as meter, writing() as (hub, session):
        found = base_models.import_model(
            session,
            hub.objects,
            folder,
            name=name,
            licence=licence,
            source=source,
            told=meter.told,
        )
    click.echo(f"Imported {found.name}, digest {found.digest}. An operator may allow it now.")
