"""`collegium-site policy`: what is in force here, what waits, and a person's yes."""

import re

import click

from worker.protocol.messages import ApprovedPolicy
from worker.protocol.text import _
from worker.protocol.words import in_words
from worker.site import accepted, approval, enrolment
from worker.site.cli.terminal import Context, pass_context, say
from worker.site.faults import SiteFault
from worker.site.site import Site

_RUN = re.compile(r"run_[a-z0-9]{1,60}")


@click.group(help=_("The institution's policy at this site."))
def policy() -> None:
    pass


@policy.command(help=_("Show the policy in force here."))
@pass_context
def show(context: Context) -> None:
    context.home.identity()
    found = accepted.current(context.home)
    if found is None:
        raise SiteFault(
            _(
                "No policy is accepted here, so every job is refused. Run: collegium-site policy review"
            )
        )
    say(
        _("Version {number}, accepted here on {day:%Y-%m-%d}.").format(
            number=found.version, day=found.accepted
        )
    )
    say(_("Digest: {digest}").format(digest=found.digest))
    _print(in_words(found.document))


@policy.command(help=_("Read the newest approved policy and accept it, or not."))
@pass_context
def review(context: Context) -> None:
    site = context.site()
    offered = enrolment.newest(site.home, site.door)
    found = site.policy()
    if found is not None and found.digest == offered.digest:
        say(_("Version {number} is the newest and in force here.").format(number=found.version))
        return
    ask_to_accept(site, offered, None)


@policy.command(help=_("Accept the policy with this digest, without being asked."))
@click.argument("digest")
@pass_context
def accept(context: Context, digest: str) -> None:
    site = context.site()
    ask_to_accept(site, enrolment.newest(site.home, site.door), digest)


@policy.command("approve-run", help=_("Let this run train here, where the policy asks the site."))
@click.argument("run")
@click.option("--terms", help=_("The digest of what the run asks, to say yes without being asked."))
@pass_context
def approve_run(context: Context, run: str, terms: str | None) -> None:
    context.home.identity()
    if not _RUN.fullmatch(run):
        raise SiteFault(
            _("“{run}” is no run. Its id begins with run_: collegium-site status").format(run=run)
        )
    asked = approval.waiting(context.home, run)
    if asked is None:
        raise SiteFault(
            _("Run {run} has not asked for approval here: collegium-site status").format(run=run)
        )
    for line in approval.lines(asked):
        say(line)
    if terms is not None and terms != asked.terms:
        raise SiteFault(_("The run asks for something else than the digest names. Read it above."))
    if terms is None and not _says_yes(_("Let this run train here?")):
        say(_("Not approved."))
        return
    accepted.approve_run(context.home, run, asked.agreed)
    say(_("Run {run} is approved at this site.").format(run=run))


def ask_to_accept(site: Site, offered: ApprovedPolicy, wanted: str | None) -> None:
    """`wanted` is the digest an unattended site accepts; without it a person is asked."""
    say(
        _("Policy version {number}, approved by {person} on {day:%Y-%m-%d}:").format(
            number=offered.version, person=offered.approved_by, day=offered.approved
        )
    )
    if offered.one_person:
        say(_("One person drafted and approved it."))
    _print(in_words(offered.document))
    say(_("Digest: {digest}").format(digest=offered.digest))
    if wanted is None and not _says_yes(_("Accept this policy at this site?")):
        say(_("Not accepted. This site refuses jobs until you run: collegium-site policy review"))
        return
    enrolment.accept(site.home, site.door, offered, named=wanted or offered.digest)
    say(_("Accepted. It is in force at this site."))


def _says_yes(question: str) -> bool:
    try:
        return bool(click.confirm(question, default=False))
    except click.Abort as error:
        say()
        raise SiteFault(
            _(
                "Nobody answered, so nothing is accepted. Unattended: collegium-site policy accept DIGEST"
            )
        ) from error


def _print(sentences: list[str]) -> None:
    for sentence in sentences:
        say(f"  - {sentence}")
