"""Each institution adds a site: a token, a command at the site, six words compared, the policy accepted there."""

import os
import re
import shutil
import sys
from pathlib import Path

from app.demo.forms import Page
from app.demo.play import Play, Step
from app.demo.scenario import Member
from app.demo.stage import NotReady, said
from app.demo.visitor import Refused

_TOKEN = re.compile(r"--token (\S+)")
_SITE = re.compile(r"\bsite_[0-9a-z]{10,}")
SITE_NAME = "Records server"


def data_step(play: Play, source: Path | None, scale: float) -> Step:
    title = "The simulated campus is made" if play.scenario.name == "campus" else "Records are read"
    return Step("data", title, lambda: _data(play, source, scale))


def steps(play: Play) -> list[Step]:
    found = []
    for member in play.scenario.members:
        found += _member(play, member)
    return found


def _member(play: Play, member: Member) -> list[Step]:
    site = f"the site of {member.name}"
    return [
        Step(f"add {member.slug}", f"{member.name} adds a site", lambda: _add(play, member)),
        Step(f"join {member.slug}", f"Joining: {site}", lambda: _join(play, member)),
        Step(
            f"confirm {member.slug}",
            f"{member.name} compares six words",
            lambda: _confirm(play, member),
        ),
        Step(
            f"accept {member.slug}",
            f"The policy is accepted at {site}",
            lambda: _accept(play, member),
        ),
        Step(f"use {member.slug}", f"Records are checked at {site}", lambda: _use(play, member)),
    ]


def _data(play: Play, source: Path | None, scale: float) -> None:
    """Folders below the stage's `data`. Half-made ones of a stopped demo are made again."""
    target = play.stage.data
    shutil.rmtree(target, ignore_errors=True)
    if play.scenario.name == "campus":
        command = ["campus", str(target), "--scale", str(scale)]
        said([sys.executable, "-m", "worker.learning", *command])
        return
    if source is None:
        raise NotReady("the Open University set is needed: make demo DATA=FOLDER SCENARIO=ou")
    folder = source / "oulad" if (source / "oulad").is_dir() else source
    first = play.scenario.lead
    play.stage.site(first, "data", "import", "oulad", str(folder), str(target))


def _institution(play: Play, member: Member) -> str:
    return f"/i/{play.memory.ids[member.slug]}"


def _token_file(play: Play, member: Member) -> Path:
    return play.stage.home / "sites" / f"{member.slug}.token"


def _add(play: Play, member: Member) -> None:
    """The page shows the token once; the data steward keeps it in a file only they can read."""
    visitor = play.visitor(member.person("administrator"))
    sites = f"{_institution(play, member)}/sites"
    known = _site_id(visitor.open(sites))
    if known:  # an earlier start was cut short after this: ask for a new command
        page = visitor.send(visitor.open(f"{sites}/new?site={known}"), "/renew")
    else:
        page = visitor.send(visitor.open(f"{sites}/new"), "/sites/new", {"name": SITE_NAME})
    token, site = _TOKEN.search(page.text), known or _site_id(visitor.open(sites))
    if token is None or site is None:
        raise Refused(f"{page.url} shows no command with a token")
    play.memory.ids[f"site {member.slug}"] = site
    _keep_token(_token_file(play, member), token[1])


def _site_id(page: Page) -> str | None:
    found = (_SITE.search(link) for link in page.links)
    return next((one[0] for one in found if one), None)


def _keep_token(path: Path, token: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(token)


def _join(play: Play, member: Member) -> None:
    token = _token_file(play, member)
    options = ("--token-file", str(token), "--name", SITE_NAME, "--wait", "0")
    spoken = play.stage.site(member, "join", play.stage.address, *options)
    lines = [line.split() for line in spoken.splitlines() if line.startswith("    ")]
    six = next((words for words in lines if len(words) == 6), None)
    if six is None:
        raise NotReady(f"the site showed no six words: {spoken[-300:]}")
    play.memory.ids[f"words {member.slug}"] = " ".join(six)
    token.unlink()


def _confirm(play: Play, member: Member) -> None:
    visitor = play.visitor(member.person("administrator"))
    site = play.memory.ids[f"site {member.slug}"]
    page = visitor.open(f"{_institution(play, member)}/sites/new?site={site}")
    if play.memory.ids[f"words {member.slug}"] not in page.text:
        raise Refused(f"{page.url} shows other words than the site")
    visitor.send(page, "/confirm", {"same": "1"})


def _accept(play: Play, member: Member) -> None:
    """A person at the site reads the policy and says yes."""
    play.stage.site(member, "policy", "review", answers="y\n")


def _use(play: Play, member: Member) -> None:
    play.stage.site(member, "data", "use", str(play.stage.data / member.data))
    play.stage.site(member, "check")
    play.stage.site(member, "data", "fit", play.memory.ids["federation"])
    play.stage.start_site(member)
