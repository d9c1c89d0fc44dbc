"""Evidence for an auditor: each document as data, as a file, and all of them as one ZIP."""

from datetime import datetime
from typing import Annotated

from fastapi import Query, Response

from app.access.permissions import Permission
from app.evidence import documents, service
from app.evidence.parts import Block, Document, Drawing, Gap, Grid, Lines, Para, Points
from app.evidence.states import DocumentKind, FileForm
from app.web.api.answers import Id, Told
from app.web.api.caller import Calling, Noting, api_router, takes

router = api_router("evidence", "/institutions/{institution}/evidence")


class BlockTold(Told):
    """One of: `text`, a list of `lines`, a table (`columns` and `rows`), or what is `missing`."""

    text: str | None = None
    lines: list[str] | None = None
    caption: str | None = None
    columns: list[str] | None = None
    rows: list[list[str]] | None = None
    missing: str | None = None


class SectionTold(Told):
    title: str
    blocks: list[BlockTold]


class DocumentTold(Told):
    """`audit_events` and `audit_head`: length and last digest of the institution's chain when it was made."""

    kind: DocumentKind
    title: str
    says: str
    made: datetime
    language: str
    audit_events: int
    audit_head: str
    missing: list[str]


class WholeTold(DocumentTold):
    sections: list[SectionTold]


class DocumentsTold(Told):
    items: list[DocumentTold]


def _block(block: Block) -> BlockTold:
    match block:
        case Para(text):
            return BlockTold(text=text)
        case Points(lines):
            return BlockTold(lines=list(lines))
        case Lines(lines):
            return BlockTold(rows=[list(line) for line in lines])
        case Grid(caption, columns, rows):
            told = [list(row) for row in rows]
            return BlockTold(caption=caption, columns=list(columns), rows=told)
        case Gap(text):
            return BlockTold(missing=text)
        case Drawing():
            return BlockTold(text=block.says)


def _told(row: Document) -> DocumentTold:
    return DocumentTold(
        kind=row.kind,
        title=row.title,
        says=row.says,
        made=row.stamp.at,
        language=row.stamp.locale,
        audit_events=row.stamp.number,
        audit_head=row.stamp.head,
        missing=[gap.text for gap in row.gaps],
    )


@router.get("", **takes(Permission.EVIDENCE_READ))
def list_evidence(call: Calling, institution: Id) -> DocumentsTold:
    """Which documents there are, made anew at each request, and what is missing in each."""
    made = documents.every(call.session, call.hub.settings, call.actor, institution)
    return DocumentsTold(items=[_told(row) for row in made])


@router.get(
    "/archive",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}, "description": "The file."}},
    **takes(Permission.EVIDENCE_READ),
)
def take_evidence(call: Noting, institution: Id) -> Response:
    """Every document as HTML and PDF in one ZIP file, with the heads of all chains signed by the hub. That it was
    taken is written down."""
    name, content = service.archive(call.session, call.hub, call.actor, institution)
    return _file(name, content, "application/zip")


@router.get("/{kind}", **takes(Permission.EVIDENCE_READ))
def get_evidence(call: Calling, institution: Id, kind: DocumentKind) -> WholeTold:
    """One document as data."""
    row = documents.make(call.session, call.hub.settings, call.actor, institution, kind)
    sections = [
        SectionTold(title=s.title, blocks=[_block(b) for b in s.blocks]) for s in row.sections
    ]
    return WholeTold(**_told(row).model_dump(), sections=sections)


@router.get(
    "/{kind}/file",
    response_class=Response,
    responses={
        200: {"content": {"application/pdf": {}, "text/html": {}}, "description": "The file."}
    },
    **takes(Permission.EVIDENCE_READ),
)
def take_document(
    call: Noting,
    institution: Id,
    kind: DocumentKind,
    form: Annotated[FileForm, Query(description="As which file.")] = FileForm.PDF,
) -> Response:
    """One document as a file. That it was taken, and its digest, are written down."""
    made = service.download(call.session, call.hub, call.actor, institution, kind, form)
    return _file(*made, service.MEDIA[form])


def _file(name: str, content: bytes, media: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media, headers=headers)
