"""A release as a file: the same bytes each time, who may take it, and that a damaged one is not used."""

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from app.access.actor import Actor
from app.access.permissions import Role
from app.audit.models import Event
from app.errors import NotAllowed, NotFound
from app.releases import archive, queries
from tests.runs.world import World
from worker.learning.archive import open_archive
from worker.learning.faults import StateMismatch
from worker.protocol.canonical import digest
from worker.protocol.manifest import Signed
from worker.protocol.signatures import PublicKey


def taken(world: World, release: str, member: int = 1) -> tuple[str, bytes]:
    with world.hub.db.session() as session:
        return archive.download(session, world.hub, world.members[member].administrator, release)


def test_it_opens_to_the_models_parts(world: World, release: str, tmp_path: Path) -> None:
    name, content = taken(world, release)
    assert name.endswith("-release-1.zip")
    file = tmp_path / name
    file.write_bytes(content)
    opened = open_archive(file)
    with world.hub.db.reading() as session:
        row = queries.by_id(session, release)
        assert row is not None
        assert opened.description.modules == row.modules
    assert opened.modules.keys() == row.modules.keys()
    assert [t.name for t in opened.description.tasks] == ["pass"]


def test_two_downloads_are_the_same_and_both_are_written_down(world: World, release: str) -> None:
    first, second = taken(world, release, 1)[1], taken(world, release, 2)[1]
    assert digest(first) == digest(second)
    with world.hub.db.reading() as session:
        events = session.scalars(select(Event).where(Event.kind == "release.downloaded")).all()
    assert {e.chain_id for e in events} == {m.institution for m in world.members[1:3]}


def test_the_hub_signed_what_it_holds(world: World, release: str) -> None:
    with zipfile.ZipFile(io.BytesIO(taken(world, release)[1])) as file:
        envelope = Signed.model_validate_json(file.read("signature.json"))
        said = json.loads(file.read("release.json"))
        card = file.read("README.md").decode()
    signed = PublicKey(world.hub.key.public.text).open(envelope)
    assert json.loads(signed) == said
    assert "not for grades" in card
    assert "| pass | auc |" in card


def test_who_may(world: World, release: str) -> None:
    with world.hub.db.session() as session:
        archive.download(session, world.hub, world.lead.officer, release)
        with pytest.raises(NotAllowed):
            archive.download(session, world.hub, cast_reader(world), release)
        with pytest.raises(NotFound):
            archive.download(session, world.hub, world.stranger, release)


def cast_reader(world: World) -> Actor:
    member = world.members[1]
    return replace(member.administrator, roles={member.institution: frozenset({Role.READER})})


@pytest.mark.parametrize("harm", ["cut", "other bytes", "member gone", "no zip", "extra field"])
def test_a_damaged_file_is_refused_with_a_sentence(
    world: World, release: str, tmp_path: Path, harm: str
) -> None:
    file = tmp_path / "release.zip"
    file.write_bytes(damaged(taken(world, release)[1], harm))
    with pytest.raises(StateMismatch, match="Download it again"):
        open_archive(file)


def damaged(content: bytes, harm: str) -> bytes:
    if harm == "no zip":
        return b"not a zip file"
    if harm == "cut":
        return content[: len(content) // 2]
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        names = [n for n in old.namelist() if n.startswith("modules/")]
        for name in old.namelist():
            body = old.read(name)
            if name == names[0] and harm == "member gone":
                continue
            if name == names[0] and harm == "other bytes":
                body = body[:-1] + bytes([body[-1] ^ 1])
            if name == "release.json" and harm == "extra field":
                body = json.dumps(json.loads(body) | {"code": "print(1)"}).encode()
            new.writestr(name, body)
    return made.getvalue()
