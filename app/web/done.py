"""The sentence a page shows after a form did its work. The address carries only its name."""

from app.text import _


def sentence_of(name: str) -> str:
    """Empty for an unknown name, so nobody can put words on our pages."""
    return {
        "saved": _("Saved."),
        "looking": _("We look it up now. See what we found in a few seconds."),
        "sent": _("Sent."),
        "invited": _("The invitation is on its way by mail. It works for seven days."),
        "withdrawn": _("Withdrawn."),
        "role-given": _("The role is given."),
        "role-taken": _("The role is taken away."),
        "removed": _("Removed."),
        "approved": _("Approved."),
        "declined": _("Declined, with your reason."),
        "decided": _("Your decision is recorded."),
        "accepted": _("Accepted."),
        "confirmed": _("Confirmed."),
        "revoked": _("Revoked. It is out at its next request."),
        "ended": _("Ended."),
        "left": _("You have left this federation."),
        "closed": _("The federation is closed."),
        "opened": _("The federation is open. Invite its members."),
        "offered": _("Offered. It leads once an administrator there accepts."),
        "leading": _("Accepted. Your institution leads it now."),
        "lead-declined": _("Declined. The lead stays where it is."),
        "joined": _("Accepted. Your institution is a member."),
        "proposed": _("Proposed. The members are asked now."),
        "started": _("Started."),
        "cancelled": _("Cancelled. The sites are told at their next word."),
        "paused": _("It pauses after this round."),
        "resumed": _("It goes on."),
        "asked": _("Asked. The lead answers."),
        "assigned": _("Named as instructor."),
        "signed-out": _("You are signed out."),
        "password-changed": _("Your password is changed. Every other device is signed out."),
        "reset": _("Your new password works. Sign in with it."),
        "read": _("Read. They stay in no list; what waits for you still does."),
        "reset-asked": _("Asked. They are told by mail and can stop it for 24 hours."),
        "reset-stopped": _("Stopped. Your second factor stays as it is."),
        "told": _("It is on its way. Look again in a few seconds."),
        "turned-on": _("On. What waited is sent now."),
        "rolled-back": _("Rolled back. Sites switch at their next word."),
    }.get(name, "")
