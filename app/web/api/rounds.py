"""Rounds of a run: when they were, how many updates came, what became of each model part."""

from typing import Annotated

from fastapi import Path

from app.access.permissions import Permission
from app.runs import listing, queries
from app.runs.progress import round_view, round_views
from app.runs.states import RoundState
from app.runs.views import RoundView
from app.web.api.answers import Id, Page, Windowed, only, page
from app.web.api.caller import Calling, api_router, takes

router = api_router("runs", "/runs/{run}/rounds")


@router.get("", **takes(Permission.RUN_READ))
def list_rounds(
    call: Calling,
    run: Id,
    window: Windowed,
    state: Annotated[RoundState | None, only("In this state.")] = None,
) -> Page[RoundView]:
    """From the first. A void round's number is not used again."""
    row = queries.get(call.session, call.actor, Permission.RUN_READ, run)
    found = listing.rounds(call.session, row.id, state, window.cut)
    views = round_views(call.session, row, found.rows, call.actor)
    return page(found, lambda r: views[r.id])


@router.get("/{number}", **takes(Permission.RUN_READ))
def get_round(call: Calling, run: Id, number: Annotated[int, Path(ge=1, le=100000)]) -> RoundView:
    """Updates one by one for the site's own institution and the lead; counts for every member."""
    row = queries.get(call.session, call.actor, Permission.RUN_READ, run)
    found = queries.round_by_number(call.session, row, number)
    return round_view(call.session, row, found, call.actor)
