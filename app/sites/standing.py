"""What a suspension takes from an institution's sites: no job is handed out, and nothing that comes is taken."""

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.institutions.models import Institution
from app.institutions.states import InstitutionState
from app.sites.errors import Withdrawn
from app.sites.models import Site
from app.text import _


def may_work(site_id: str) -> ColumnElement[bool]:
    """For the statement that hands out a job: whether the site's institution is not suspended."""
    home = select(Site.id).join(Institution, Institution.id == Site.institution_id)
    return home.where(Site.id == site_id, Institution.state != InstitutionState.SUSPENDED).exists()


def is_suspended(session: Session, site: Site) -> bool:
    """Whether the operators suspended its institution."""
    asked = select(Institution.state).where(Institution.id == site.institution_id)
    return session.scalar(asked) is InstitutionState.SUSPENDED


def require_wanted(session: Session, site: Site) -> None:
    """Raises Withdrawn where the site's institution is suspended."""
    if is_suspended(session, site):
        raise Withdrawn(
            _("The hub's operators suspended your institution, so it takes no work of this site.")
        )
