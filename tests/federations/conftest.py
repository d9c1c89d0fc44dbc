"""A lead, an invited institution and a stranger, each with everyone in it."""

import pytest
from sqlalchemy.orm import Session

from tests.federations.people import People, make


@pytest.fixture
def people(session: Session) -> People:
    return make(session)
