"""`collegium-site check` and `collegium-site run`."""

import sys
from typing import Any

import click

from worker.protocol.codes import Tier
from worker.protocol.text import _
from worker.site import hours, readiness
from worker.site.cli.terminal import Context, pass_context, say
from worker.site.faults import HubFault, SiteFault
from worker.site.home import Home, SiteConfig
from worker.site.page import codes
from worker.site.readiness import Check
from worker.site.supervisor import Supervisor


@click.command(help=_("Is this site ready? Says what is wrong and how to put it right."))
@pass_context
def check(context: Context) -> None:
    site = context.site()
    ready = readiness.look_and_tell(site, _show)
    if ready:
        offered = readiness.offer_classes(site)
        if offered:
            say(_("{count} class codes are offered to your institution.").format(count=offered))
        say(_("This site is ready."))
    else:
        say(_("This site is not ready."))
        click.get_current_context().exit(1)


def _show(found: Check) -> None:
    mark = _("ok ") if found.ok else _("FIX")
    say(f"{mark} {found.item.value:14} {found.said}")
    if not found.ok and found.fix:
        say(f"    {'':14} → {found.fix}")


@click.command(
    help=_("Work: wait for jobs, train, send what the policy lets out. Ctrl-C stops it.")
)
@click.option("--hours", "window", help=_("Only between these hours, for example 18:00-06:00."))
@click.option("--time-zone", help=_("The hours' time zone, for example Europe/Berlin."))
@click.option(
    "--tier",
    type=click.Choice([one.value for one in Tier]),
    help=_("How much of an adapter this computer trains, from now on; else what it can."),
)
@click.option(
    "--page/--no-page", default=None, help=_("Serve the site's own page, too, from now on.")
)
@pass_context
def run(
    context: Context,
    window: str | None,
    time_zone: str | None,
    tier: str | None,
    page: bool | None,
) -> None:
    home = context.home
    chosen = Tier(tier) if tier else None
    wanted = {"hours": window, "time_zone": time_zone, "tier": chosen, "page": page}
    config = _remembered(home, {k: v for k, v in wanted.items() if v is not None})
    _tell_the_hub(context)
    at = _(" between {hours}").format(hours=config.window) if config.window else ""
    say(_("The site waits for jobs{at}. Logs: {folder}").format(at=at, folder=home.logs))
    if config.page:
        _say_page(home, config)
    Supervisor(home, say, config).run()
    say(_("The site has stopped."))


def _remembered(home: Home, changes: dict[str, Any]) -> SiteConfig:
    """The settings, with what this command changes written down."""
    config = home.config()
    if not changes:
        return config
    config = config.model_copy(update=changes)
    hours.parse(config.hours or "00:00-00:00", config.time_zone)
    home.save_config(config)
    return config


def _say_page(home: Home, config: SiteConfig) -> None:
    """A link is for a person at a terminal, never for a log."""
    if sys.stdout.isatty():
        say(
            _("This site's page, once, within ten minutes: {url}").format(
                url=codes.link(home, config.page_port)
            )
        )
    else:
        say(_("This site's page: collegium-site page prints a link."))


def _tell_the_hub(context: Context) -> None:
    """Hours and readiness, once; a hub that is away now learns them at the next start."""
    site = context.site()
    try:
        if readiness.look_and_tell(site):
            readiness.offer_classes(site)
    except (HubFault, SiteFault) as error:
        say(str(error))
    finally:
        site.door.close()
