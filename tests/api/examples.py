"""Writes `app/web/api/examples.json` from real answers, after a change of shape: `python -m tests.api.examples`.

Only those that no longer fit their operation are asked for again; `--all` asks for each.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import jsonschema_rs
from starlette.testclient import TestClient

import migrations
from app.db import Database
from app.main import create_app
from app.web.api import examples, v1
from app.web.api.description import described
from tests.api.stage import Stage, set_up
from tests.api.table import ROWS, Row, shape
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
    is_json = answer.content and answer.headers.get("content-type") == "application/json"
    told = answer.json() if is_json else None
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


def fits(document: dict[str, Any], name: str, example: dict[str, Any]) -> bool:
    """Whether an example is whole and of its operation's shape."""
    method, path = name.split(" ", 1)
    operation = document["paths"][path][method.lower()]
    contents = [(operation["responses"].get(s), "told") for s in ("200", "201", "202")]
    contents.append((operation.get("requestBody"), "asked"))
    for found, key in contents:
        if "application/json" not in (found or {}).get("content", {}):
            continue
        if key not in example:
            return False
        schema = found["content"]["application/json"]["schema"]
        whole = schema | {"components": document["components"]}
        if not jsonschema_rs.validator_for(whole).is_valid(example[key]):
            return False
    return True


def operation(document: dict[str, Any], row: Row) -> str:
    """As the description names it."""
    for path, operations in document["paths"].items():
        same = shape(path.removeprefix("/api/v1")) == shape(row.path)
        if same and row.method.lower() in operations:
            return f"{row.method} {path}"
    raise LookupError(row.name)


def main() -> None:
    document, kept, found = described(v1), examples.of_operations(), {}
    for row in ROWS:
        name = operation(document, row)
        if "--all" not in sys.argv and name in kept and fits(document, name, kept[name]):
            found[name] = kept[name]
            continue
        with tempfile.TemporaryDirectory() as folder:
            found[name] = answered(row, Path(folder))
            print(name)
    text = json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True)
    examples.FILE.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
