"""A site changes its key: killed at any moment it can still speak, and the old key is out in the end."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from app.audit.models import Event
from app.sites import queries
from app.sites.models import Site
from tests.door.sender import Sender
from tests.runs.world import Member
from tests.site.stage import Stage, environment
from tests.site.test_cli import run
from tests.site.wire import between
from worker.protocol.signatures import PrivateKey
from worker.site import accepted
from worker.site.client import connect
from worker.site.door import Door
from worker.site.faults import Refused, SiteFault
from worker.site.home import Home
from worker.site.rotation import rotate

KILL = """
import os, signal, sys
from pathlib import Path
from worker.site import keys, door, rotation
from worker.site.home import Home

def dies(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def after(original):
    def done(*given):
        original(*given)
        dies()
    return done

owner = {"KeyFile": keys.KeyFile, "Door": door.Door}[sys.argv[2]]
late = sys.argv[4] == "after"
setattr(owner, sys.argv[3], after(getattr(owner, sys.argv[3])) if late else dies)
rotation.rotate(Home(Path(sys.argv[1])))
"""
STEPS = [
    ("KeyFile", "prepare", "after"),
    ("Door", "announce_key", "before"),
    ("Door", "announce_key", "after"),
    ("KeyFile", "switch", "before"),
    ("KeyFile", "switch", "after"),
    ("Door", "hello", "after"),
]


@pytest.fixture
def member(live: Stage) -> Member:
    return live.world.members[0]


def row(live: Stage, member: Member) -> Site:
    with live.world.hub.db.reading() as session:
        return session.get_one(Site, member.site)


def kinds(live: Stage, member: Member) -> list[str]:
    with live.world.hub.db.reading() as session:
        found = session.scalars(select(Event.kind).where(Event.subject == member.site))
        return [kind for kind in found if kind.startswith("site.key")]


def hello(home: Home) -> str:
    door = Door(connect(home))
    try:
        return door.hello().state
    finally:
        door.close()


def test_the_old_key_is_refused_and_what_it_signed_stays(live: Stage, member: Member) -> None:
    home = live.home(member)
    old, pseudonym = home.keys().signing, home.keys().pseudonym
    said = run(home.root, "key", "rotate")
    assert said.exit_code == 0, said.output
    found = row(live, member)
    assert queries.fingerprint(found) in said.output
    assert (found.key, found.next_key) == (home.keys().signing.public.text, None)
    assert home.keys().pseudonym == pseudonym, "students would get other pseudonyms"
    assert old.seed.hex() not in home.keys_file.read_text(encoding="utf-8")
    assert hello(home) == "ready"
    with httpx.Client(base_url=live.url) as client:
        assert Sender(client, member.site, old).send("/hello").json()["code"] == "bad-signature"
    assert accepted.current(home) is not None
    assert kinds(live, member) == ["site.key-announced", "site.key-changed"]
    assert run(home.root, "key", "rotate").exit_code == 0
    assert accepted.current(home) is not None


@pytest.mark.parametrize("step", STEPS, ids=" ".join)
def test_killed_at_any_step_it_can_speak_and_the_same_command_goes_on(
    live: Stage, member: Member, step: tuple[str, str, str]
) -> None:
    home = live.home(member)
    old = home.keys().signing
    killed = subprocess.run(
        [sys.executable, "-c", KILL, str(home.root), *step], env=environment(), timeout=60
    )
    assert killed.returncode == -signal.SIGKILL
    assert hello(Home(home.root)) == "ready"
    assert accepted.current(Home(home.root)) is not None
    assert run(home.root, "key", "rotate").exit_code == 0
    assert hello(Home(home.root)) == "ready"
    with httpx.Client(base_url=live.url) as client:
        assert Sender(client, member.site, old).send("/hello").status_code == 401


def test_a_hub_that_is_away_changes_nothing(live: Stage, member: Member) -> None:
    with between(live.url) as wire:
        home = live.home(member, url=wire.url)
        old = home.keys().signing.public
        wire.cut()
        said = run(home.root, "key", "rotate")
        assert said.exit_code == 1
        assert "does not answer" in said.output
        assert home.keys().signing.public == old
        wire.restore()
        assert run(home.root, "key", "rotate").exit_code == 0
    assert len(kinds(live, member)) == 2


def test_a_folder_put_back_from_an_old_copy_is_told_what_to_do(live: Stage, member: Member) -> None:
    home = live.home(member)
    copy = home.keys_file.read_bytes()
    rotate(home)
    home.keys_file.write_bytes(copy)
    with pytest.raises(Refused, match="put back from a copy"):
        hello(home)


def test_a_site_that_is_not_confirmed_cannot(live: Stage, member: Member) -> None:
    home = live.home(member)
    with live.world.hub.db.session() as session:
        from app.sites.states import SiteState

        session.get_one(Site, member.site).state = SiteState.JOINED
    said = run(home.root, "key", "rotate")
    assert said.exit_code == 1
    assert "six words" in said.output


@pytest.mark.parametrize("content", ["", "{", "[]", '{"signing": 1}', '{"signing": "zz"}'])
def test_a_damaged_file_of_keys_is_named(tmp_path: Path, content: str) -> None:
    home = Home(tmp_path)
    home.keys_file.write_text(content, encoding="utf-8")
    home.keys_file.chmod(0o600)
    with pytest.raises(SiteFault, match=r"keys\.json is damaged"):
        home.keys()


def test_two_at_once_are_one_after_the_other(live: Stage, member: Member) -> None:
    home = live.home(member)
    command = [sys.executable, "-m", "worker.site", "--home", str(home.root), "key", "rotate"]
    both = [subprocess.Popen(command, env=environment()) for _ in range(2)]
    codes = sorted(one.wait(60) for one in both)
    assert codes in ([0, 0], [0, 1])
    assert hello(Home(home.root)) == "ready"


def test_a_file_written_by_an_earlier_version_is_read(tmp_path: Path) -> None:
    home = Home(tmp_path)
    key = PrivateKey()
    plain = {"signing": key.seed.hex(), "pseudonym": "7" * 64}
    home.keys_file.write_text(json.dumps(plain), encoding="utf-8")
    home.keys_file.chmod(0o600)
    assert home.keys().signing.seed == key.seed
    assert (home.keys().next, home.keys().earlier) == (None, ())
