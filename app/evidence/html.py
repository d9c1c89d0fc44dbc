"""A document as one file of HTML: it needs nothing beside it, prints, and reads aloud."""

from app.evidence.parts import Document
from app.evidence.words import moment
from worker.protocol import pages


def html(document: Document) -> bytes:
    template = pages.environment().get_template("evidence/file.html")
    made = moment(document.stamp.at)
    return template.render(document=document, stamp=document.stamp, made=made).encode()
