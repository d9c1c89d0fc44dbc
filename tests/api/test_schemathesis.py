"""Schemathesis asks every operation what nobody would: no answer is a 500, none is of a kind that is not described.

Ids in paths are ids that exist as often as not, so that what stands behind the first 404 is asked too.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import checks
from schemathesis.python import asgi
from starlette.testclient import TestClient

import migrations
from app.db import Database
from app.main import create_app
from app.web.api import v1
from app.web.api.description import described
from tests.api import lists
from tests.api.stage import Stage, set_up
from tests.runs import world as making

CHECKED = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
OPERATIONS = sorted(
    (method.upper(), path)
    for path, operations in described(v1)["paths"].items()
    for method in operations
)
FEW, MANY = 8, 150


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One hub for all: what one request breaks, the next ones meet."""
    folder: Path = tmp_path_factory.mktemp("asked")
    url = f"sqlite:///{folder / 'hub.sqlite'}"
    migrations.upgrade(url)
    world = making.make(Database(url), folder, count=3)
    settings = world.hub.settings.model_copy(update={"api_requests_per_minute": 10**6})
    object.__setattr__(world.hub, "settings", settings)
    application = create_app(settings)
    application.state.hub.close()
    application.state.hub = world.hub
    with TestClient(application, raise_server_exceptions=False) as client:
        yield lists.fill(set_up(world, client))
    world.hub.close()


@pytest.fixture(scope="module")
def schema(stage: Stage) -> Any:
    return schemathesis.openapi.from_asgi("/api/v1/openapi.json", stage.client.app)


@pytest.fixture(scope="module")
def client(stage: Stage) -> Iterator[Any]:
    """One event loop for all requests."""
    with asgi.get_client(stage.client.app) as opened:
        yield opened


def known(stage: Stage, name: str, path: str, chance: random.Random) -> str | None:
    """An id for this part of the path, or None to leave what was made up."""
    ids = stage.ids
    named = {
        "institution": (ids["partner"] if "memberships" in path else ids["institution"],),
        "federation": (ids["federation"], ids["draft"]),
        "run": (ids["run"], ids["finished"]),
        "name": (ids["sheet"], "grade"),
        "site": (ids["site"], ids["revoked"]),
    }
    choices = named.get(name) or ((ids[name],) if name in ids else ())
    return chance.choice(choices) if choices and chance.random() < 0.75 else None


def ask(stage: Stage, client: Any, schema: Any, method: str, path: str, examples: int) -> None:
    operation, token = schema[path][method], stage.token("owner")
    asked = 0

    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy())
    def one(case: Any) -> None:
        nonlocal asked
        asked += 1
        chance = random.Random(asked)
        for name in case.path_parameters or {}:
            found = known(stage, name, path, chance)
            if found is not None:
                case.path_parameters[name] = found
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}
        answer = case.call(session=client, base_url="http://testserver")
        case.validate_response(answer, checks=CHECKED)

    one()
    assert asked


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_no_operation_falls_over(
    stage: Stage, client: Any, schema: Any, method: str, path: str
) -> None:
    ask(stage, client, schema, method, path, FEW)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_nor_does_it_when_asked_long(
    stage: Stage, client: Any, schema: Any, method: str, path: str
) -> None:
    ask(stage, client, schema, method, path, MANY)
