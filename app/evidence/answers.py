"""The 25 questions that a chief information officer or privacy officer asks, answered in their order."""

from collections.abc import Callable

from app.evidence import answers_hub, answers_site
from app.evidence.live import Live
from app.evidence.parts import Block, Document, Section
from app.evidence.states import DocumentKind
from app.text import _

Answer = Callable[[Live], tuple[str, tuple[Block, ...]]]
ORDER: tuple[Answer, ...] = (
    answers_site.bytes_out,
    answers_site.fields,
    answers_site.raw_records,
    answers_site.learnt_from_update,
    answers_site.privacy_budget,
    answers_site.secure_aggregation,
    answers_site.partners,
    answers_site.leaving,
    answers_site.one_student,
    answers_site.children,
    answers_site.special,
    answers_site.decisions,
    answers_hub.ai_act,
    answers_hub.fairness,
    answers_hub.accuracy,
    answers_hub.poisoning,
    answers_hub.hosting,
    answers_hub.retention,
    answers_hub.who_sees,
    answers_hub.access,
    answers_hub.encryption,
    answers_hub.breach,
    answers_hub.accessibility,
    answers_hub.ownership,
    answers_hub.proof,
)


def build(live: Live) -> Document:
    sections = []
    for place, answer in enumerate(ORDER, 1):
        question, blocks = answer(live)
        sections.append(Section(f"{place}. {question}", blocks))
    return Document(
        DocumentKind.ANSWERS,
        _("Twenty-five answers"),
        _("What a chief information officer or privacy officer asks, answered from live records."),
        live.stamp,
        tuple(sections),
    )
