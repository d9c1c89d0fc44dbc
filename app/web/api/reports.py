"""Class reports, for the instructor whose token it is. Aggregates only; no noise was added to them."""

from datetime import datetime
from typing import Annotated

from starlette.responses import Response

from app.access.permissions import Permission
from app.paging import Down, Key
from app.reports import feedback, files, queries, service
from app.reports.files import FileKind
from app.reports.queries import Earlier, Said, Shown
from app.reports.states import Fitting, StepTaken
from app.web.api.answers import Asked, Id, Page, Told, Windowed, only
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


class FeedbackAsked(Asked):
    """Closed lists only: a sentence could name a student."""

    fits: Fitting
    step: StepTaken


class FeedbackTold(Told):
    """What one instructor says of the report of one release. The report itself is not told."""

    id: str
    school_class: str
    release: int
    name: str
    fits: Fitting
    step: StepTaken
    at: datetime


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


def _said(one: Said, school_class: str) -> FeedbackTold:
    row = one.feedback
    return FeedbackTold(
        id=row.id,
        school_class=school_class,
        release=one.release,
        name=one.name,
        fits=row.fits,
        step=row.step,
        at=row.at,
    )


@router.put("/{school_class}/feedback", **takes(Permission.REPORT_ANSWER))
def give_feedback(call: Calling, school_class: Id, asked: FeedbackAsked) -> FeedbackTold:
    """On the newest report of a class; said again, the later word stands. The trail holds that it was said only."""
    given = feedback.give(call.session, call.actor, school_class, asked.fits, asked.step)
    shown = queries.get(call.session, call.actor, school_class)
    release = shown.release.number if shown.release else 0
    return _said(Said(call.actor.name, given, release), school_class)


@router.get("/{school_class}/feedback", **takes(Permission.FEEDBACK_READ))
def list_feedback(
    call: Calling,
    school_class: Id,
    window: Windowed,
    fits: Annotated[str | None, only("That says this: fits, partly, not or unsure.")] = None,
) -> Page[FeedbackTold]:
    """What instructors of a class said of its reports, newest first, for who looks after the class."""
    rows = queries.feedback_for(call.session, call.actor, school_class)
    fitting = [r for r in rows if fits in (None, r.feedback.fits.value)]
    return window.page(
        fitting,
        lambda r: (Down(r.feedback.at), Down(r.feedback.id)),
        lambda r: _said(r, school_class),
    )
