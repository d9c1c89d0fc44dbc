"""The command line `collegium-site`. A command reads options, calls one function and prints sentences."""

import click

from worker.protocol.text import _
from worker.site.cli import data, enrol, key, page, policy, run, show
from worker.site.cli.terminal import Context
from worker.site.faults import SiteFault
from worker.site.home import find


class _Group(click.Group):
    """A fault is one sentence and exit code 1, never a traceback."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except SiteFault as error:
            raise click.ClickException(str(error)) from error


@click.group(
    cls=_Group, help=_("The site of an institution: it trains here, and records stay here.")
)
@click.option(
    "--home", help=_("The site's folder; else COLLEGIUM_SITE_HOME, else ~/.collegium-site.")
)
@click.version_option(package_name="collegium")
@click.pass_context
def cli(context: click.Context, home: str | None) -> None:
    context.obj = Context(find(home))


for _command in (
    enrol.join,
    run.check,
    policy.policy,
    run.run,
    page.page,
    data.data,
    show.status,
    show.log,
    key.key,
):
    cli.add_command(_command)


def main() -> None:
    """The entry point of the package."""
    cli(prog_name="collegium-site")
