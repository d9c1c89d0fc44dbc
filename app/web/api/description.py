"""The API described: OpenAPI as JSON, and a plain list of every route for people. Both are public."""

from functools import lru_cache
from typing import Any

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi
from starlette.responses import JSONResponse, Response

from app.text import _
from app.web import render
from app.web.api import examples
from app.web.api.answers import PREFIX
from app.web.parts import Code, Column, Link, Links, Panel, Sheet, Table, Text
from app.web.visit import Anyone, page_router
from worker.protocol.messages import Problem

ABOUT = """Everything the pages do, for programs. Send `Authorization: Bearer clg_…`; an administrator makes the token
in the browser, for one institution, with scopes and an end. No token approves a policy or a run, changes people or
makes tokens: people do, in the browser.

Lists are pages: `items` and `next`; give `next` as `?after=` for the page that follows; a cursor stays good while
others add and remove. What is saved under a revision has an `ETag`; send it back in `If-Match`. What makes something
takes an `Idempotency-Key`, so that it can safely be sent again. `RateLimit` says how often a token may still ask.
Errors are `application/problem+json`; act on `code`, show `detail`.
"""
BEFORE_THE_TOKEN = frozenset({"400", "401", "408", "413", "422", "503"})
"""Answers that may come before a token is looked at, and then say nothing of its limit."""
_TEXT = {"type": "string"}
LIMITS = {
    "RateLimit": {
        "description": "`r` requests are left for `t` seconds.",
        "schema": _TEXT,
        "example": '"token";r=599;t=42',
    },
    "RateLimit-Policy": {
        "description": "`q` requests in `w` seconds.",
        "schema": _TEXT,
        "example": '"token";q=600;w=60',
    },
}
WAIT = {
    "description": "Seconds to wait.",
    "schema": {"type": "string", "pattern": "^[0-9]+$"},
    "example": "42",
}
TAGS = {
    "me": "Whose token this is.",
    "institutions": "Your institution and what proves that it is itself.",
    "people": "Who is in it, with which roles.",
    "policies": "What your sites may do, version by version.",
    "profiles": "Laws and contracts as data, who confirmed which, and what they bound together.",
    "purposes": "Why records train, on which lawful basis, for how long.",
    "sites": "The computers beside the records.",
    "classes": "Classes and who teaches them.",
    "federations": "What is learnt together, from what, on which terms, and who is in.",
    "runs": "Training, round by round.",
    "releases": "Published versions of a federation's model.",
    "reports": "What the model knows about a class, for its instructor.",
    "records": "What left your sites, and who did what.",
    "evidence": "What you show an auditor, from live records.",
    "incidents": "What went wrong with personal data, and by when whom to tell, by the profiles confirmed.",
    "webhooks": "Servers of yours that are told what happens, and how the telling went.",
}


def described(routes: APIRouter) -> dict[str, Any]:
    """The OpenAPI document of the routes, errors included."""
    document = get_openapi(
        title="Collegium",
        version="1",
        summary="Schools train one model together; every student record stays at home.",
        description=ABOUT,
        routes=routes.routes,
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
    )
    schemas = document["components"]["schemas"]
    schemas["Problem"] = Problem.model_json_schema()
    told = examples.of_operations()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _complete(operation, told.get(f"{method.upper()} {path}", {}))
    return document


def _complete(operation: dict[str, Any], example: dict[str, Any]) -> None:
    """The scope it takes, the headers of its answers, an example of each body."""
    operation["security"] = [{"token": [operation["x-scope"]] if "x-scope" in operation else []}]
    for status, response in operation["responses"].items():
        headers = response.setdefault("headers", {})
        if status not in BEFORE_THE_TOKEN:
            headers |= LIMITS
        if status in ("429", "503"):
            headers["Retry-After"] = WAIT
        told = response.get("content", {}).get("application/json")
        if told and status.startswith("2") and "told" in example:
            told["example"] = example["told"]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if body and "examples" not in body and "asked" in example:
        body["example"] = example["asked"]


def router(routes: APIRouter) -> APIRouter:
    """`/api/v1/openapi.json` and `/api/docs`."""
    described_once = lru_cache(maxsize=1)(lambda: described(routes))
    pages = page_router()
    whole = APIRouter(include_in_schema=False)

    @whole.get(f"{PREFIX}/openapi.json")
    def openapi() -> Response:
        return JSONResponse(described_once())

    @pages.get("/api/docs")
    def docs(visit: Anyone) -> Response:
        return render.sheet(visit, _sheet(described_once()))

    whole.include_router(pages)
    return whole


def _sheet(document: dict[str, Any]) -> Sheet:
    return Sheet(
        title=_("REST API"),
        says=_("Everything the pages do, for programs with a token."),
        panels=(
            Panel(
                _("How to call it"),
                (
                    Text(
                        _("Send “Authorization: Bearer clg_…”. An administrator makes the token.")
                    ),
                    Text(_("Lists are pages: give “next” as “after” for the page that follows.")),
                    Text(_("Errors are problem+json. Act on “code”, show “detail”.")),
                    Links((Link(_("OpenAPI document"), f"{PREFIX}/openapi.json"),)),
                ),
            ),
            *(_noun(document, tag) for tag in TAGS),
        ),
    )


def _noun(document: dict[str, Any], tag: str) -> Panel:
    rows = tuple(
        (
            Code(f"{method.upper()} {path}"),
            operation.get("description", "").replace("\n", " ") or operation["summary"],
            operation.get("x-scope", ""),
        )
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if operation["tags"][-1] == tag
    )
    columns = (Column(_("Request")), Column(_("What it does")), Column(_("Scope")))
    return Panel(tag.capitalize(), (Table(TAGS[tag], columns, rows),), id=f"api-{tag}")


def table(document: dict[str, Any]) -> str:
    """Every route as a Markdown table, for docs/api.md."""
    lines = ["| request | scope | |", "|---|---|---|"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            request = f"`{method.upper()} {path.removeprefix(PREFIX)}`"
            scope = f"`{operation['x-scope']}`" if "x-scope" in operation else ""
            said = operation.get("description") or f"{operation['summary']}."
            lines.append(f"| {request} | {scope} | {' '.join(said.split())} |")
    return "\n".join(lines) + "\n"
