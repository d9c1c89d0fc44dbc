"""Districts and schools: read, and an offer made. People answer, in the browser."""

from app.access.permissions import Permission
from tests.api.row import Row

HOME = "/institutions/{institution}"
DISTRICTS = (
    Row("GET", HOME + "/ties", Permission.INSTITUTION_READ),
    Row(
        "POST",
        HOME + "/ties",
        Permission.INSTITUTION_EDIT,
        201,
        body=lambda stage: {"school": stage.ids["outside"]},
        at=HOME + "/ties",
    ),
    Row("GET", HOME + "/floors", Permission.POLICY_READ),
)
