"""An instructor says whether a report fits, and what they did. Read by the instructors of that class, and by the
administrators and privacy officers of their institution; by nobody of another one, and by no operator."""

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import require
from app.access.permissions import Permission
from app.audit import kinds
from app.audit.service import record
from app.clock import now
from app.errors import Invalid, NotFound
from app.ids import new_id
from app.reports import queries
from app.reports.models import ReportFeedback
from app.reports.states import Fitting, StepTaken
from app.text import _


def give(
    session: Session, actor: Actor, class_id: str, fits: Fitting, step: StepTaken
) -> ReportFeedback:
    """On the newest report of a class this person teaches; said before, it is said anew. The trail holds that they
    said something, not what. Raises NotFound, NotAllowed."""
    shown = queries.get(session, actor, class_id)
    require(actor, Permission.REPORT_ANSWER, shown.school_class.institution_id)
    if shown.report is None:
        raise NotFound(_("This class has no report yet."))
    row = queries.feedback_of(session, shown.report.id, actor.person)
    if row is None:
        row = ReportFeedback(
            id=new_id("feedback"), report_id=shown.report.id, person_id=actor.person
        )
        session.add(row)
    row.fits, row.step, row.at = fits, step, now()
    session.flush()
    record(
        session,
        actor.id,
        kinds.REPORT_ANSWERED,
        chain=shown.school_class.institution_id,
        subject=shown.report.id,
        body={"person": actor.person},
    )
    return row


def read(fits: str, step: str) -> tuple[Fitting, StepTaken]:
    """As a form sends them. Raises Invalid with a sentence at each that is missing."""
    errors = {}
    if fits not in set(Fitting):
        errors["fits"] = _("Choose whether it fits what you see.")
    if step not in set(StepTaken):
        errors["step"] = _("Choose which step you took.")
    if errors:
        raise Invalid(_("Some answers need another look."), errors)
    return Fitting(fits), StepTaken(step)
