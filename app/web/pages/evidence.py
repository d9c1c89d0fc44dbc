"""What do I show an auditor? Documents from live records: read here, taken as a file."""

from starlette.responses import Response

from app.access.permissions import Permission
from app.errors import NotFound
from app.evidence import documents, service
from app.evidence.parts import Block, Document, Drawing, Gap, Grid, Lines, Para, Points
from app.evidence.states import DocumentKind, FileForm
from app.evidence.words import moment
from app.institutions import queries as institutions
from app.text import _, ngettext
from app.web import render
from app.web.moments import as_of, in_words, number, sentence
from app.web.parts import (
    Bullets,
    Button,
    Code,
    Column,
    Facts,
    Form,
    Link,
    Note,
    Panel,
    Part,
    Sheet,
    Table,
    Text,
)
from app.web.visit import Here, page_router

router = page_router(prefix="/i/{institution}/evidence")


@router.get("")
def overview(visit: Here, institution: str) -> Response:
    row = institutions.get(visit.session, visit.who, Permission.EVIDENCE_READ, institution)
    made = documents.every(visit.session, visit.settings, visit.who, row.id)
    gaps = {gap.text for document in made for gap in document.gaps}
    said = ngettext(
        "Made from live records. {n} thing is missing in them.",
        "Made from live records. {n} things are missing in them.",
        len(gaps),
    )
    rows = tuple(
        (
            Link(document.title, f"/i/{row.id}/evidence/{document.kind.value}"),
            document.says,
            _missing(len(document.gaps)),
        )
        for document in made
    )
    columns = (Column(_("Document")), Column(_("What it says")), Column(_("Missing")))
    table = Table(_("Each is made anew when it is opened"), columns, rows)
    everything = Form(
        f"/i/{row.id}/evidence/archive",
        (),
        (Button(_("Take all as ZIP"), look="primary"),),
        inline=True,
    )
    takes = _(
        "Each document as HTML and PDF, with the heads of all audit chains signed by the hub. "
        "That it was taken, and its digest, stand in the audit trail."
    )
    sheet = Sheet(
        title=_("Evidence"),
        says=said.format(n=sentence(in_words(len(gaps)))),
        asof=as_of(),
        panels=(
            Panel(_("Documents"), (table,)),
            Panel(_("Take it with you"), (Text(takes), everything)),
        ),
        menu="records",
    )
    return render.sheet(visit, sheet)


def _missing(count: int) -> str:
    return ngettext("{n} thing", "{n} things", count).format(n=count) if count else _("nothing")


@router.get("/{document}")
def show(visit: Here, institution: str, document: str) -> Response:
    found = documents.make(visit.session, visit.settings, visit.who, institution, known(document))
    sheet = Sheet(
        title=found.title,
        says=found.says,
        asof=as_of(),
        crumbs=(Link(_("Evidence"), f"/i/{institution}/evidence"), Link(found.title, "")),
        panels=tuple(
            Panel(section.title, tuple(map(_part, section.blocks))) for section in found.sections
        ),
        aside=(Panel(_("This document"), _about(found)),),
        menu="records",
    )
    return render.sheet(visit, sheet)


def known(kind: str) -> DocumentKind:
    """Raises NotFound."""
    try:
        return DocumentKind(kind)
    except ValueError:
        raise NotFound(_("There is no such document.")) from None


def _about(found: Document) -> tuple[Part, ...]:
    path = f"/i/{found.stamp.institution}/evidence/{found.kind.value}/download"
    buttons = (
        Button(_("Take as PDF"), "form", FileForm.PDF.value),
        Button(_("Take as HTML"), "form", FileForm.HTML.value),
    )
    facts = Facts(
        (
            (_("Made"), moment(found.stamp.at)),
            (_("Audit events"), number(found.stamp.number)),
            (_("Ends with"), Code(found.stamp.head or "–", True)),
            (_("Missing"), _missing(len(found.gaps))),
        ),
        stacked=True,
    )
    return facts, Form(path, (), buttons, inline=True)


def _part(block: Block) -> Part:
    match block:
        case Para(text):
            return Text(text)
        case Points(lines):
            return Bullets(lines)
        case Lines(lines):
            return Facts(lines)
        case Gap(text, path, link):
            return Note(_("Missing: {what}").format(what=text), Link(link, path) if path else None)
        case Grid(caption, columns, rows):
            return Table(caption, tuple(map(Column, columns)), rows)
        case Drawing():
            return block


@router.post("/archive")
def archive(visit: Here, institution: str) -> Response:
    return sent(
        *service.archive(visit.session, visit.hub, visit.who, institution), "application/zip"
    )


@router.post("/{document}/download")
def download(visit: Here, institution: str, document: str) -> Response:
    given = visit.form.text("form")
    form = FileForm(given) if given in set(FileForm) else FileForm.PDF
    made = service.download(visit.session, visit.hub, visit.who, institution, known(document), form)
    return sent(*made, service.MEDIA[form])


def sent(name: str, content: bytes, media: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media, headers=headers)
