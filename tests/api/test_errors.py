"""Every error is problem+json with a code to act on; what is refused changes nothing."""

from typing import Any

import pytest

from app.access.permissions import Permission, Role
from app.people import service as people
from app.people import tokens
from app.people.models import Person
from app.web.visit import cookie_name
from tests.api.stage import Stage, policy_of
from tests.api.test_routes import problem
from tests.cast import PASSWORD


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer clg_",
        "Bearer clg_unknown_secret",
        "Bearer cst_000000000000_x",
        "Basic Y2xnOngK",
        "clg_000000000000_x",
        "Bearer " + "x" * 3000,
    ],
)
def test_what_is_no_token(stage: Stage, header: str) -> None:
    answer = stage.client.get("/api/v1/me", headers={"Authorization": header})
    assert problem(answer, 401)["code"] == "not-signed-in"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_right_prefix_with_a_wrong_secret(stage: Stage) -> None:
    token = stage.token("owner")
    problem(stage.call("GET", "/me", token[:-1] + ("a" if token[-1] != "a" else "b")), 401)
    assert stage.call("GET", "/me", token).status_code == 200


def test_a_revoked_token_is_out_at_its_next_request(stage: Stage) -> None:
    token = stage.token("owner")
    row = stage.call("GET", "/me", token).json()["token"]
    with stage.world.hub.db.session() as session:
        tokens.revoke(session, stage.owner, row)
    problem(stage.call("GET", "/me", token), 401)


def test_a_signed_in_browser_is_nobody_here(stage: Stage) -> None:
    """So no page of anybody can make a browser act: there is nothing for CSRF to ride on."""
    settings = stage.world.hub.settings
    with stage.world.hub.db.session() as session:
        email = session.get_one(Person, stage.owner.person).email
        found = people.sign_in(
            session, settings, email, PASSWORD, address="127.0.0.1", agent="", old_cookie=None
        )
        assert found is not None
    stage.client.cookies.set(cookie_name(settings), found.cookie)
    assert stage.client.get("/account", headers={"Host": "127.0.0.1"}).status_code == 200
    problem(stage.call("GET", "/me", None), 401)
    problem(stage.call("POST", "/federations", None, {"name": "x", "purpose": "y" * 20}), 401)


def test_a_use_is_noted(stage: Stage) -> None:
    token = stage.token("owner")
    row = stage.call("GET", "/me", token).json()["token"]
    with stage.world.hub.db.reading() as session:
        assert session.get_one(tokens.ApiToken, row).last_used is not None


