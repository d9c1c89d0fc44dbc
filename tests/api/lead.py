"""Rows of the table of routes: the lead of a federation, handed over."""

from app.access.permissions import Permission
from tests.api.row import Row
from tests.api.stage import Stage

LEAD = (
    Row("GET", "/federations/{federation}/lead", Permission.FEDERATION_READ),
    Row(
        "PUT",
        "/federations/{federation}/lead/offer",
        Permission.FEDERATION_LEAD,
        also=(Permission.FEDERATION_READ,),
        body=lambda stage: {"institution": stage.ids["partner"]},
    ),
    Row(
        "DELETE",
        "/federations/{federation}/lead/offer",
        Permission.FEDERATION_LEAD,
        204,
        also=(Permission.FEDERATION_READ,),
        before=Stage.with_lead_offered,
    ),
    Row(
        "POST",
        "/federations/{federation}/lead/offer/answer",
        Permission.FEDERATION_LEAD,
        who="partner",
        also=(Permission.FEDERATION_READ,),
        body={"accept": True},
        before=Stage.with_lead_offered,
        wrong_who="owner",
    ),
)
