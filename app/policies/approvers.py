"""Who can approve a policy: the institution's privacy officers, and those of the district it accepted."""

from sqlalchemy.orm import Session

from app.access.permissions import Permission
from app.institutions import tie_queries
from app.people import queries as people
from app.people.models import Person


def able(session: Session, institution: str) -> list[Person]:
    """Its own first. A school without a second person has its district's."""
    found = people.people_with(session, institution, Permission.POLICY_APPROVE)
    district = tie_queries.district_of(session, institution)
    if district is None:
        return found
    known = {person.id for person in found}
    others = people.people_with(session, district, Permission.POLICY_APPROVE)
    return found + [person for person in others if person.id not in known]