BAD: dict[str, tuple[str, str, Any]] = {
    "an empty name": ("POST", "/institutions/{institution}/sites", {"name": " "}),
    "no name": ("POST", "/institutions/{institution}/sites", {}),
    "an unknown field": ("POST", "/institutions/{institution}/sites", {"name": "x", "y": 1}),
    "a direction override": ("POST", "/institutions/{institution}/sites", {"name": "a\u202eb"}),
    "a list": ("POST", "/federations", []),
    "too short a purpose": ("POST", "/federations", {"name": "x", "purpose": "y"}),
    "a NUL": ("POST", "/federations", {"name": "x", "purpose": "a\x00" * 20}),
    "half a character": ("POST", "/federations", {"name": "\ud800", "purpose": "y" * 20}),
    "a strange id": ("GET", "/sites/%00", None),
    "a limit too far": ("GET", "/runs?limit=100000", None),
    "a cursor of nothing": ("GET", "/runs?after=run_none", None),
    "a cursor of another list": ("GET", "/runs?after=WzFd", None),
    "a forged cursor": ("GET", "/institutions/{institution}/sites?after=WzEsMl0", None),
    "no time zone": ("GET", "/institutions/{institution}/audit?since=2026-01-01T00:00:00", None),
    "more rounds than agreed": ("POST", "/federations/{federation}/runs", {"rounds": 400}),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_refused_by_field(stage: Stage, what: str) -> None:
    method, path, body = BAD[what]
    token = stage.token("owner")
    before = stage.call("GET", "/institutions/{institution}/audit/head".format(**stage.ids), token)
    answer = stage.call(method, path.format(**stage.ids), token, body)
    assert problem(answer, 422)["code"] == "invalid"
    after = stage.call("GET", "/institutions/{institution}/audit/head".format(**stage.ids), token)
    assert before.json() == after.json()


@pytest.mark.parametrize(
    ("kind", "content", "status"),
    [
        ("application/json", b"{", 422),
        ("application/json", b"\xff\xfe", 422),
        ("application/json", b"[" * 100_000, 400),
        ("application/x-www-form-urlencoded", b"name=x", 422),
        ("text/plain", b"{}", 422),
    ],
)
def test_what_is_not_json(stage: Stage, kind: str, content: bytes, status: int) -> None:
    headers = {"Authorization": f"Bearer {stage.token('owner')}", "Content-Type": kind}
    problem(stage.client.post("/api/v1/federations", content=content, headers=headers), status)


def test_a_backslash_before_u0000_is_text(stage: Stage) -> None:
    body = {"name": "x", "purpose": "to see what \\u0000 means here"}
    assert stage.call("POST", "/federations", stage.token("owner"), body).status_code == 201


def test_a_body_too_large_is_not_read(stage: Stage) -> None:
    headers = {"Content-Type": "application/json"}
    path = "/api/v1/federations"
    problem(stage.client.post(path, content=b" " * (2 << 20), headers=headers), 413)
    chunks = (b" " * 65536 for _ in range(32))
    problem(stage.client.post(path, content=chunks, headers=headers), 413)


def test_no_such_path_and_no_such_method(stage: Stage) -> None:
    token = stage.token("owner")
    problem(stage.call("GET", "/nothing", token), 404)
    problem(stage.call("DELETE", "/me", token), 405)


def test_a_draft_is_saved_under_its_revision(stage: Stage) -> None:
    stage.with_policy_draft()
    path, token = f"/policies/{stage.ids['policy']}", stage.token("owner")
    assert problem(stage.call("PUT", path, token, {}), 428)["code"] == "revision-needed"
    problem(stage.call("PUT", path, token, {}, {"If-Match": "*"}), 422)
    assert policy_of(stage).revision == 1
    mark = stage.call("GET", path, token).headers["ETag"]
    saved = stage.call("PUT", path, token, {"minimum_cohort": 4}, {"If-Match": mark})
    assert saved.status_code == 200
    late = stage.call("PUT", path, token, {"minimum_cohort": 5}, {"If-Match": f"W/{mark}"})
    facts = {e["field"]: e["value"] for e in problem(late, 412)["errors"]}
    assert facts["mine"]["minimum_cohort"] == 5
    assert facts["theirs"]["minimum_cohort"] == 4
    assert facts["revision"] == 2


def test_a_federation_draft_too(stage: Stage) -> None:
    stage.with_draft()
    path, token = f"/federations/{stage.ids['draft']}", stage.token("owner")
    mark = stage.call("GET", path, token).headers["ETag"]
    agreement = "We share what we learn, and nothing about any student."
    first = {"terms": {"rounds": 5}, "agreement": {"agreement": agreement}}
    saved = stage.call("PATCH", path, token, first, {"If-Match": mark})
    assert saved.status_code == 200 and saved.headers["ETag"] != mark
    late = stage.call("PATCH", path, token, {"terms": {"rounds": 6}}, {"If-Match": mark})
    said = problem(late, 412)
    facts = {e["field"]: e["value"] for e in said["errors"]}
    assert said["code"] == "outdated"
    assert facts["mine"]["terms"]["rounds"] == 6 and facts["theirs"]["terms"]["rounds"] == 5
    assert f'"{facts["revision"]}"' == saved.headers["ETag"]


def test_what_an_institution_says_of_itself_too(stage: Stage) -> None:
    path, token = f"/institutions/{stage.ids['new']}", stage.token("newcomer")
    mark = stage.call("GET", path, token).headers["ETag"]
    details = {"name": "Brook School", "kind": "school", "country": "GB"}
    problem(stage.call("PUT", path, token, details), 428)
    other = details | {"country": "FR"}
    assert stage.call("PUT", path, token, other, {"If-Match": mark}).status_code == 200
    said = problem(stage.call("PUT", path, token, details, {"If-Match": mark}), 412)
    facts = {e["field"]: e["value"] for e in said["errors"]}
    assert facts["mine"]["country"] == "GB" and facts["theirs"]["country"] == "FR"
    again = stage.call("PUT", path, token, details, {"If-Match": f'"{facts["revision"]}"'})
    assert again.status_code == 200 and again.json()["country"] == "GB"


def test_an_act_too_late_is_a_conflict_that_says_the_state(stage: Stage) -> None:
    stage.with_proposed()
    path, token = f"/runs/{stage.ids['run']}/cancel", stage.token("owner")
    assert stage.call("POST", path, token).status_code == 200
    said = problem(stage.call("POST", path, token), 409)
    assert said["code"] == "illegal-transition"
    assert {"field": "state", "value": "cancelled"} in said["errors"]


def test_a_role_taken_away_is_gone_from_its_tokens(stage: Stage) -> None:
    token = stage.token("owner", {Permission.SITE_EDIT})
    with stage.world.hub.db.session() as session:
        admin = stage.world.lead.administrator
        home = stage.ids["institution"]
        people.revoke(session, admin, home, stage.owner.person, Role.ADMINISTRATOR)
    body = {"name": "Annexe"}
    answer = stage.call(
        "POST", "/institutions/{institution}/sites".format(**stage.ids), token, body
    )
    assert "administrator" in problem(answer, 403)["detail"]


def test_a_fault_of_ours_shows_no_detail(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_names: object) -> None:
        raise RuntimeError("secret path")

    monkeypatch.setattr("app.web.api.runs.listing.runs", broken)
    said = problem(stage.call("GET", "/runs", stage.token("owner")), 500)
    assert "secret" not in str(said)
