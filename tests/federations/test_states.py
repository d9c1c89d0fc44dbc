"""The full product: a row moves where its table allows it, and nowhere else."""

from itertools import product

import pytest
from sqlalchemy.orm import Session

from app.errors import IllegalTransition
from app.federations import queries
from app.federations.models import Federation, Membership
from app.federations.states import (
    FEDERATION_TRANSITIONS,
    MEMBERSHIP_TRANSITIONS,
    FederationState,
    MembershipState,
)
from app.states import move
from tests.federations.people import People, drafted, opened


def test_membership(session: Session, people: People) -> None:
    federation = opened(session, people.lead)
    row = queries.membership(session, federation.id, people.lead.id)
    assert row is not None
    for source, target in product(MembershipState, repeat=2):
        row.state = source
        session.flush()
        if target in MEMBERSHIP_TRANSITIONS[source]:
            move(session, MEMBERSHIP_TRANSITIONS, row, Membership.state, target)
            assert row.state is target
        else:
            with pytest.raises(IllegalTransition):
                move(session, MEMBERSHIP_TRANSITIONS, row, Membership.state, target)
            assert row.state is source


def test_federation(session: Session, people: People) -> None:
    row = drafted(session, people.lead)
    for source, target in product(FederationState, repeat=2):
        row.state = source
        session.flush()
        if target in FEDERATION_TRANSITIONS[source]:
            move(session, FEDERATION_TRANSITIONS, row, Federation.state, target)
            assert row.state is target
        else:
            with pytest.raises(IllegalTransition):
                move(session, FEDERATION_TRANSITIONS, row, Federation.state, target)
            assert row.state is source
