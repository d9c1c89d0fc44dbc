"""`collegium-hub`: start the hub, move its schema, invite its operators, import base models, show the demo."""

import logging

import click

from app.cli.audit import audit
from app.cli.records import model, operator, profile
from app.cli.serve import beat, migrate, serve, status, worker
from app.demo.command import demo


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--verbose", is_flag=True, help="Say more in the log.")
def main(verbose: bool) -> None:
    """The Collegium hub. Settings come from the environment: docs/configuration.md."""
    # The web process writes its own log lines; this handler is for what a command says besides.
    handler = logging.StreamHandler()
    handler.setLevel(logging.INFO if verbose else logging.WARNING)
    logging.basicConfig(
        handlers=[handler], format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )


for _command in (demo, serve, worker, beat, migrate, operator, model, profile, audit, status):
    main.add_command(_command)

__all__ = ["main"]
