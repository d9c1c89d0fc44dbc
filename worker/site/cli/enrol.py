"""`collegium-site join`."""

import sys
from pathlib import Path
from typing import TextIO

import click

from worker.protocol.text import _
from worker.site import enrolment, files
from worker.site.cli.policy import ask_to_accept
from worker.site.cli.terminal import Context, pass_context, say
from worker.site.faults import SiteFault
from worker.site.home import Home, SiteConfig
from worker.site.site import Site


@click.command(
    help=_(
        "Join an institution with the command its administrator copied for you.\n\n"
        "URL is the hub's address. Give the token with --token-file FILE, or with - on stdin. Six words are shown: "
        "the administrator confirms the same words in the browser. Then the policy is shown, and you are asked "
        "to accept it."
    ),
    short_help=_("Join an institution with a token."),
)
@click.argument("url", metavar="URL")
@click.argument("dash", required=False, type=click.Choice(["-"]))
@click.option("--token", help=_("The token. Better from a file: a command line can be seen."))
@click.option("--token-file", type=click.File("r"), help=_("A file with the token; - reads stdin."))
@click.option(
    "--accept-policy", metavar="DIGEST", help=_("Accept exactly this policy, unattended.")
)
@click.option("--name", help=_("Checked against the name the administrator gave this site."))
@click.option(
    "--ca-file", type=click.Path(exists=True, path_type=Path), help=_("Certificates to trust.")
)
@click.option(
    "--wait", default=600, show_default=True, help=_("Seconds to wait for the confirmation.")
)
@pass_context
def join(
    context: Context,
    url: str,
    dash: str | None,
    token: str | None,
    token_file: TextIO | None,
    accept_policy: str | None,
    name: str | None,
    ca_file: Path | None,
    wait: int,
) -> None:
    home = context.home
    if home.is_joined:
        _again(home, url)
    else:
        secret = _token(token, token_file, dash)
        files.folder(home.root)
        enrolment.join(home, SiteConfig(hub=url, ca_file=ca_file), secret)
    site = context.site()
    _greet(site, name)
    _finish(context, site, accept_policy, wait)


def _again(home: Home, url: str) -> None:
    """The command pasted twice goes on; another hub needs another folder."""
    if home.config().hub.rstrip("/") != url.rstrip("/"):
        raise SiteFault(
            _("{folder} belongs to a site of {hub}. Name another folder with --home.").format(
                folder=home.root, hub=home.config().hub
            )
        )


def _token(token: str | None, file: TextIO | None, dash: str | None) -> str:
    source = sys.stdin if dash else file
    if token is None and source is not None:
        token = source.read()
    if not token and not sys.stdin.isatty():
        raise SiteFault(_("There is no token. Name its file: --token-file FILE, or - for stdin."))
    return str(token or click.prompt(_("Token"), hide_input=True)).strip()


def _greet(site: Site, name: str | None) -> None:
    known = site.identity
    if name is not None and name != known.site_name:
        raise SiteFault(
            _(
                "This site is “{name}”, not “{other}”. If that is right, run the command again without --name; "
                "if not, ask your administrator to revoke it."
            ).format(name=known.site_name, other=name)
        )
    if known.simulated:
        say(_("This is a simulated campus."))
    say(
        _("This is {site} of {institution}, at {hub}.").format(
            site=known.site_name, institution=known.institution_name, hub=known.hub_name
        )
    )
    say(_("Compare these six words with those in the browser, and confirm them there:"))
    say("\n    " + " ".join(enrolment.words(site.home)) + "\n")


def _finish(context: Context, site: Site, wanted: str | None, wait: int) -> None:
    hello = enrolment.wait_for_confirmation(site.door, wait)
    if hello is None:
        say(
            _(
                "Nobody has confirmed the words yet. When it is done, run: collegium-site policy review"
            )
        )
        # Not waiting is what --wait 0 asks for; any other wait has failed.
        raise SystemExit(2 if wait else 0)
    say(_("Confirmed."))
    offered = enrolment.offered(site.home, hello)
    if offered is None:
        say(
            _(
                "Your institution has no approved policy yet: until then this site refuses every job."
            )
        )
        say(_("When it has one, run: collegium-site policy review"))
        return
    ask_to_accept(site, offered, wanted)
    if site.config.data is None:
        say(_("Next: collegium-site data use FOLDER, collegium-site check, collegium-site run"))
