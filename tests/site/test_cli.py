"""The command line as a technician uses it, against a real hub."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.institutions.models import Institution
from app.sites import queries, service
from app.sites.models import Site
from tests.runs import world as runs
from tests.runs.world import Member
from tests.servers import wait_until
from tests.site import homes
from tests.site.stage import Stage, environment
from worker.protocol.canonical import digest_of
from worker.protocol.policy import Leaves, PolicyDocument
from worker.protocol.signatures import PrivateKey
from worker.site import accepted
from worker.site.cli import cli
from worker.site.home import Home

POLICY = PolicyDocument(leaves=Leaves(metrics=True, class_codes=True))


def run(home: Path, *arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(cli, ["--home", str(home), *arguments], input=answer)


class Invited:
    """A new site of the first member, added by its administrator, not joined yet."""

    def __init__(self, live: Stage, root: Path) -> None:
        self.live = live
        self.member: Member = live.world.members[0]
        self.root = root
        hub = live.world.hub
        with hub.db.session() as session:
            runs.set_policy(session, self.member, POLICY)
            home = session.get_one(Institution, self.member.institution)
            site, self.token = service.add_site(
                session, self.member.administrator, home, "Second", hub_key=hub.key.public
            )
            self.site = site.id

    def confirm(self, words: str) -> None:
        hub = self.live.world.hub
        with hub.db.session() as session:
            site = session.get_one(Site, self.site)
            service.confirm(session, self.member.administrator, site, words, hub_key=hub.key.public)

    def row(self) -> Site:
        with self.live.world.hub.db.reading() as session:
            return session.get_one(Site, self.site)

    def join(self, *more: str, answer: str = "") -> Result:
        return run(self.root, "join", self.live.url, "--token", self.token, *more, answer=answer)


@pytest.fixture
def invited(live: Stage, tmp_path: Path) -> Iterator[Invited]:
    yield Invited(live, tmp_path / "home")


def words_in(output: str) -> str:
    return next(line.strip() for line in output.splitlines() if line.startswith("    "))


def test_from_join_to_ready(invited: Invited, tmp_path: Path) -> None:
    first = invited.join("--wait", "0")
    assert first.exit_code == 0, first.output
    words = words_in(first.output)
    with invited.live.world.hub.db.reading() as session:
        site = session.get_one(Site, invited.site)
        assert tuple(words.split()) == queries.words(invited.live.world.hub.key.public, site)
    assert "not ready" in run(invited.root, "check").output
    invited.confirm(words)

    shown = run(invited.root, "policy", "review", answer="n\n")
    assert "Codes of classes go to the hub, without students." in shown.output
    assert accepted.current(Home(invited.root)) is None
    assert run(invited.root, "policy", "show").exit_code == 1
    assert run(invited.root, "policy", "accept", "0" * 64).exit_code == 1
    assert accepted.current(Home(invited.root)) is None
    assert run(invited.root, "policy", "review", answer="y\n").exit_code == 0
    assert invited.row().policy_accepted is not None

    folder = homes.records(tmp_path / "records")
    used = run(invited.root, "data", "use", str(folder))
    assert used.exit_code == 0, used.output
    assert "1 class codes are offered" in used.output
    ready = run(invited.root, "check")
    assert ready.exit_code == 0, ready.output
    assert {item["item"] for item in invited.row().readiness["items"]} >= {
        "clock",
        "policy",
        "data",
    }
    status = run(invited.root, "status").output
    assert words in status
    assert "version 2 in force" in status
    log = run(invited.root, "log", "--since", "1h").output
    for kind in ("policy", "readiness", "class-codes", "hello"):
        assert kind in log


def test_join_waits_for_the_words_and_takes_the_policy_named(invited: Invited) -> None:
    done: list[Result] = []
    joining = threading.Thread(
        target=lambda: done.append(
            invited.join("--wait", "30", "--accept-policy", digest_of(POLICY))
        )
    )
    joining.start()
    wait_until(lambda: invited.row().key is not None, seconds=10, what="the join")
    with invited.live.world.hub.db.reading() as session:
        site = session.get_one(Site, invited.site)
        words = " ".join(queries.words(invited.live.world.hub.key.public, site))
    invited.confirm(words)
    joining.join(20)
    assert done[0].exit_code == 0, done[0].output
    found = accepted.current(Home(invited.root))
    assert found is not None
    assert found.document == POLICY


def test_a_token_from_a_file_and_from_stdin(invited: Invited, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(invited.token + "\n", encoding="utf-8")
    joined = run(invited.root, "join", invited.live.url, "--token-file", str(path), "--wait", "0")
    assert joined.exit_code == 0, joined.output
    again = run(
        tmp_path / "other", "join", invited.live.url, "-", "--wait", "0", answer=invited.token
    )
    assert again.exit_code == 1
    assert "used" in again.output


def test_a_hub_with_another_key_is_refused_and_nothing_kept(invited: Invited) -> None:
    secret = invited.token.partition(".")[0]
    other = f"{secret}.{PrivateKey().public.fingerprint}"
    refused = run(invited.root, "join", invited.live.url, "--token", other, "--wait", "0")
    assert refused.exit_code == 1
    assert not Home(invited.root).is_joined


def test_a_false_hub_with_a_good_token_is_found_out(
    invited: Invited, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Someone in between answers the join with a key of their own."""
    from worker.protocol.messages import JoinAnswer
    from worker.site import enrolment

    real = enrolment._ask

    def in_between(*args: object) -> JoinAnswer:
        answer = real(*args)  # type: ignore[arg-type]
        return answer.model_copy(update={"hub_key": PrivateKey().public.text})

    monkeypatch.setattr(enrolment, "_ask", in_between)
    refused = invited.join("--wait", "0")
    assert refused.exit_code == 1
    assert "do not go on" in refused.output
    assert not Home(invited.root).is_joined


