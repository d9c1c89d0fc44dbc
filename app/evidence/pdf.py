"""A document as PDF: A4, an embedded font, the audit head at the foot of each page. ReportLab is imported when used.

The font that comes with ReportLab knows the letters of Western Europe; others are written without their marks, or as ?.
"""

import io
import unicodedata
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import escape

from app.evidence.parts import Block, Document, Drawing, Gap, Grid, Lines, Para, Points
from app.evidence.words import moment
from app.text import _

FONT, BOLD = "Vera", "VeraBd"
WIDTH = 471.0
"""Of the text, in points: A4 without its margins."""
_SPELT = {"ε": "epsilon", "δ": "delta"}


def pdf(document: Document) -> bytes:
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import SimpleDocTemplate

    _fonts()
    made = io.BytesIO()
    template = SimpleDocTemplate(
        made,
        pagesize=A4,
        leftMargin=56,
        rightMargin=56,
        topMargin=56,
        bottomMargin=64,
        title=f"{document.title} – {document.stamp.institution_name}",
        author=document.stamp.hub_name,
        lang=document.stamp.locale,
    )

    def foot(canvas: Any, _template: Any) -> None:
        _foot(canvas, document)

    template.build(_story(document), onFirstPage=foot, onLaterPages=foot)
    return made.getvalue()


