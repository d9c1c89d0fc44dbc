"""What a technician does wrong, or meets: one sentence of what happened and one of what to do; never a traceback."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import disks
from tests.servers import wait_until
from tests.site.stage import Stage, environment
from tests.site.test_cli import Invited, run

TOKEN = "cst_" + "a" * 43 + "." + "0" * 32


def said(home: Path, *arguments: str, code: int = 1) -> str:
    found = run(home, *arguments)
    assert found.exit_code == code, found.output
    assert "Traceback" not in found.output
    assert len(found.output.strip().splitlines()) <= 2, found.output
    return " ".join(found.output.split())


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://hub.example.org", "must begin with https://"),
        ("hub.example.org", "must begin with https://"),
        ("https://", "must begin with https://"),
        ("http://[::1", "must begin with https://"),
        ("https://a:b@hub.example.org", "carries a password. Leave it out."),
        ("http://127.0.0.1:1", "does not answer. Check the network"),
    ],
)
def test_an_address_that_is_wrong_or_away(tmp_path: Path, url: str, sentence: str) -> None:
    assert sentence in said(tmp_path / "home", "join", url, "--token", TOKEN)


def test_a_proxy_that_does_not_answer(tmp_path: Path) -> None:
    command = ["--home", str(tmp_path / "h"), "join", "https://hub.example.org", "--token", TOKEN]
    done = subprocess.run(
        [sys.executable, "-m", "worker.site", *command],
        env=environment(HTTPS_PROXY="http://127.0.0.1:9"),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, "HTTPS_PROXY" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr


def test_a_file_that_holds_no_certificates(tmp_path: Path) -> None:
    text = tmp_path / "ca.pem"
    text.write_text("no", encoding="utf-8")
    found = said(
        tmp_path / "home", "join", "https://127.0.0.1:1", "--token", TOKEN, "--ca-file", str(text)
    )
    assert "PEM" in found


def test_nobody_to_type_the_token(tmp_path: Path) -> None:
    assert "--token-file FILE" in said(tmp_path / "home", "join", "https://hub.example.org")


@pytest.mark.parametrize(
    "command",
    [["check"], ["run"], ["status"], ["log"], ["key", "rotate"], ["policy", "show"]],
    ids=" ".join,
)
def test_a_folder_that_is_none(tmp_path: Path, command: list[str]) -> None:
    home = tmp_path / "none"
    assert "There is no site in" in said(home, *command)
    assert not home.exists(), "looking makes nothing"


def test_a_folder_this_account_may_not_write(tmp_path: Path) -> None:
    """As an account without rights; root may write anywhere, so a file stands in the way."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    found = said(tmp_path / "file", "join", "http://127.0.0.1:1", "--token", TOKEN)
    assert "this account may read and write there" in found


@pytest.fixture
def joined(live: Stage, tmp_path: Path) -> Iterator[Path]:
    invited = Invited(live, tmp_path / "home")
    assert invited.join("--wait", "0").exit_code == 0
    yield invited.root


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("site.yaml", "hub: [", "line 1. docs/site.md"),
        ("site.yaml", "hub: http://127.0.0.1:1\nhors: 3\n", "hors: Extra inputs are not permitted"),
        ("site.yaml", "- a\n", "site.yaml"),
        ("identity.json", "{", "identity.json is damaged. Put it back"),
        ("keys.json", "{", "keys.json is damaged. Put it back"),
    ],
)
def test_a_damaged_file_is_named(joined: Path, name: str, content: str, sentence: str) -> None:
    (joined / name).write_text(content, encoding="utf-8")
    assert sentence in said(joined, "status")


def test_before_the_words_are_confirmed(joined: Path) -> None:
    assert "six words" in said(joined, "policy", "review")
    assert "six words" in said(joined, "key", "rotate")


def test_what_is_no_run_and_no_zone(joined: Path) -> None:
    assert "is no run" in said(joined, "policy", "approve-run", "../../x")
    assert "Europe/Berlin" in said(joined, "run", "--time-zone", "Moon/Base")
    assert "18:00-06:00" in said(joined, "run", "--hours", "25:00-26:00")
    assert "12h or 7d" in said(joined, "log", "--since", "yesterday")


def test_a_policy_nobody_is_there_to_accept(live: Stage, tmp_path: Path) -> None:
    invited = Invited(live, tmp_path / "home")
    words = invited.join("--wait", "0").output
    invited.confirm(next(line.strip() for line in words.splitlines() if line.startswith("    ")))
    found = run(invited.root, "policy", "review")
    assert found.exit_code == 1
    assert "policy accept DIGEST" in found.output


@pytest.mark.parametrize("off_s", [-600, 600])
def test_a_clock_off_by_ten_minutes(
    joined: Path, off_s: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    monkeypatch.setattr("worker.site.client.time.time", lambda: real() + off_s)
    assert "timedatectl set-ntp true" in said(joined, "key", "rotate")
    checked = run(joined, "check")
    assert (checked.exit_code, "timedatectl" in checked.output) == (1, True)


def test_a_full_disk(live: Stage, tmp_path: Path) -> None:
    with disks.small(tmp_path / "small", megabytes=1) as disk:
        invited = Invited(live, disk / "home")
        disks.fill(disk)
        first = invited.join("--wait", "0")
        assert (first.exit_code, "is full. Free some space" in first.output) == (1, True)
        (disk / "filler").unlink()
        assert invited.join("--wait", "0").exit_code == 0, "the token was not lost"
        disks.fill(disk)
        assert "is full. Free some space" in said(invited.root, "key", "rotate")
        found = run(invited.root, "run")
        assert (found.exit_code, "is full. Free some space" in found.output) == (1, True)
        (disk / "filler").unlink()


def test_control_c_ends_a_run_with_a_sentence(joined: Path) -> None:
    command = [sys.executable, "-m", "worker.site", "--home", str(joined), "run"]
    site = subprocess.Popen(
        command,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    wait_until((joined / "logs" / "train.log").is_file, seconds=60, what="the lanes")
    os.killpg(site.pid, signal.SIGINT)
    output, _ = site.communicate(timeout=90)
    assert site.returncode == 0, output
    assert "The site has stopped." in output
    assert "Traceback" not in output
