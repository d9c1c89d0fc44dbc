"""The OpenAPI document and the list of routes: public, whole, with examples that hold, served from here."""

import re
from typing import Any

import pytest
from pydantic import TypeAdapter

from app.federations.schemas import DraftSteps
from app.runs.schemas import Proposal
from app.web.api import examples, v1
from app.web.api.description import TAGS, described
from tests.api.examples import fits
from tests.api.stage import Stage
from worker.protocol.messages import Problem
from worker.protocol.policy import PolicyDocument
from worker.protocol.tasks import TaskSheet

DOCUMENT = described(v1)
OPERATIONS = [
    (f"{method.upper()} {path}", operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]


@pytest.mark.parametrize(("name", "operation"), OPERATIONS, ids=[name for name, _ in OPERATIONS])
def test_every_operation_is_described(name: str, operation: dict[str, Any]) -> None:
    assert operation["description"], name
    assert set(operation["tags"]) <= TAGS.keys()
    scope = [operation["x-scope"]] if "x-scope" in operation else []
    assert operation["security"] == [{"token": scope}]
    assert scope or name == "GET /api/v1/me"
    for status in ("400", "401", "403", "404", "408", "409", "413", "422", "429", "503"):
        (media,) = operation["responses"][status]["content"]
        assert media == "application/problem+json"
        content = operation["responses"][status]["content"][media]
        assert Problem.model_validate(content["example"]).status == int(status)


@pytest.mark.parametrize(("name", "operation"), OPERATIONS, ids=[name for name, _ in OPERATIONS])
def test_every_operation_shows_an_answer_that_fits(name: str, operation: dict[str, Any]) -> None:
    """`python -m tests.api.examples` makes them again from a real hub."""
    assert fits(DOCUMENT, name, examples.of_operations()[name])
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    assert not body or "example" in body or "examples" in body


def test_examples_are_of_operations_there_are() -> None:
    assert examples.of_operations().keys() == {name for name, _ in OPERATIONS}


def test_every_reference_leads_somewhere() -> None:
    named = set(re.findall(r"#/components/schemas/([A-Za-z_]+)", str(DOCUMENT)))
    assert named <= DOCUMENT["components"]["schemas"].keys()
    assert "HTTPValidationError" not in named


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/federations/{federation}/sheets", TaskSheet),
        ("/policies/{policy}", PolicyDocument),
        ("/federations/{federation}", DraftSteps),
        ("/federations/{federation}/runs", Proposal),
    ],
)
def test_examples_are_valid(path: str, kind: type) -> None:
    operations = DOCUMENT["paths"][f"/api/v1{path}"].values()
    bodies = [o["requestBody"] for o in operations if "requestBody" in o]
    (examples,) = (b["content"]["application/json"]["examples"] for b in bodies)
    assert examples
    for example in examples.values():
        TypeAdapter(kind).validate_python(example["value"])


def test_both_are_public_and_ask_no_other_host(stage: Stage) -> None:
    told = stage.client.get("/api/v1/openapi.json")
    assert told.status_code == 200 and told.json() == DOCUMENT
    page = stage.client.get("/api/docs")
    assert page.status_code == 200
    for path in DOCUMENT["paths"]:
        assert path in page.text
    assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", page.text)
