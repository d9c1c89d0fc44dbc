"""An institution that is not verified, or suspended, can read every page; what it may not do is replaced by the reason
and the next step. One table of the acts that stay, over every page with a form and every form there is."""

import re
from collections.abc import Iterator

import pytest

from app.institutions.models import Institution
from app.institutions.states import InstitutionState
from tests.web.browsing import send
from tests.web.conftest import restore
from tests.web.populated import Populated
from tests.web.route_table import NO_PAGE, ROLES, TABLE, filled

STAYS = frozenset(
    {
        "/i/{institution}/approvals/{approval}/decline",
        "/i/{institution}/classes/{class_id}/unassign",
        "/i/{institution}/district/{tie}/decline",
        "/i/{institution}/district/{tie}/end",
        "/i/{institution}/district/floors/{floor}/withdraw",
        "/i/{institution}/evidence/archive",
        "/i/{institution}/evidence/{document}/download",
        "/i/{institution}/integrations/webhooks/{webhook}/remove",
        "/i/{institution}/integrations/{token}/revoke",
        "/i/{institution}/people/invitations/{invitation}/withdraw",
        "/i/{institution}/people/{person}/remove",
        "/i/{institution}/people/{person}/reset-factor",
        "/i/{institution}/people/{person}/revoke",
        "/i/{institution}/sites/{site_id}/revoke",
        "/i/{institution}/verification/details",
        "/i/{institution}/verification/domain",
        "/i/{institution}/verification/mailbox",
        "/i/{institution}/verification/mailbox/code",
        "/i/{institution}/verification/registry",
        "/federations/{federation_id}/close",
        "/federations/{federation_id}/decline",
        "/federations/{federation_id}/lead/decline",
        "/federations/{federation_id}/lead/withdraw",
        "/federations/{federation_id}/leave",
        "/runs/{run_id}/cancel",
        "/runs/{run_id}/pause",
    }
)
"""What proves who one is, what only takes something back, and evidence of one's own, which is only read."""
SETS_UP = frozenset(
    path
    for _method, path, _s in TABLE
    if path.startswith("/i/") and "/approvals/" not in path and "/webhooks" not in path
)
"""Its own house: open to an institution that waits for the operators, closed to a suspended one."""
ALLOWED = {
    InstitutionState.REGISTERED: STAYS | SETS_UP,
    InstitutionState.REFUSED: STAYS | SETS_UP,
    InstitutionState.SUSPENDED: STAYS,
}
ONLY_A_FORM = {
    "/federations/new",
    "/federations/{federation}/edit/{step}",
    "/federations/{federation_id}/runs/new",
    "/i/{institution}/people/invite",
    "/i/{institution}/policy/draft",
    "/i/{institution}/policy/purposes/{purpose}",
    "/i/{institution}/sites/new",
}
"""Pages that are an act and nothing else: the reason and the next step stand in their place, with 403."""
WHY = {
    InstitutionState.REGISTERED: "The operators have not verified you yet.",
    InstitutionState.REFUSED: "The operators refused: Which town? Correct your details",
    InstitutionState.SUSPENDED: "The operators suspended you: Which town? Write to them: their address",
}
PLACES = ("/i/", "/federations", "/runs")
GETS = [
    path
    for method, path, _s in TABLE
    if method == "GET" and path.startswith((*PLACES, "/home")) and path not in NO_PAGE
]
POSTS = [path for method, path, _s in TABLE if method == "POST" and path.startswith(PLACES)]
ANOTHERS = {"/federations/{federation_id}/lead/accept"}
"""Offered to another institution: see tests/federations/test_handover.py."""
STATUSES = {
    (method, path): dict(zip(ROLES, map(int, statuses.split()), strict=True))
    for method, path, statuses in TABLE
}
_FORM = re.compile(r"<form[^>]*>")
_ACTION = re.compile(r'action="(/(?:i|federations|runs)/[^"?]*)"')


def hold(hub: Populated, institution: str, state: InstitutionState) -> None:
    with hub.world.hub.db.session() as session:
        row = session.get_one(Institution, institution)
        row.state, row.state_reason = state, "Which town?"


@pytest.fixture(params=list(WHY), scope="module")
def state(
    made: Populated, hub_home: object, request: pytest.FixtureRequest
) -> Iterator[InstitutionState]:
    hold(made, made.ids["institution"], request.param)
    yield request.param
    hold(made, made.ids["institution"], InstitutionState.VERIFIED)


def posting(page: str) -> set[str]:
    """Where the forms of a page go that write something."""
    tags = [tag for tag in _FORM.findall(page) if 'method="post"' in tag]
    return {found.group(1) for tag in tags if (found := _ACTION.search(tag))}


def shape(path: str) -> str:
    """The form's route, by the table: the longest one that fits its address."""
    for known in sorted(POSTS, key=len, reverse=True):
        if re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", known), path):
            return known
    raise AssertionError(f"{path} is no route of the table")


@pytest.mark.parametrize("role", ["administrator", "officer"])
@pytest.mark.parametrize("path", GETS)
def test_pages_can_be_read(made: Populated, state: InstitutionState, role: str, path: str) -> None:
    usual = STATUSES["GET", path][role]
    answer = made.client(role).get(filled(path, made.ids))
    held = path in ONLY_A_FORM and path not in ALLOWED[state]
    assert answer.status_code == (403 if held else usual)
    if answer.status_code == 200 or (held and usual == 200):
        last = path.endswith("/verification")  # the next step itself
        assert answer.text.count(WHY[state]) == 1
        assert f'href="/i/{made.ids["institution"]}/verification"' in answer.text or last
    forms = {shape(found) for found in posting(answer.text)}
    assert forms <= ALLOWED[state]


@pytest.mark.parametrize("path", [path for path in POSTS if path not in ANOTHERS])
def test_forms_are_refused_with_the_reason(
    made: Populated, hub_home: object, state: InstitutionState, path: str
) -> None:
    """As whoever may do it when nothing holds the institution back."""
    able = [r for r in ("administrator", "officer") if STATUSES["POST", path][r] not in (403,)]
    for role in able:
        answer = send(made.client(role), filled(path, made.ids), **_own(made, path))
        if path in ALLOWED[state]:
            assert WHY[state] not in answer.text or answer.status_code != 403
        else:
            assert answer.status_code == 403
            assert WHY[state] in answer.text
        restore(made, hub_home)  # type: ignore[arg-type]
        hold(made, made.ids["institution"], state)


def _own(made: Populated, path: str) -> dict[str, str]:
    """The hidden field that says for whom."""
    acts = ("/request", "/accept", "/decline", "/leave", "/members/invite")
    named = path.startswith("/federations") and path.endswith(acts)
    return {"institution": made.ids["institution"]} if named else {}


@pytest.mark.parametrize("state", list(WHY))
def test_who_is_no_member_reads_why(hub: Populated, state: InstitutionState) -> None:
    """The same for a federation that does not exist: nothing is told of those that do."""
    (outside,) = hub.world.stranger.institutions
    hold(hub, outside, state)
    client = hub.client("stranger")
    for federation in (hub.ids["federation_id"], "federation_0000000000000000000000"):
        for page in ("join", "task"):
            answer = client.get(f"/federations/{federation}/{page}")
            assert answer.status_code == 403
            assert WHY[state] in answer.text
            assert "See the verification" in answer.text
