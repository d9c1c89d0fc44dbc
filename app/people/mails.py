"""The words of the mails about accounts. Links come from the configured address, never from a request."""

from datetime import datetime

from app.effects import Mail
from app.settings import Settings
from app.text import _


def written(settings: Settings, to: str, subject: str, *paragraphs: str) -> Mail:
    """Paragraphs, then who runs the hub and whom to ask."""
    foot = _("{hub}, run by {operator}. Questions: {contact}").format(
        hub=settings.hub_name, operator=settings.operator_name, contact=settings.contact
    )
    return Mail(to=to, subject=subject, body="\n\n".join([*paragraphs, foot]) + "\n")


def link(settings: Settings, path: str) -> str:
    return settings.public_url.rstrip("/") + path


def invitation(
    settings: Settings, to: str, token: str, inviter: str, role: str, where: str
) -> Mail:
    return written(
        settings,
        to,
        _("You are invited to {where}").format(where=where),
        _("{inviter} invites you to {where} as {role}.").format(
            inviter=inviter, where=where, role=role
        ),
        _("Open this link within seven days to accept or decline:"),
        link(settings, f"/invitations/{token}"),
        _("If you do not know why you got this, do nothing."),
    )


def reset(settings: Settings, to: str, token: str) -> Mail:
    return written(
        settings,
        to,
        _("Choose a new password"),
        _("Someone, we hope you, asked for a new password for this mail address."),
        _("Open this link within one hour to choose it:"),
        link(settings, f"/password/reset/{token}"),
        _("If it was not you, do nothing: your password stays as it is."),
    )


def password_changed(settings: Settings, to: str) -> Mail:
    return written(
        settings,
        to,
        _("Your password was changed"),
        _("Your password was changed just now, and every signed-in device was signed out."),
        _("If it was not you, ask for a new password at once:"),
        link(settings, "/password/forgot"),
    )


def registered(settings: Settings, to: str, institution: str) -> Mail:
    return written(
        settings,
        to,
        _("{institution} is registered").format(institution=institution),
        _(
            "Next, the operators of this hub check who you are. Until then you see only your own pages."
        ),
        _("Sign in to see what they still need:"),
        link(settings, "/sign-in"),
    )


def already_known(settings: Settings, to: str) -> Mail:
    return written(
        settings,
        to,
        _("You already have an account"),
        _("Someone, we hope you, tried to register an institution with this mail address."),
        _("You have an account here. Sign in, then register the institution from there:"),
        link(settings, "/sign-in"),
        _("If it was not you, do nothing. Nothing was changed."),
    )


def factor_reset_asked(settings: Settings, to: str, token: str, who: str, due: datetime) -> Mail:
    return written(
        settings,
        to,
        _("Your second factor is about to be reset"),
        _("{who} asked to take off the second factor of your account here.").format(who=who),
        _(
            "It takes effect on {time} (UTC). Then your devices are signed out, your API tokens "
            "stop working, and you set up a new one after signing in with your password."
        ).format(time=due.strftime("%Y-%m-%d %H:%M")),
        _("If you have not lost it, stop this: open the link, or sign in with your second factor."),
        link(settings, f"/second-factor/stop/{token}"),
    )


def factor_reset_done(settings: Settings, to: str) -> Mail:
    return written(
        settings,
        to,
        _("Your second factor was taken off"),
        _("Your devices were signed out, and your API tokens no longer work."),
        _("Sign in with your password and set up a new second factor:"),
        link(settings, "/sign-in"),
        _("If you did not ask for this, choose a new password at once and tell the operators."),
    )
