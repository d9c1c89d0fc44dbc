"""Class reports, for the instructor whose token it is. Aggregates only; no noise was added to them."""

from datetime import datetime
from typing import Annotated

from starlette.responses import Response

from app.access.permissions import Permission
from app.paging import Down, Key
from app.reports import files, queries, service
from app.reports.files import FileKind
from app.reports.queries import Earlier, Shown
from app.web.api.answers import Id, Page, Told, Windowed, only
from app.web.api.caller import Calling, Noting, api_router, takes
from worker.protocol.update import ClassFigures

router = api_router("reports", "/reports")


class ClassListed(Told):
    """`as_of` is None while there is no report yet."""

    school_class: str
    term: str
    code: str
    title: str
    as_of: datetime | None


class EarlierTold(Told):
    """What the class was told before, from an older release of the same federation."""

    as_of: datetime
    release: int
    figures: ClassFigures


class ReportTold(Told):
    """`figures.records` is null under `minimum_cell`. `earlier` and `viewers` (who read it) are newest first."""

    school_class: str
    term: str
    code: str
    title: str
    as_of: datetime | None
    release: int | None
    minimum_cell: int | None
    figures: ClassFigures | None
    earlier: list[EarlierTold]
    viewers: list[str]


def _listed(row: Shown) -> ClassListed:
    own = row.school_class
    as_of = row.report.as_of if row.report else None
    return ClassListed(
        school_class=own.id, term=own.term, code=own.code, title=own.title, as_of=as_of
    )


def _earlier(one: Earlier) -> EarlierTold:
    return EarlierTold(as_of=one.report.as_of, release=one.release.number, figures=one.figures)


def _place(row: Shown) -> Key:
    own = row.school_class
    return (Down(own.term), own.code, own.id)


@router.get("", **takes(Permission.REPORT_READ))
def list_reports(
    call: Calling,
    window: Windowed,
    term: Annotated[str | None, only("Of this term, as it is written.")] = None,
) -> Page[ClassListed]:
    """The classes that the token's person teaches, by term and code. Nobody else's."""
    rows = queries.visible_to(call.session, call.actor)
    fitting = [r for r in rows if term in (None, r.school_class.term)]
    return window.page(fitting, _place, _listed)


@router.get("/{school_class}", **takes(Permission.REPORT_READ))
def get_report(call: Noting, school_class: Id) -> ReportTold:
    """The newest report of a class. That it was read is written down, and every reader of it sees by whom."""
    shown = service.view(call.session, call.actor, school_class)
    own, report = shown.school_class, shown.report
    viewers = queries.viewers(call.session, report) if report else []
    return ReportTold(
        school_class=own.id,
        term=own.term,
        code=own.code,
        title=own.title,
        as_of=report.as_of if report else None,
        release=shown.release.number if shown.release else None,
        minimum_cell=report.minimum_cell if report else None,
        figures=shown.figures,
        earlier=[_earlier(one) for one in queries.earlier(call.session, shown)],
        viewers=[v.name for v in viewers],
    )


@router.get(
    "/{school_class}/table",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}, "description": "The file."}},
    **takes(Permission.REPORT_READ),
)
def download_report(call: Noting, school_class: Id) -> Response:
    """The newest report as CSV, one number a line, to keep. The download is written down."""
    file = files.download(call.session, call.actor, school_class, FileKind.CSV)
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
    return Response(file.content, media_type=file.media, headers=headers)
