"""`collegium-site data`: check a folder, take one into use, import a public set."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from worker.protocol.meter import Meter
from worker.protocol.text import _, ngettext
from worker.site import readiness, records, withdrawals
from worker.site.cli.terminal import Context, pass_context, say, table
from worker.site.faults import SiteFault

if TYPE_CHECKING:
    from worker.learning.data.findings import Findings

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group(help=_("The folder with the records. It is only ever read."))
def data() -> None:
    pass


@data.command(help=_("Explain every fault of a data folder, with file, row and a fix."))
@click.argument("folder", type=_FOLDER)
@click.option(
    "--task", type=click.Path(exists=True, path_type=Path), help=_("A task sheet to fit.")
)
@pass_context
def check(context: Context, folder: Path, task: Path | None) -> None:
    from worker.learning.data.check import describe, inspect, read_sheets
    from worker.learning.data.findings import DataFault

    try:
        age = records.consent_age(context.home)
        found = inspect(folder, read_sheets(task) if task else (), age)
    except DataFault as error:
        say(describe(error.faults))
        click.get_current_context().exit(1)
    _say(found)
    if found.nobody or not found.usable or not all(fit.usable for fit in found.fits):
        click.get_current_context().exit(1)


@data.command(help=_("Train on the records of this folder from now on."))
@click.argument("folder", type=_FOLDER)
@pass_context
def use(context: Context, folder: Path) -> None:
    from worker.learning.data.check import describe, inspect

    found = inspect(folder, (), records.consent_age(context.home))
    if not found.usable:
        say(describe(found.faults).rstrip())
        raise SiteFault(_("The folder is not taken into use."))
    config = context.home.config().model_copy(update={"data": folder.absolute()})
    context.home.save_config(config)
    say(_("This site trains on {folder} from now on.").format(folder=folder.absolute()))
    if found.nobody:
        _say(found)
    elif found.excluded:
        say(_("{n} students take no part.").format(n=sum(found.excluded.values())))
    _tell_withdrawn(withdrawals.look(context.home))
    _offer_classes(context)


@data.command(
    help=_(
        "Hold the records against the task sheets of FEDERATION, and tell the hub what fits.\n\n"
        "Told are codes and names of the sheets' inputs; numbers only in bands, and only if your policy lets them out."
    ),
    short_help=_("Hold the records against a federation's task sheets."),
)
@click.argument("federation")
@pass_context
def fit(context: Context, federation: str) -> None:
    from worker.site import fits

    site = context.site()
    if site.config.data is None:
        raise SiteFault(_("No data folder is named. Run: collegium-site data use FOLDER"))
    found = fits.look_and_tell(site, site.config.data, federation)
    _say(found)
    say(_("The hub was told: see “collegium-site log”."))
    if not found.usable or not all(one.usable for one in found.fits):
        click.get_current_context().exit(1)


@data.command(
    help=_("Look at the folder again, for who has withdrawn since. Every round does the same.")
)
@pass_context
def rescan(context: Context) -> None:
    if context.home.config().data is None:
        raise SiteFault(_("No data folder is named. Run: collegium-site data use FOLDER"))
    _tell_withdrawn(withdrawals.look(context.home))
    waiting = withdrawals.requests(context.home)
    said = ngettext("{n} request waits.", "{n} requests wait.", len(waiting))
    say(said.format(n=len(waiting)))


@data.command(help=_("Students whose records were used and may be used no more: whom to forget."))
@pass_context
def requests(context: Context) -> None:
    table([(one.found, one.pseudonym, one.sentence) for one in withdrawals.requests(context.home)])


def _say(found: "Findings") -> None:
    from worker.learning.data.check import describe

    said = describe(found.faults, found.fits, found.excluded, nobody=found.nobody)
    say(said.rstrip())


def _tell_withdrawn(found: list[withdrawals.Request]) -> None:
    for one in found:
        said = _("{pseudonym} takes no part any more: {reason}. Asked to be forgotten.")
        say(said.format(pseudonym=one.pseudonym, reason=one.sentence))


def _offer_classes(context: Context) -> None:
    site = context.site()
    offered = readiness.offer_classes(site)
    if offered:
        say(_("{count} class codes are offered to your institution.").format(count=offered))


@data.command(
    "import",
    context_settings={"ignore_unknown_options": True},
    help=_(
        "Turn a public data set, as its official download comes, into data folders.\n\n"
        "NAME is the set, such as oulad; SRC its download, a file or folder; DST a new folder for what is made. "
        "An unknown NAME or option is answered with those there are."
    ),
    short_help=_("Turn a public data set into data folders."),
)
@click.argument("name")
@click.argument("src", type=click.Path(exists=True, path_type=Path))
@click.argument("dst", type=click.Path(path_type=Path))
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def import_(name: str, src: Path, dst: Path, options: tuple[str, ...]) -> None:
    from worker.learning.data.importers import REGISTRY, SourceFault
    from worker.learning.data.write import DestinationInUse

    importer = REGISTRY.get(name)
    if importer is None:
        known = ", ".join(sorted(REGISTRY))
        raise SiteFault(
            _("There is no importer “{name}”. There is: {known}.").format(name=name, known=known)
        )
    try:
        chosen = _options(importer, options)
        with Meter() as meter:
            done = importer.run(src, dst, told=meter.told, **chosen)
    except (SourceFault, DestinationInUse) as error:
        raise SiteFault(str(error)) from error
    except OSError as error:
        what = _("The folders cannot be written, so nothing was: {problem}.")
        raise SiteFault(what.format(problem=error.strerror or error)) from error
    for title, folder in done.folders.items():
        say(f"{title}: {folder}")
    for sheet in done.sheet_files:
        say(_("Task sheet: {file}").format(file=sheet))
    for note in done.notes:
        say(note)
    say(_("{count} records are imported.").format(count=done.records))


def _options(importer: Any, given: tuple[str, ...]) -> dict[str, Any]:
    """`--day 120 --fairness-columns`, each of the type of its default."""
    known = {option.flag: option for option in importer.options}
    found: dict[str, Any] = {}
    rest = list(given)
    while rest:
        flag, _equals, value = rest.pop(0).partition("=")
        if flag not in known:
            names = ", ".join(known) or _("none")
            raise SiteFault(
                _("Unknown option {flag}. There is: {names}.").format(flag=flag, names=names)
            )
        option = known[flag]
        if isinstance(option.default, bool):
            found[option.name] = True
            continue
        if not value and rest:
            value = rest.pop(0)
        try:
            found[option.name] = type(option.default)(value)
        except ValueError as error:
            raise SiteFault(_("{flag} needs a number.").format(flag=flag)) from error
    return found
