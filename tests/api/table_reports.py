"""Routes of class reports: read and answered by its instructors; what they answered, by who looks after classes."""

from app.access.permissions import Permission
from tests.api.row import Row
from tests.api.stage import Stage

REPORTS = (
    Row("GET", "/reports", Permission.REPORT_READ, wrong=200),
    Row("GET", "/reports/{school_class}", Permission.REPORT_READ, before=Stage.with_report),
    Row("GET", "/reports/{school_class}/table", Permission.REPORT_READ, before=Stage.with_report),
    Row(
        "PUT",
        "/reports/{school_class}/feedback",
        Permission.REPORT_ANSWER,
        also=(Permission.REPORT_READ,),
        body={"fits": "partly", "step": "suggested"},
        before=Stage.with_report,
    ),
    Row(
        "GET",
        "/reports/{school_class}/feedback",
        Permission.FEEDBACK_READ,
        before=Stage.with_feedback,
    ),
)
