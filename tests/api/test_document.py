"""docs/api.md runs as it is written, against a served hub; people and sites do what it says they do."""

import ast
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.hub import Hub
from app.main import create_app
from app.policies import queries as policies
from app.policies import service as approving
from app.runs import queries as runs
from app.runs import service as leading
from app.sites.models import Site
from app.web.api import v1
from app.web.api.description import described, table
from tests.api.stage import Stage
from tests.door.live import serving
from tests.integrations import receiver as receiving
from tests.integrations.receiver import HOST, Receiver, authority

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "api.md"
PIECE = re.compile(
    r"^```python\n(?P<code>.*?)^```$|^<!-- (?P<act>.+?) -->$", re.MULTILINE | re.DOTALL
)


def pieces() -> list[tuple[str, str]]:
    """("code", its text) and ("act", its name), in order."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return [
        ("code", found["code"]) if found["code"] else ("act", found["act"])
        for found in PIECE.finditer(text)
    ]


def approve_policy(stage: Stage) -> None:
    """The officer in the browser, then a person at the site."""
    lead = stage.world.lead
    with stage.world.hub.db.session() as session:
        draft = policies.open_draft(session, lead.institution)
        assert draft is not None
        approving.approve(session, lead.officer, draft.id)
        session.get_one(Site, lead.site).policy_version_id = draft.id


def approve_run(stage: Stage) -> None:
    lead = stage.world.lead
    with stage.world.hub.db.session() as session:
        run = runs.visible_to(session, stage.owner)[0]
        leading.approve(session, lead.officer, run, lead.institution)
    stage.world.work()


def train_first(stage: Stage) -> None:
    train(stage, rounds=1)


def train(stage: Stage, rounds: int = 2) -> None:
    """Every round, at both sites."""
    from tests.runs import world as making

    stage.world.work()
    for _ in range(rounds):
        for member in stage.world.members[:2]:
            making.train(stage.world, member)
        stage.world.work()
        making.evaluate_all(stage.world)
        stage.world.work()


def tell(stage: Stage) -> None:
    """The hub's worker: what waits for the server of the document."""
    stage.world.work()


ACTS: dict[str, Callable[[Stage], None]] = {
    "sites: train for the first time": train_first,
    "people: approve the policy": approve_policy,
    "people: approve the run": approve_run,
    "sites: train": train,
    "hub: tell": tell,
}


@contextmanager
def serve(stage: Stage) -> Iterator[str]:
    """The stage's hub on a port of its own."""
    application = create_app(stage.world.hub.settings)
    application.state.hub.close()
    application.state.hub = stage.world.hub
    with serving(application) as url:
        yield url


@pytest.fixture
def receiver(stage: Stage, tmp_path: Path) -> Iterator[Receiver]:
    """The reader's own server, which the hub's worker may reach."""
    made = authority(tmp_path)
    with receiving.receiver(made.vouch(HOST)) as there:
        told = {"outbound_test_targets": there.target, "outbound_test_ca": str(made.file)}
        hub = stage.world.hub
        settings = hub.settings.model_copy(update=told)
        stage.world.hub = Hub(settings, hub.db, hub.objects, hub.doorbell, hub.key)
        yield there


@pytest.fixture
def served(stage: Stage, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setenv("HOOK_URL", receiver.url)
    monkeypatch.setenv("LEAD_TOKEN", stage.token("owner"))
    monkeypatch.setenv("SCHOOL_TOKEN", stage.token("partner"))
    with serve(stage) as url:
        monkeypatch.setenv("HUB", url)
        yield stage


def test_the_document_runs_as_written(served: Stage, receiver: Receiver) -> None:
    names: dict[str, Any] = {}
    acted = []
    for kind, text in pieces():
        if kind == "act":
            ACTS[text](served)
            acted.append(text)
        else:
            exec(compile(text, str(DOCUMENT), "exec"), names)
    assert acted == list(ACTS)
    for client in (names["lead"], names["school"]):
        client.close()
    assert names["seen"]["state"] == "completed"
    assert names["report"]["school_class"]
    (heard,) = receiver.heard
    names["secret"] = names["hook"].json()["secret"]  # of before it was changed
    assert names["receive"](heard.headers, heard.body)["type"] == "webhook.test"


def test_from_a_token_to_the_first_run_in_ten_calls() -> None:
    """Counted from the top of the document to the act that trains the first run."""
    verbs = {"get", "post", "put", "patch", "delete"}
    calls = 0
    for kind, text in pieces():
        if (kind, text) == ("act", "sites: train for the first time"):
            break
        called = [n.func for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call)]
        calls += sum(isinstance(f, ast.Attribute) and f.attr in verbs for f in called)
    assert calls == 10


def test_its_table_is_as_new_as_the_code() -> None:
    assert DOCUMENT.read_text(encoding="utf-8").endswith(table(described(v1)))
