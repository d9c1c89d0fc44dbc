"""Importing a base model: known files only, no pickle, no code, pinned by digest, allowed by an operator."""

import hashlib
import json
import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import objects
from app.audit.models import Event
from app.errors import Conflict, Invalid
from app.federations import base_models, queries, service
from app.federations.schemas import DraftSteps, ModelStep
from app.objects import ObjectStore
from tests.federations.people import People, drafted


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return objects.build(f"file://{tmp_path / 'objects'}", 0, tmp_path / "work")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "model"
    path.mkdir()
    (path / "config.json").write_text(json.dumps({"hidden_size": 8, "num_hidden_layers": 1}))
    (path / "tokenizer.json").write_text("{}")
    (path / "vocab.txt").write_text("[PAD]\n")
    save_file({"weight": np.ones((2, 2), np.float32)}, path / "model.safetensors")
    return path


def take(session: Session, store: ObjectStore, folder: Path, name: str = "Tiny") -> object:
    return base_models.import_model(
        session, store, folder, name=name, licence="Apache-2.0", source="made for this test"
    )


def test_a_model_is_pinned_and_pickles_stay_outside(
    session: Session, store: ObjectStore, folder: Path
) -> None:
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"a": 1}))
    (folder / "modeling.py").write_text("raise SystemExit")
    (folder / "special_tokens_map.json").symlink_to("/etc/hostname")
    take(session, store, folder)
    (model,) = queries.base_models(session)
    weights = (folder / "model.safetensors").read_bytes()
    assert model.digest == hashlib.sha256(weights).hexdigest()
    assert set(model.files) == {
        "config.json",
        "tokenizer.json",
        "vocab.txt",
        "model.safetensors",
    }
    assert all(store.exists(d) for d in model.files.values())
    assert not model.allowed
    assert session.scalars(select(Event.kind)).all() == ["model.imported"]


def test_the_same_again_changes_nothing_and_a_name_is_taken_once(
    session: Session, store: ObjectStore, folder: Path
) -> None:
    assert take(session, store, folder) is take(session, store, folder, "Other name")
    save_file({"weight": np.zeros((2, 2), np.float32)}, folder / "model.safetensors")
    with pytest.raises(Conflict, match="this name"):
        take(session, store, folder)


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def write(name: str, content: bytes) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return spoil


def too_long(folder: Path) -> None:
    with (folder / "tokenizer.json").open("wb") as file:
        file.truncate(base_models.JSON_BYTES + 1)


def cut(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-3])


@pytest.mark.parametrize(
    "spoil",
    [
        without("config.json"),
        without("model.safetensors"),
        write("model.safetensors", pickle.dumps({"weight": 1})),
        write("model.safetensors", b""),
        write("model.safetensors", struct.pack("<Q", 2**60)),
        write("model.safetensors", struct.pack("<Q", 2) + b"[]"),
        write("config.json", b"not json"),
        write("config.json", b'{"auto_map": {"AutoModel": "modeling.Evil"}}'),
        too_long,
        cut,
    ],
)
def test_what_is_not_taken(
    session: Session, store: ObjectStore, folder: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(folder)
    with pytest.raises(Invalid):
        take(session, store, folder)
    assert queries.base_models(session) == []


def test_licence_and_source_are_named(session: Session, store: ObjectStore, folder: Path) -> None:
    with pytest.raises(Invalid, match="licence"):
        base_models.import_model(session, store, folder, name="Tiny", licence=" ", source="x")


def test_a_federation_names_it_once_an_operator_allowed_it(
    session: Session, people: People, store: ObjectStore, folder: Path
) -> None:
    take(session, store, folder)
    (model,) = queries.base_models(session)
    federation = drafted(session, people.lead)

    def save() -> None:
        steps = DraftSteps(model=ModelStep(text_model=model.digest))
        service.save_draft(
            session,
            people.lead.administrator,
            federation,
            steps,
            revision=federation.revision,
        )

    with pytest.raises(Invalid):
        save()
    base_models.allow(session, people.operator, model.id)
    save()
    text = queries.model(federation).text
    assert text is not None
    assert (text.digest, text.files) == (model.digest, model.files)
    base_models.withdraw(session, people.operator, model.id)
    with pytest.raises(Invalid):
        save()
    kinds = session.scalars(select(Event.kind).where(Event.subject == model.id)).all()
    assert sorted(kinds) == ["model.allowed", "model.imported", "model.withdrawn"]
