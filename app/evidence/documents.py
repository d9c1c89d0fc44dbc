"""Each document from live records: one builder per kind."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.evidence import answers, flow, glance, impact, live, model_card, processing
from app.evidence.live import Live
from app.evidence.parts import Document
from app.evidence.states import DocumentKind
from app.settings import Settings

BUILDERS: dict[DocumentKind, Callable[[Live], Document]] = {
    DocumentKind.GLANCE: glance.build,
    DocumentKind.PROCESSING: processing.build,
    DocumentKind.FLOW: flow.build,
    DocumentKind.IMPACT: impact.build,
    DocumentKind.MODELS: model_card.build,
    DocumentKind.ANSWERS: answers.build,
}


def make(
    session: Session, settings: Settings, actor: Actor, institution: str, kind: DocumentKind
) -> Document:
    """Raises NotFound for a stranger, NotAllowed for a member without the right."""
    return BUILDERS[kind](live.gather(session, settings, actor, institution))


def every(
    session: Session, settings: Settings, actor: Actor, institution: str
) -> tuple[Document, ...]:
    """All of them, from one reading of the records."""
    found = live.gather(session, settings, actor, institution)
    return tuple(build(found) for build in BUILDERS.values())
