"""Writes `app/web/api/examples.json` from real answers: `python -m tests.api.examples`, after a change of shape."""

import json
import tempfile
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

import migrations
from app.db import Database
from app.main import create_app
from app.web.api import examples
from tests.api.stage import Stage, set_up
from tests.api.table import ROWS, Row
from tests.runs import world as making

SECRET = {"token": "cst_…", "secret": "whsec_…"}


def answered(row: Row, folder: Path) -> dict[str, Any]:
    """What one route was asked and told, on a hub of its own."""
    url = f"sqlite:///{folder / 'hub.sqlite'}"
    migrations.upgrade(url)
    world = making.make(Database(url), folder, count=3)
    application = create_app(world.hub.settings)
    application.state.hub.close()
    application.state.hub = world.hub
    with TestClient(application) as client:
        return _ask(set_up(world, client), row)


def _ask(stage: Stage, row: Row) -> dict[str, Any]:
    if row.before:
        row.before(stage)
    body = row.body(stage) if callable(row.body) else row.body
    headers = {"If-Match": f'"{row.if_match.format(**stage.ids)}"'} if row.if_match else {}
    path, token = row.path.format(**stage.ids), stage.token(row.who)
    answer = stage.call(row.method, path, token, body, headers)
    assert answer.status_code == row.answer, answer.text
    told = answer.json() if answer.content else None
    if told and "next" in told:
        told |= {"items": told["items"][:2]}
    made = {"asked": body, "told": _without_secrets(told)}
    return {name: value for name, value in made.items() if value is not None}


def _without_secrets(told: Any) -> Any:
    if isinstance(told, list):
        return [_without_secrets(item) for item in told]
    if not isinstance(told, dict):
        return told
    shown = {k: SECRET.get(k, _without_secrets(v)) if v else v for k, v in told.items()}
    if isinstance(told.get("command"), str):
        shown["command"] = told["command"].split(" --token ")[0] + " --token cst_…"
    return shown


def operation(row: Row) -> str:
    """As the description names it."""
    from app.web.api import v1
    from app.web.api.description import described
    from tests.api.test_routes import _shape

    for path, operations in described(v1)["paths"].items():
        fits = _shape(path.removeprefix("/api/v1")) == _shape(row.path)
        if fits and row.method.lower() in operations:
            return f"{row.method} {path}"
    raise LookupError(row.name)


def main() -> None:
    found = {}
    for row in ROWS:
        with tempfile.TemporaryDirectory() as folder:
            found[operation(row)] = answered(row, Path(folder))
            print(row.name)
    text = json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True)
    examples.FILE.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
