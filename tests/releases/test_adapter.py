"""A release's text adapter as a file of PEFT's, from the hub's own objects: no torch, no second copy."""

import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import select

from app.access.permissions import Role
from app.audit.models import Event
from app.errors import NotAllowed, NotFound
from app.releases import adapter, queries
from app.runs import queries as runs
from tests.runs.world import World
from worker.protocol import codec
from worker.protocol.adapters import CONFIG, WEIGHTS

B = {
    f"layer{n}.{t}.Bt": np.full((8, 16), n, np.float32) for n in (4, 5) for t in ("query", "value")
}


@pytest.fixture
def with_text(world: World, release: str) -> str:
    """The same release, as if its model read text."""
    objects = world.hub.objects
    config = objects.put(json.dumps({"model_type": "bert", "hidden_size": 16}).encode())
    weights = objects.put(codec.encode(B))
    text = {"name": "tiny", "digest": "a" * 64, "files": {"config.json": config}, "bytes": 1}
    with world.hub.db.session() as session:
        row = queries.by_id(session, release)
        assert row is not None
        run = runs.by_id(session, row.run_id)
        assert run is not None
        run.plan = {**run.plan, "model": {**run.plan["model"], "text": text}}
        row.modules = {**row.modules, "adapter/text": weights}
    return release


def test_it_holds_b_as_trained_and_a_of_the_seed(world: World, with_text: str) -> None:
    with world.hub.db.session() as session:
        officer = world.members[1].administrator
        name, content = adapter.download(session, world.hub, officer, with_text)
        again = adapter.download(session, world.hub, officer, with_text)[1]
    assert name.endswith("-release-1-adapter.zip")
    assert content == again
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert set(file.namelist()) == {CONFIG, WEIGHTS, "README.md"}
        said, tensors = json.loads(file.read(CONFIG)), codec.decode(file.read(WEIGHTS))
        assert "tiny" in file.read("README.md").decode()
    assert (said["peft_type"], said["r"], said["layers_to_transform"]) == ("LORA", 8, [4, 5])
    at = "base_model.model.encoder.layer.5.attention.self.value"
    assert np.array_equal(tensors[f"{at}.lora_B.weight"], B["layer5.value.Bt"].T)
    a = tensors[f"{at}.lora_A.weight"]
    assert np.allclose(a @ a.T, np.eye(8), atol=1e-6)
    with world.hub.db.reading() as session:
        kind = "release.adapter-downloaded"
        events = session.scalars(select(Event).where(Event.kind == kind)).all()
    assert [e.subject for e in events] == [with_text, with_text]


def test_who_may_and_where_there_is_none(world: World, with_text: str) -> None:
    member = world.members[1]
    reader = replace(member.administrator, roles={member.institution: frozenset({Role.READER})})
    with world.hub.db.session() as session:
        with pytest.raises(NotAllowed):
            adapter.download(session, world.hub, reader, with_text)
        with pytest.raises(NotFound):
            adapter.download(session, world.hub, world.stranger, with_text)


def test_a_release_without_text_has_none(world: World, release: str) -> None:
    with world.hub.db.session() as session, pytest.raises(NotFound):
        adapter.download(session, world.hub, world.members[1].administrator, release)
