"""What a person's institution has now, read once a request: the frame around a page asks for the same as the page.

Nothing outlives the request, and a request that may write keeps nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy.orm import Session

from app.institutions import queries as institutions
from app.institutions.models import Institution
from app.notices import queries as notices
from app.notices.models import Notice
from app.policies import queries as policies
from app.policies.queries import Heads
from app.sites import queries as sites
from app.sites.models import Site
from app.web import site_words
from app.web.parts import Status
from app.web.visit import SAFE, Visit


@dataclass(frozen=True)
class Own:
    """Of the institution the switcher shows. Whoever reads has asked whether this person may."""

    session: Session
    visit: Visit
    at: str

    @cached_property
    def institution(self) -> Institution:
        return institutions.by_id(self.session, self.at)

    @cached_property
    def policies(self) -> Heads:
        return policies.heads(self.session, self.at)

    @cached_property
    def sites(self) -> Sequence[Site]:
        return sites.of_institution(self.session, self.at)

    @cached_property
    def statuses(self) -> dict[str, Status]:
        return site_words.statuses(self.session, self.visit.settings, self.sites)


def of(session: Session, visit: Visit, at: str) -> Own:
    """The one of this request and session, where it only reads: an error's page has a session of its own."""
    if visit.request.method not in SAFE:
        return Own(session, visit, at)
    state = visit.request.state
    known: Own | None = getattr(state, "own", None)
    if known is not None and known.at == at and known.session is session:
        return known
    made = Own(session, visit, at)
    state.own = made
    return made


def news(session: Session, visit: Visit) -> Sequence[Notice]:
    """What this person was told and has not read; once a request, as above."""
    if visit.request.method not in SAFE:
        return notices.news(session, visit.who)
    state = visit.request.state
    if not hasattr(state, "news"):
        state.news = notices.news(session, visit.who)
    kept: Sequence[Notice] = state.news
    return kept
