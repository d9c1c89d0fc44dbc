"""A client that openapi-python-client makes from our description runs a federation, from founding to its release."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from app.web.api import v1
from app.web.api.description import described
from tests.api.stage import Stage
from tests.api.test_document import approve_run, serve, train
from tests.runs import world as making

NAME = "collegium_made_client"
CONFIG = """post_hooks: []
content_type_overrides:
  application/zip: application/octet-stream
  application/x-ndjson: application/octet-stream
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Never committed: made anew, outside the tree. A warning of the generator is an operation it left out."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "openapi.json").write_text(json.dumps(described(v1)), encoding="utf-8")
    (folder / "config.yml").write_text(CONFIG, encoding="utf-8")
    program = Path(sys.executable).parent / "openapi-python-client"
    options = ["--path", "openapi.json", "--config", "config.yml", "--meta", "none"]
    asked = [program, "generate", *options, "--output-path", NAME, "--fail-on-warning"]
    done = subprocess.run(asked, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    yield folder / NAME
    sys.path.remove(str(folder))


class Made:
    """One caller. `call` finds the module of an operation by its name and asks for a good answer."""

    def __init__(self, folder: Path, url: str, token: str) -> None:
        self._modules = {p.stem: p.parent.name for p in (folder / "api").glob("*/*.py")}
        self._client = importlib.import_module(NAME).AuthenticatedClient(url, token)

    def call(self, operation: str, *where: Any, **named: Any) -> Any:
        module = importlib.import_module(f"{NAME}.api.{self._modules[operation]}.{operation}")
        answer = module.sync_detailed(*where, client=self._client, **named)
        assert answer.status_code < 300, answer.content
        return answer

    def told(self, operation: str, *where: Any, **named: Any) -> Any:
        return self.call(operation, *where, **named).parsed

    def close(self) -> None:
        self._client.get_httpx_client().close()


def test_every_operation_has_its_module(made: Path) -> None:
    found = {p.stem for p in (made / "api").glob("*/*.py")} - {"__init__"}
    operations = [o for path in described(v1)["paths"].values() for o in path.values()]
    assert found == {o["operationId"] for o in operations}


def test_a_whole_federation(made: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(stage) as url:
        lead = Made(made, url, stage.token("owner"))
        school = Made(made, url, stage.token("partner"))
        try:
            federation = found(lead, importlib.import_module(f"{NAME}.models"))
            join(lead, school, federation)
            run(stage, lead, school, federation)
        finally:
            lead.close()
            school.close()


def found(lead: Made, models: ModuleType) -> str:
    me = lead.told("me")
    assert "federation:found" in [scope.value for scope in me.may]
    asked = models.FederationAsked(name="Made by a client", purpose="See early who needs support.")
    row = lead.told("found_federation", body=asked, idempotency_key="one")
    assert lead.told("found_federation", body=asked, idempotency_key="one").id == row.id
    sheet = models.TaskSheet.from_dict(making.SHEET.model_dump(mode="json"))
    assert lead.told("add_sheet", row.id, body=sheet).current
    mark = lead.call("get_federation", row.id).headers["ETag"]
    steps = {"terms": {"rounds": 2, "quorum": 2}, "model": {"width": 16, "heads": 2}}
    drafted = models.DraftSteps.from_dict(steps)
    saved = lead.told("save_federation", row.id, body=drafted, if_match=mark)
    assert saved.terms.rounds == 2
    assert lead.told("open_federation", row.id).state.value == "open"
    return str(row.id)


def join(lead: Made, school: Made, federation: str) -> None:
    models = importlib.import_module(f"{NAME}.models")
    other = school.told("me").institution
    lead.call("invite", federation, body=models.InvitationAsked(institution=other))
    assert school.told("get_fit", federation).allows
    agreement = school.told("get_agreement", federation)
    accepted = models.AcceptanceAsked(digest=agreement.digest)
    assert school.told("accept", federation, other, body=accepted).state.value == "active"
    assert lead.told("get_compatibility", federation).enough


def run(stage: Stage, lead: Made, school: Made, federation: str) -> None:
    models = importlib.import_module(f"{NAME}.models")
    with stage.world.hub.db.session() as session:
        making.set_policy(
            session, stage.world.lead, making.POLICY.model_copy(update={"approval": "hub"})
        )
    proposed = lead.told("propose_run", federation, body=models.Proposal(rounds=2))
    assert proposed.state.value == "proposed"
    approve_run(stage)
    seen = school.told("get_progress", proposed.id)
    assert seen.current.number == 1 and seen.awaited == 2
    train(stage)
    assert lead.told("get_run", proposed.id).state.value == "completed"
    rounds = school.told("list_rounds", proposed.id, limit=1)
    assert [r.number for r in rounds.items] == [1]
    (last,) = school.told("list_rounds", proposed.id, after=rounds.next_).items
    assert (last.number, last.state.value, last.taken) == (2, "closed", 2)
    (release,) = school.told("list_releases", federation).items
    assert release.current and release.run == proposed.id
    assert school.told("list_events", school.told("me").institution, kind="membership.").items
