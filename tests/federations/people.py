"""Who acts in the tests of federations."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.permissions import Role
from app.audit.models import Event
from app.federations import service
from app.federations.models import Federation
from app.federations.schemas import DraftSteps, Terms
from app.institutions.states import InstitutionState
from tests import cast
from worker.protocol.tasks import Input, TaskSheet

SHEET = TaskSheet(
    name="pass",
    target="Whether the student passes the course.",
    label="passed",
    labels=("no", "yes"),
    inputs=(Input(name="hours"),),
)
PURPOSE = "To see early who needs support."


@dataclass
class House:
    id: str
    administrator: Actor
    officer: Actor
    instructor: Actor
    reader: Actor

    def as_role(self, role: Role) -> Actor:
        return {
            Role.ADMINISTRATOR: self.administrator,
            Role.PRIVACY_OFFICER: self.officer,
            Role.INSTRUCTOR: self.instructor,
            Role.READER: self.reader,
        }[role]


@dataclass
class People:
    lead: House
    guest: House
    stranger: House
    unverified: House
    operator: Actor


def make(session: Session) -> People:
    return People(
        lead=house(session, "lead"),
        guest=house(session, "guest"),
        stranger=house(session, "stranger"),
        unverified=house(session, "unverified", InstitutionState.REGISTERED),
        operator=cast.operator(session, "operator"),
    )


def house(
    session: Session,
    name: str,
    state: InstitutionState = InstitutionState.VERIFIED,
    parent: str | None = None,
) -> House:
    domain = f"{name}.example"
    home = cast.make_institution(session, name.title(), domain, state=state, parent=parent)
    actors = {r: cast.member(session, home.id, r.value, r, domain=domain) for r in Role}
    return House(
        home.id,
        actors[Role.ADMINISTRATOR],
        actors[Role.PRIVACY_OFFICER],
        actors[Role.INSTRUCTOR],
        actors[Role.READER],
    )


def drafted(session: Session, lead: House, name: str = "Early support") -> Federation:
    federation = service.found(session, lead.administrator, lead.id, name=name, purpose=PURPOSE)
    service.add_sheet(session, lead.administrator, federation, SHEET)
    return federation


def opened(session: Session, lead: House, terms: Terms | None = None) -> Federation:
    federation = drafted(session, lead)
    if terms is not None:
        steps = DraftSteps(terms=terms)
        service.save_draft(
            session, lead.administrator, federation, steps, revision=federation.revision
        )
    return service.open(session, lead.administrator, federation)


def joined(session: Session, federation: Federation, lead: House, guest: House) -> None:
    service.invite(session, lead.administrator, federation, guest.id)
    digest = federation.agreement_digest
    service.accept(session, guest.administrator, federation, guest.id, digest=digest)


def kinds_in(session: Session, chain: str) -> list[str]:
    """Kinds of the chain's events about federations and memberships, oldest first."""
    found = session.scalars(
        select(Event.kind).where(Event.chain_id == chain).order_by(Event.number)
    )
    return [k for k in found if k.startswith(("federation.", "membership."))]
