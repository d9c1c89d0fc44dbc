"""Making a file of a document, or of all: an event in the institution's chain, with the file's digest, each time.

What a document says of the chain is its head before that event; the event itself names the bytes that were handed out.
"""

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.audit import checkpoint, kinds, queries
from app.audit.service import record
from app.clock import now
from app.evidence import documents
from app.evidence.html import html
from app.evidence.parts import Document
from app.evidence.pdf import pdf
from app.evidence.states import DocumentKind, FileForm
from app.hub import Hub
from app.releases.archive import zipped
from app.text import _
from worker.protocol.canonical import canonical, digest

MEDIA = {FileForm.PDF: "application/pdf", FileForm.HTML: "text/html; charset=utf-8"}
_MAKE = {FileForm.PDF: pdf, FileForm.HTML: html}


def download(
    session: Session,
    hub: Hub,
    actor: Actor,
    institution: str,
    kind: DocumentKind,
    form: FileForm,
) -> tuple[str, bytes]:
    """A file name and the file. Raises NotFound for a stranger, NotAllowed for a member without the right."""
    document = documents.make(session, hub.settings, actor, institution, kind)
    content = _MAKE[form](document)
    body = {"kind": kind, "choice": form, **_of(content)}
    record(
        session, actor.id, kinds.EVIDENCE_MADE, chain=institution, subject=institution, body=body
    )
    return f"{_name(document)}.{form.value}", content


def archive(session: Session, hub: Hub, actor: Actor, institution: str) -> tuple[str, bytes]:
    """One ZIP file: every document as HTML and PDF, the signed heads of all chains, how to check. As `download`."""
    made = documents.every(session, hub.settings, actor, institution)
    files = {}
    for document in made:
        for form, make in _MAKE.items():
            files[f"{document.kind.value}.{form.value}"] = make(document)
    signed = checkpoint.take(queries.ends(session), hub.key, now())
    heads = {"checkpoint": signed.model_dump(mode="json"), "hub_key": hub.key.public.text}
    files["checkpoint.json"] = canonical(heads)
    files["digests.txt"] = "".join(f"{digest(c)}  {n}\n" for n, c in files.items()).encode()
    files["README.txt"] = _read_me(made[0]).encode()
    content = zipped(files)
    body = {"count": len(made), **_of(content)}
    record(
        session, actor.id, kinds.EVIDENCE_PACKED, chain=institution, subject=institution, body=body
    )
    return f"evidence-{made[0].stamp.at:%Y-%m-%d}.zip", content


def _of(content: bytes) -> dict[str, object]:
    return {"bytes": len(content), "digest": digest(content)}


def _name(document: Document) -> str:
    return f"{document.kind.value}-{document.stamp.at:%Y-%m-%d}"


def _read_me(document: Document) -> str:
    stamp = document.stamp
    return _(
        "Evidence of {name}, made by {hub} from live records.\n\n"
        "digests.txt: SHA-256 of each file, as sha256sum -c reads it.\n"
        "checkpoint.json: the heads of all audit chains at that moment, signed by the hub.\n"
        "The documents name the head of the institution’s chain: {n} events, digest {digest}.\n"
        "Export the audit trail and check it: its event {n} has that digest, and a later event of the kind "
        "“evidence.packed” has the digest of this ZIP file.\n"
    ).format(
        name=stamp.institution_name, hub=stamp.hub_name, n=stamp.number, digest=stamp.head or "–"
    )
