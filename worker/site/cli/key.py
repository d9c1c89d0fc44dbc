"""`collegium-site key`: the key that signs what this site says."""

import click

from worker.protocol.text import _
from worker.site import rotation
from worker.site.cli.terminal import Context, pass_context, say


@click.group(help=_("The key that signs what this site says. It is made here and never leaves."))
def key() -> None:
    pass


@key.command(
    help=_("Make a new key, tell the hub, and have the old one refused. A site that runs goes on.")
)
@pass_context
def rotate(context: Context) -> None:
    made = rotation.rotate(context.home)
    say(_("The new key is in force, and the hub refuses the old one from now on."))
    say(_("Its fingerprint, as the site's page at the hub shows it:"))
    say(f"    {made.fingerprint}")
