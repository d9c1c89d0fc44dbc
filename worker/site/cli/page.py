"""`collegium-site page`."""

import click

from worker.protocol.text import _
from worker.site.cli.terminal import Context, pass_context, say
from worker.site.page import codes, server


@click.command(
    help=_("This site's own page, on this computer only. Prints a link that opens it once.")
)
@click.option(
    "--port", type=click.IntRange(1024, 65535), help=_("Else page_port of site.yaml, else 8764.")
)
@pass_context
def page(context: Context, port: int | None) -> None:
    home = context.home
    home.identity()
    served = server.served_at(home)
    if served is not None:
        _greet(codes.link(home, served))
        return
    server.serve(home, port or home.config().page_port, _greet_here)
    say(_("The page is closed."))


def _greet(url: str) -> None:
    say(_("Open this link on this computer. It works once, within ten minutes:"))
    say(f"\n    {url}\n")


def _greet_here(url: str) -> None:
    _greet(url)
    say(_("Ctrl-C closes the page. For another link: collegium-site page, in a second terminal."))