@pytest.mark.parametrize("token", ["", "cst_x", "abc.def", "cst_x." + "f" * 31])
def test_what_is_no_token(invited: Invited, token: str) -> None:
    refused = run(invited.root, "join", invited.live.url, "--token", token or "x", "--wait", "0")
    assert refused.exit_code == 1
    assert "Copy the whole command" in refused.output


def test_keys_are_private_and_others_are_told(invited: Invited) -> None:
    invited.join("--wait", "0")
    home = Home(invited.root)
    assert home.keys_file.stat().st_mode & 0o777 == 0o600
    assert invited.root.stat().st_mode & 0o777 == 0o700
    home.keys_file.chmod(0o644)
    told = run(invited.root, "status")
    assert told.exit_code == 1
    assert "chmod 600" in told.output


def test_the_command_pasted_twice_goes_on(invited: Invited) -> None:
    invited.join("--wait", "0")
    again = invited.join("--wait", "0")
    assert again.exit_code == 0, again.output
    other = run(invited.root, "join", "https://elsewhere.example", "--token", invited.token)
    assert other.exit_code == 1


def test_nobody_confirmed_is_an_exit_code(invited: Invited) -> None:
    assert invited.join("--wait", "1").exit_code == 2


@pytest.mark.parametrize(
    "arguments", [("status",), ("check",), ("log",), ("policy", "review"), ("run",)]
)
def test_a_folder_without_a_site_says_how_to_join(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    told = run(tmp_path / "none", *arguments)
    assert told.exit_code == 1
    assert "collegium-site join" in told.output


def test_hours_are_kept_and_a_bad_window_is_refused(invited: Invited) -> None:
    invited.join("--wait", "0")
    refused = run(invited.root, "run", "--hours", "late")
    assert refused.exit_code == 1
    assert "18:00-06:00" in refused.output
    assert Home(invited.root).config().hours is None


def test_data_check_tells_file_row_and_fix(tmp_path: Path) -> None:
    folder = homes.records(tmp_path / "records")
    assert run(tmp_path, "data", "check", str(folder)).exit_code == 0
    path = folder / "records.csv"
    path.write_text(
        path.read_text(encoding="utf-8") + "z,A,2026,many,3,GEN,yes\n", encoding="utf-8"
    )
    told = run(tmp_path, "data", "check", str(folder))
    assert told.exit_code == 1
    assert "records.csv, row 122, column hours" in told.output


def test_data_import_names_what_it_has(tmp_path: Path) -> None:
    told = run(tmp_path, "data", "import", "nothing", str(tmp_path), str(tmp_path / "out"))
    assert told.exit_code == 1
    assert "oulad" in told.output
    wrong = run(
        tmp_path, "data", "import", "oulad", str(tmp_path), str(tmp_path / "out"), "--x", "1"
    )
    assert "--day" in wrong.output


BLOCKED = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names}:
            raise ImportError(name + " is not installed here")

sys.meta_path.insert(0, Absent())
from worker.site.cli import cli
import worker.site.celery, worker.site.tasks, worker.site.supervisor, worker.site.lane
cli(["--help"], standalone_mode=False)
heavy = {{"torch", "transformers", "peft", "pandas", "pyarrow"}} & set(sys.modules)
assert not heavy, heavy
"""


def test_a_site_needs_neither_the_hub_s_packages_nor_to_load_the_heavy_ones() -> None:
    names = {"sqlalchemy", "fastapi", "alembic", "redis", "psycopg", "argon2", "app"}
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED.format(names=names)],
        capture_output=True,
        text=True,
        env=environment(),
    )
    assert done.returncode == 0, done.stderr
    assert "join" in done.stdout
