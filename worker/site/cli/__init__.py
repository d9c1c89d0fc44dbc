"""The command line `collegium-site`. A command reads options, calls one function and prints sentences."""

import traceback

import click

from worker.protocol.text import _
from worker.site import files
from worker.site.cli import data, enrol, key, page, policy, predict, run, show
from worker.site.cli.terminal import Context
from worker.site.faults import DiskFull, SiteFault
from worker.site.home import Home, find


class _Group(click.Group):
    """A fault is one sentence and exit code 1, never a traceback."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except SiteFault as error:
            raise click.ClickException(str(error)) from error
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            raise
        except OSError as error:
            raise click.ClickException(_of_the_system(context, error)) from error
        except Exception as error:
            raise click.ClickException(_unforeseen(context, error)) from error


def _of_the_system(context: click.Context, error: OSError) -> str:
    if files.is_full(error):
        return str(DiskFull(error.filename or context.obj.home.root))
    return _(
        "{file}: {reason}. Check the name, and that this account may read and write there."
    ).format(file=error.filename or _("A file"), reason=error.strerror or type(error).__name__)


def _unforeseen(context: click.Context, error: Exception) -> str:
    """The details go where all details stay."""
    home: Home = context.obj.home if context.obj else find()
    place = home.logs / "command.log"
    try:
        files.append(place, "".join(traceback.format_exception(error)).encode())
    except (OSError, SiteFault):
        return _("Something went wrong that this program did not foresee: {name}.").format(
            name=type(error).__name__
        )
    return _(
        "Something went wrong that this program did not foresee: {name}. The details are in {file}."
    ).format(name=type(error).__name__, file=place)


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
    predict.predict,
    show.status,
    show.log,
    key.key,
):
    cli.add_command(_command)


def main() -> None:
    """The entry point of the package."""
    cli(prog_name="collegium-site")
