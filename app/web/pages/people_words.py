"""What the page of an institution's people says first: how many, and whether a privacy officer is still missing."""

from collections.abc import Sequence

from app.access.permissions import Role
from app.people import queries
from app.people.queries import Member
from app.text import _, ngettext
from app.web.moments import in_words, sentence
from app.web.visit import Visit


def says(visit: Visit, at: str, members: Sequence[Member]) -> str:
    count = len(members)
    said = ngettext("{n} person has a role here.", "{n} people have a role here.", count)
    text = sentence(said.format(n=in_words(count)))
    if any(Role.PRIVACY_OFFICER in m.roles for m in members):
        return text
    waiting = queries.open_invitations(visit.session, visit.who, at)
    if any(one.role is Role.PRIVACY_OFFICER for one in waiting):
        return f"{text} " + _("The privacy officer you invited has not answered yet.")
    return f"{text} " + _("No privacy officer yet. Invite one: a policy needs two people.")
