"""The sentence a page shows after a form did its work. The address carries only its name."""

from app.text import N_, _

_SENTENCES = {
    "saved": N_("Saved."),
    "looking": N_("We look it up now. See what we found in a few seconds."),
    "sent": N_("Sent."),
    "invited": N_("The invitation is on its way by mail. It works for seven days."),
    "withdrawn": N_("Withdrawn."),
    "role-given": N_("The role is given."),
    "role-taken": N_("The role is taken away."),
    "removed": N_("Removed."),
    "approved": N_("Approved."),
    "declined": N_("Declined, with your reason."),
    "decided": N_("Your decision is recorded."),
    "welcome": N_("Accepted. Sign in with the password you chose."),
    "accepted": N_("Accepted."),
    "confirmed": N_("Confirmed."),
    "revoked": N_("Revoked. It is out at its next request."),
    "ended": N_("Ended."),
    "left": N_("You have left this federation."),
    "closed": N_("The federation is closed."),
    "opened": N_("The federation is open. Invite its members."),
    "offered": N_("Offered. It leads once an administrator there accepts."),
    "leading": N_("Accepted. Your institution leads it now."),
    "lead-declined": N_("Declined. The lead stays where it is."),
    "joined": N_("Accepted. Your institution is a member."),
    "proposed": N_("Proposed. The members are asked now."),
    "started": N_("Started."),
    "cancelled": N_("Cancelled. The sites are told at their next word."),
    "paused": N_("It pauses after this round."),
    "resumed": N_("It goes on."),
    "asked": N_("Asked. The lead answers."),
    "assigned": N_("Named as instructor."),
    "signed-out": N_("You are signed out."),
    "password-changed": N_("Your password is changed. Every other device is signed out."),
    "reset": N_("Your new password works. Sign in with it."),
    "said": N_("Thank you. You can change it as long as this report is the newest."),
    "read": N_("Read. They stay in no list; what waits for you still does."),
    "reset-asked": N_("Asked. They are told by mail and can stop it for 24 hours."),
    "reset-stopped": N_("Stopped. Your second factor stays as it is."),
    "told": N_("It is on its way. Look again in a few seconds."),
    "turned-on": N_("On. What waited is sent now."),
    "proposed-floor": N_("Proposed. Each school answers for itself."),
    "rolled-back": N_("Rolled back. Sites switch at their next word."),
}


def sentence_of(name: str) -> str:
    """Empty for an unknown name, so nobody can put words on our pages."""
    found = _SENTENCES.get(name)
    return _(found) if found else ""
