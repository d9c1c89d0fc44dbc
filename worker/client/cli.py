"""`collegium`: what an institution's people look at and start, from a command line."""

import sys
from pathlib import Path
from typing import Any

import click

from worker.client import reading, running
from worker.client.caller import Caller
from worker.client.hub import Refused
from worker.protocol.text import _


class Group(click.Group):
    """A refusal is a sentence on standard error and an exit code, never a traceback."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except Refused as error:
            click.echo(str(error), err=True)
            sys.exit(error.code)


@click.group(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=_(
        "A Collegium hub from the command line. It needs an API token: Integrations, in the browser."
    ),
)
@click.option("--url", envvar="COLLEGIUM_URL", required=True, help=_("The hub’s address."))
@click.option(
    "--token-file",
    envvar="COLLEGIUM_TOKEN_FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help=_("A file with the token, readable by you alone. Else COLLEGIUM_TOKEN."),
)
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a line."))
@click.pass_context
def main(context: click.Context, url: str, token_file: Path | None, as_json: bool) -> None:
    context.obj = Caller(url, token_file, as_json)
    context.call_on_close(context.obj.close)


for _command in (*reading.COMMANDS, running.runs):
    main.add_command(_command)
