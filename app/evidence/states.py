"""Which documents there are, and the forms a file of one takes."""

from enum import StrEnum


class DocumentKind(StrEnum):
    GLANCE = "glance"
    PROCESSING = "processing"
    FLOW = "data-flow"
    IMPACT = "impact"
    MODELS = "model-card"
    ANSWERS = "answers"


class FileForm(StrEnum):
    PDF = "pdf"
    HTML = "html"
