"""Every route as nobody, as another institution, without the scope, and as it should be called."""

from typing import Any

import httpx
import pytest

from app.access.permissions import Permission
from app.audit.collegium_audit import check
from app.web.api import v1
from app.web.api.description import described
from tests.api.stage import ALL, Stage
from tests.api.table import ROWS, Row, shape


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The answer's body, after checking that it is RFC 9457 as every error of ours is."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body.keys() == {"type", "title", "status", "detail", "code", "errors"}
    assert body["status"] == status and body["title"] and body["detail"] and body["code"]
    return body


def call(stage: Stage, row: Row, token: str | None) -> httpx.Response:
    body = row.body(stage) if callable(row.body) else row.body
    headers = {"If-Match": f'"{row.if_match.format(**stage.ids)}"'} if row.if_match else {}
    return stage.call(row.method, row.path.format(**stage.ids), token, body, headers)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_caller(stage: Stage, row: Row) -> None:
    if row.before:
        row.before(stage)
    nobody = problem(call(stage, row, None), 401)
    assert nobody["code"] == "not-signed-in"
    elsewhere = call(stage, row, stage.token(row.wrong_who))
    if row.wrong >= 400:
        problem(elsewhere, row.wrong)
    else:
        assert elsewhere.status_code == row.wrong
        assert stage.ids["institution"] not in elsewhere.text
    if row.scope is not None:
        lacking = problem(call(stage, row, stage.token(row.who, ALL - {row.scope})), 403)
        assert row.scope.value in lacking["detail"]
    scopes = {Permission.CLASS_READ} if row.scope is None else {row.scope, *row.also}
    right = call(stage, row, stage.token(row.who, scopes))
    assert right.status_code == row.answer, right.text
    assert_said(stage, row, right)


def assert_said(stage: Stage, row: Row, answer: httpx.Response) -> None:
    """A created thing says where it is; nothing comes with 204."""
    if row.answer == 204:
        assert answer.content == b""
        return
    if row.path.endswith("/archive"):
        assert answer.content.startswith(b"PK")
        return
    if row.path.endswith("/file"):
        assert answer.content.startswith(b"%PDF")
        return
    if row.path.endswith("/audit/export"):
        assert check(answer.content.splitlines()).events > 0
        return
    if row.path.endswith("/audit/checkpoints"):
        assert answer.content == b"", "none was stored yet"
        return
    if row.path.endswith("/table"):
        assert answer.text.startswith("term,code,release,as_of,task,")
        return
    body = answer.json()
    if row.answer == 201:
        told = next((body[n] for n in ("site", "webhook") if isinstance(body.get(n), dict)), body)
        made = told.get("id", "")
        where = row.at.format(**stage.ids, made=made)
        assert answer.headers["Location"] == f"/api/v1{where}"
    if row.if_match:
        assert answer.headers["ETag"] == f'"{body["revision"]}"'


def test_every_route_has_a_row() -> None:
    served = {
        (method.upper(), shape(path.removeprefix("/api/v1")), operation.get("x-scope"))
        for path, operations in described(v1)["paths"].items()
        for method, operation in operations.items()
    }
    assert served == {(row.method, shape(row.path), row.scope) for row in ROWS}


def test_every_scope_a_token_can_have_is_of_use() -> None:
    assert {row.scope for row in ROWS} - {None} == ALL
