"""`collegium` against a served hub: what it prints, what it says when refused, what it ends with."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.access.permissions import Permission
from tests.api.conftest import stage  # noqa: F401
from tests.api.stage import Stage
from tests.api.test_document import approve_run, serve
from tests.runs import world as making
from worker.client import show
from worker.client.cli import main
from worker.client.hub import Exit


class Terminal:
    def __init__(self, url: str, token: str) -> None:
        self.environment = {"COLLEGIUM_URL": url, "COLLEGIUM_TOKEN": token}

    def say(self, *words: str) -> Result:
        return CliRunner(env=self.environment).invoke(main, words)

    def well(self, *words: str) -> str:
        done = self.say(*words)
        assert done.exit_code == 0, done.output
        return str(done.stdout)

    def lines(self, *words: str) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.well("--json", *words).splitlines()]


@pytest.fixture
def hub_url(stage: Stage) -> Iterator[str]:  # noqa: F811
    with serve(stage) as url:
        yield url


@pytest.fixture
def terminal(stage: Stage, hub_url: str) -> Terminal:  # noqa: F811
    return Terminal(hub_url, stage.token("owner"))


def test_what_one_looks_at(stage: Stage, terminal: Terminal, tmp_path: Path) -> None:  # noqa: F811
    stage.with_class()
    ids = stage.ids
    assert "administrator, instructor" in terminal.well("me")
    assert ids["institution"] in terminal.well("institution")
    assert "Version 1" in terminal.well("policy")
    assert "approved" in terminal.well("policy", "--history")
    assert ids["federation"] in terminal.well("federations", "list")
    assert "open" in terminal.well("federations", "show", ids["federation"])
    members = terminal.lines("federations", "members", ids["federation"], "--most", "2")
    assert len(members) == 2
    assert ids["site"] in terminal.well("sites", "list")
    assert "ready" in terminal.well("sites", "show", ids["site"])
    assert "7B" in terminal.well("reports", "list")
    assert "7B" in terminal.well("reports", "show", ids["school_class"])
    assert terminal.well("sent") == "Nothing here.\n"
    events = terminal.lines("audit", "list", "--kind", "class.", "--most", "5")
    assert {event["kind"] for event in events} >= {"class.added"}
    file = tmp_path / "trail.jsonl"
    assert terminal.well("audit", "export", str(file)) == ""
    assert "class.added" in file.read_text()
    assert terminal.well("audit", "checkpoints", str(tmp_path / "kept.jsonl")) == ""


def train(stage: Stage) -> None:  # noqa: F811
    """Both rounds, at whichever sites were asked."""
    for _ in range(2):
        for member in stage.world.members:
            making.train(stage.world, member)
        stage.world.work()
        making.evaluate_all(stage.world)
        stage.world.work()


def test_a_run_from_proposal_to_its_end(stage: Stage, terminal: Terminal) -> None:  # noqa: F811
    with stage.world.hub.db.session() as session:
        asks = making.POLICY.model_copy(update={"approval": "hub"})
        making.set_policy(session, stage.world.lead, asks)
    (made,) = terminal.lines("runs", "propose", stage.ids["federation"], "--rounds", "2")
    run = str(made["id"])
    assert made["state"] == "proposed"
    assert run in terminal.well("runs", "list", "--state", "proposed")
    approve_run(stage)
    train(stage)
    assert terminal.well("runs", "watch", run, "--every", "0.1").endswith(
        "completed: 2 of 2 rounds closed\n"
    )
    assert "completed" in terminal.well("runs", "show", run)
    other = str(terminal.lines("runs", "propose", stage.ids["federation"])[0]["id"])
    stage.call("POST", f"/runs/{other}/cancel", stage.token("owner"))
    assert terminal.say("runs", "watch", other).exit_code == Exit.ENDED_BADLY


def test_what_is_refused_is_said_in_the_hubs_words(
    stage: Stage,  # noqa: F811
    hub_url: str,
    terminal: Terminal,
) -> None:
    gone = terminal.say("runs", "show", "run_none")
    assert (gone.exit_code, gone.stdout) == (Exit.NOT_FOUND, "")
    assert gone.stderr == "There is no such run for you.\n"
    few = Terminal(hub_url, stage.token("owner", {Permission.CLASS_READ}))
    refused = few.say("runs", "list")
    assert refused.exit_code == Exit.NOT_ALLOWED
    assert "lacks the scope run:read" in refused.stderr
    wrong = terminal.say("runs", "list", "--state", "asleep")
    assert wrong.exit_code == Exit.REFUSED and "\n  state: " in wrong.stderr
    nobody = Terminal(hub_url, "clg_no_one").say("me")
    assert nobody.exit_code == Exit.NOT_ALLOWED
    away = Terminal("http://127.0.0.1:1", "clg_no_one").say("me")
    assert away.exit_code == Exit.AWAY and "does not answer" in away.stderr


def test_a_token_stays_secret(hub_url: str, terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(terminal.environment["COLLEGIUM_TOKEN"])
    file.chmod(0o644)
    alone = {"COLLEGIUM_URL": hub_url, "COLLEGIUM_TOKEN": ""}
    words = ["--token-file", str(file), "me"]
    open_to_all = CliRunner(env=alone).invoke(main, words)
    assert open_to_all.exit_code == Exit.USAGE and "chmod 600" in open_to_all.stderr
    file.chmod(0o600)
    assert CliRunner(env=alone).invoke(main, words).exit_code == 0
    assert CliRunner(env=alone).invoke(main, ["me"]).exit_code == Exit.USAGE
    plain = Terminal("http://hub.example", "clg_x").say("me")
    assert plain.exit_code == Exit.USAGE and "https://" in plain.stderr


def test_the_program_is_installed(hub_url: str, terminal: Terminal) -> None:
    program = Path(sys.executable).parent / "collegium"
    environment = {"PATH": "", **terminal.environment}
    done = subprocess.run([program, "me"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lost = subprocess.run(
        [program, "sites", "show", "site_none"], env=environment, capture_output=True, text=True
    )
    assert (lost.returncode, lost.stdout) == (Exit.NOT_FOUND, "")
    assert "Traceback" not in lost.stderr


@pytest.mark.parametrize("text", ["a\x1b[31mb", "a\u202eb", "a\nb", "a\x9bb"])
def test_what_others_wrote_moves_no_cursor(text: str) -> None:
    assert show.cell(text).isprintable()
