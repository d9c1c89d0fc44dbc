"""The programs of the populated hub: a token, and a webhook with a message that arrived and one that waits."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.permissions import Permission
from app.integrations import delivering, webhooks
from app.integrations.events import HookEvent
from app.integrations.models import Delivery
from app.outbound import Trouble
from app.people import tokens
from app.settings import Settings
from tests.runs.world import World

TRIES = (
    delivering.Outcome(10_004, None, Trouble.TIMEOUT),
    delivering.Outcome(212, 302, Trouble.REDIRECT),
    delivering.Outcome(84, 200),
)


def make(session: Session, settings: Settings, world: World) -> dict[str, str]:
    lead = world.lead
    token, _text = tokens.mint(
        session, lead.administrator, lead.institution, "Timetable", [Permission.CLASS_READ]
    )
    row, _secret = webhooks.create(
        session,
        settings,
        lead.administrator,
        lead.institution,
        "https://hooks.school0.example/collegium",
        [HookEvent.RUN_COMPLETED, HookEvent.SITE_OFFLINE],
    )
    for _message in range(2):
        webhooks.test(session, lead.administrator, row)
    waiting, arrived = session.scalars(select(Delivery).order_by(Delivery.id))
    for outcome in TRIES:
        delivering.done(session, arrived.id, outcome)
    delivering.done(session, waiting.id, delivering.Outcome(40, 503))
    return {"api_token": token.id, "webhook": row.id, "delivery": arrived.id}
