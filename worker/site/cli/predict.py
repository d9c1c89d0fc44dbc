"""`collegium-site predict`: what the release says of students whose answer is not known yet."""

import os
from pathlib import Path

import click

from worker.learning.data.findings import DataFault
from worker.protocol import code_words
from worker.protocol.meter import Meter
from worker.protocol.text import _, ngettext
from worker.site import predicting
from worker.site.cli.terminal import Context, pass_context, say
from worker.site.faults import SiteFault


@click.command(
    help=_(
        "List what the release in use says of each student whose answer the data folder does not know yet.\n\n"
        "The list is a CSV file on this computer, readable by you only. It is sent nowhere. The policy has to allow "
        "it, and your reason is logged here."
    ),
    short_help=_("List predictions by student, on this computer."),
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help=_("The file to write."))
@click.option("--reason", required=True, help=_("Why you need the list, for the log here."))
@pass_context
def predict(context: Context, out: Path, reason: str) -> None:
    from worker.learning.data.check import describe

    if not reason.strip():
        raise SiteFault(_("Say in a few words why you need the list: --reason"))
    os.environ.update(context.home.config().learning)
    try:
        with Meter() as meter:
            said = " ".join(reason.split())[:200]
            listed = predicting.write(context.site(), out, said, meter.told)
    except DataFault as error:
        say(describe(error.faults).rstrip())
        raise SiteFault(_("The data folder cannot be read, so no list is made.")) from error
    if not listed.records:
        say(_("No record of the data folder waits for an answer, so the list is empty."))
        return
    said = ngettext(
        "{count} record is in {file}. Delete the file when you no longer need it.",
        "{count} records are in {file}. Delete the file when you no longer need it.",
        listed.records,
    )
    say(said.format(count=listed.records, file=out))
    for own in listed.own:
        said = _("Class {code} ({term}), task {task}: {what}")
        what = code_words.class_use(own.use)
        say(said.format(code=own.code, term=own.term, task=own.task, what=what))