@lru_cache
def _fonts() -> frozenset[int]:
    """Registers the fonts once; the characters they have."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    normal, bold = TTFont(FONT, "Vera.ttf"), TTFont(BOLD, "VeraBd.ttf")
    for font in (normal, bold):
        pdfmetrics.registerFont(font)
    pdfmetrics.registerFontFamily(FONT, FONT, BOLD, FONT, BOLD)
    return frozenset(normal.face.charToGlyph) & frozenset(bold.face.charToGlyph)


def plain(text: str) -> str:
    """In letters that the font has."""
    known = _fonts()
    made = []
    for char in "".join(_SPELT.get(char, char) for char in text):
        if ord(char) in known:
            made.append(char)
            continue
        bare = [c for c in unicodedata.normalize("NFKD", char) if ord(c) in known]
        made.append("".join(bare) or "?")
    return "".join(made)


def _styles() -> dict[str, Any]:
    from reportlab.lib.colors import HexColor
    from reportlab.lib.styles import ParagraphStyle

    base = {"fontName": FONT, "fontSize": 9, "leading": 13, "spaceAfter": 5}
    return {
        "title": ParagraphStyle("title", **{**base, "fontName": BOLD, "fontSize": 18, "leading": 23}),
        "head": ParagraphStyle(
            "head",
            **{**base, "fontName": BOLD, "fontSize": 11, "leading": 15},
            spaceBefore=12,
            keepWithNext=1,
        ),
        "text": ParagraphStyle("text", **base),
        "cell": ParagraphStyle("cell", **{**base, "fontSize": 7.5, "leading": 10, "spaceAfter": 0}),
        "cell-head": ParagraphStyle(
            "cell-head",
            **{**base, "fontName": BOLD, "fontSize": 7.5, "leading": 10, "spaceAfter": 0},
        ),
        "gap": ParagraphStyle(
            "gap",
            **base,
            borderColor=HexColor("#8a5a00"),
            borderWidth=0.8,
            borderPadding=5,
            leftIndent=6,
            rightIndent=6,
            spaceBefore=6,
        ),
    }  # fmt: skip


def _story(document: Document) -> list[Any]:
    from reportlab.platypus import Paragraph, Spacer

    styles = _styles()
    stamp = document.stamp
    story: list[Any] = [
        Paragraph(_safe(document.title), styles["title"]),
        Paragraph(_safe(document.says), styles["text"]),
    ]
    lines = Lines(
        (
            (_("Institution"), stamp.institution_name),
            (_("Made"), moment(stamp.at)),
            (_("Audit trail"), _("{n} events, the last with digest").format(n=stamp.number)),
            ("", stamp.head or "–"),
        )
    )
    story += [*_block(lines, styles), Spacer(1, 6)]
    for section in document.sections:
        story.append(Paragraph(_safe(section.title), styles["head"]))
        for block in section.blocks:
            story += _block(block, styles)
    return story


def _safe(text: str) -> str:
    return escape(plain(text))


def _block(block: Block, styles: dict[str, Any]) -> list[Any]:
    from reportlab.platypus import Paragraph, Spacer

    match block:
        case Para(text):
            return [Paragraph(_safe(text), styles["text"])]
        case Points(lines):
            return [Paragraph(_safe(line), styles["text"], bulletText="–") for line in lines]
        case Gap(text):
            said = f"<b>{_safe(_('Missing:'))}</b> {_safe(text)}"
            return [Paragraph(said, styles["gap"]), Spacer(1, 4)]
        case Lines(lines):
            rows = [[_cell(k, styles, head=True), _cell(v, styles)] for k, v in lines]
            return [_table(rows, [WIDTH * 0.32, WIDTH * 0.68], heads=0), Spacer(1, 6)]
        case Grid():
            return _grid(block, styles)
        case Drawing():
            return [_drawn(block), Spacer(1, 6)]


def _cell(text: str, styles: dict[str, Any], *, head: bool = False) -> Any:
    from reportlab.platypus import Paragraph

    style = styles["cell-head" if head else "cell"]
    style.splitLongWords = 1
    return Paragraph(_safe(text), style)


def _grid(grid: Grid, styles: dict[str, Any]) -> list[Any]:
    from reportlab.platypus import Paragraph, Spacer

    rows = [[_cell(name, styles, head=True) for name in grid.columns]]
    rows += [[_cell(text, styles) for text in row] for row in grid.rows]
    widths = [WIDTH / len(grid.columns)] * len(grid.columns)
    caption = Paragraph(_safe(grid.caption), styles["text"])
    caption.keepWithNext = True  # no caption at the foot of a page, its table on the next
    return [caption, _table(rows, widths, heads=1), Spacer(1, 6)]


def _table(rows: list[list[Any]], widths: list[float], *, heads: int) -> Any:
    from reportlab.lib.colors import HexColor
    from reportlab.platypus import Table, TableStyle

    table = Table(rows, colWidths=widths, repeatRows=heads)
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, HexColor("#b8b8b8")),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 6),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ]
        )
    )
    return table


def _drawn(drawing: Drawing) -> Any:
    """The same boxes and arrows; up is up in PDF, so y turns round."""
    from reportlab.graphics import shapes
    from reportlab.lib.colors import HexColor

    ink, line = HexColor("#1b1b1b"), HexColor("#6b6b6b")
    sheet = shapes.Drawing(drawing.width, drawing.height)
    top = drawing.height
    for box in drawing.boxes:
        rect = shapes.Rect(box.x, top - box.y - box.height, box.width, box.height, rx=3, ry=3)
        rect.fillColor, rect.strokeColor, rect.strokeWidth = None, line, 1
        rect.strokeDashArray = [4, 3] if box.fence else None
        sheet.add(rect)
        texts = [(box.title, BOLD, 9.0), *((text, FONT, 8.0) for text in box.lines)]
        for place, (text, font, size) in enumerate(texts):
            at = top - box.y - 18 - 15 * place
            sheet.add(
                shapes.String(
                    box.x + 10, at, plain(text), fontName=font, fontSize=size, fillColor=ink
                )
            )
    for arrow in drawing.arrows:
        sheet.add(shapes.Line(arrow.x1, top - arrow.y1, arrow.x2, top - arrow.y2, strokeColor=ink))
        points = [n for x, y in arrow.head for n in (x, top - y)]
        sheet.add(shapes.Polygon(points, fillColor=ink, strokeColor=ink))
        x, y = arrow.at
        sheet.add(
            shapes.String(
                x + 8, top - y - 3, arrow.number, fontName=BOLD, fontSize=9, fillColor=ink
            )
        )
    return sheet


def _foot(canvas: Any, document: Document) -> None:
    stamp = document.stamp
    canvas.saveState()
    canvas.setFont(FONT, 7)
    said = _("{title} – {name}, {day}. Audit event {n}, digest {digest}. Page {page}").format(
        title=document.title,
        name=stamp.institution_name,
        day=moment(stamp.at),
        n=stamp.number,
        digest=stamp.head[:16] or "–",
        page=canvas.getPageNumber(),
    )
    canvas.drawString(56, 40, plain(said))
    canvas.restoreState()
