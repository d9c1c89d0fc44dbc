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
from app.federations import base_models, compatibility, model_folder, offered, queries, service
from app.federations.schemas import DraftSteps, ModelStep
from app.objects import ObjectStore
from tests.federations.people import People, drafted
from tests.learning import media_models
from worker.protocol import limits


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return objects.build(f"file://{tmp_path / 'objects'}", 0, tmp_path / "work")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "model"
    path.mkdir()
    (path / "config.json").write_text(
        json.dumps({"model_type": "bert", "hidden_size": 8, "num_hidden_layers": 1})
    )
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
    (model,) = offered.base_models(session)
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


def test_an_import_tells_how_far_each_file_is(
    session: Session, store: ObjectStore, folder: Path
) -> None:
    """Each is read for its digest and again for its bytes."""
    last: dict[str, tuple[int, int]] = {}
    about = {"name": "Tiny", "licence": "Apache-2.0", "source": "made for this test"}
    told = lambda what, done, whole: last.update({what: (done, whole)})  # noqa: E731
    model = base_models.import_model(session, store, folder, **about, told=told)
    twice = {f"Reading {name}": 2 * (folder / name).stat().st_size for name in model.files}
    assert last == {what: (size, size) for what, size in twice.items()}


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
        file.truncate(model_folder.JSON_BYTES + 1)


def too_heavy(folder: Path) -> None:
    """Sparse: it takes no room."""
    with (folder / "model.safetensors").open("ab") as file:
        file.truncate(limits.OBJECT_BYTES + 1)


def only_pickle(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"a": 1}))


def in_pieces(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    (folder / "model.safetensors.index.json").write_text("{}")


def cut(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-3])


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (without("config.json"), "needs config.json beside"),
        (without("model.safetensors"), "needs config.json and model.safetensors"),
        (write("model.safetensors", pickle.dumps({"weight": 1})), "not a safetensors file"),
        (write("model.safetensors", b""), "not a safetensors file"),
        (write("model.safetensors", struct.pack("<Q", 2**60)), "not a safetensors file"),
        (write("model.safetensors", struct.pack("<Q", 2) + b"[]"), "not a safetensors file"),
        (write("config.json", b"not json"), "is not JSON"),
        (write("config.json", b"[]"), "of the family – cannot be read here. Of these they can: "),
        (write("config.json", b'{"model_type": "llama"}'), "audio-spectrogram-transformer, bert"),
        (write("config.json", b'{"model_type": "bert"}'), "how wide and deep"),
        (
            write("config.json", b'{"auto_map": {"AutoModel": "modeling.Evil"}}'),
            "Choose a model that the library reads by itself",
        ),
        (too_long, "tokenizer.json is too large"),
        (too_heavy, "Choose a smaller one"),
        (cut, "not a safetensors file"),
        (only_pickle, "pytorch_model.bin can run code when it is read.*save_pretrained"),
        (in_pieces, "in several files"),
    ],
)
def test_what_is_not_taken(
    session: Session, store: ObjectStore, folder: Path, spoil: Callable[[Path], None], says: str
) -> None:
    spoil(folder)
    with pytest.raises(Invalid, match=says):
        take(session, store, folder)
    assert offered.base_models(session) == []


@pytest.mark.parametrize("family", sorted(media_models.VISION | media_models.SPEECH))
def test_vision_and_speech_models_are_taken_as_text_models_are(
    session: Session, store: ObjectStore, tmp_path: Path, family: str
) -> None:
    """As the library saves them; of what lies beside them only config, preprocessor and weights are taken."""
    made = (media_models.VISION | media_models.SPEECH)[family](tmp_path / "model")
    (made / "vocab.json").write_text("{}")
    (made / "pytorch_model.bin").write_bytes(pickle.dumps({"a": 1}))
    take(session, store, made)
    (model,) = offered.base_models(session)
    assert model.modality == ("image" if family in media_models.VISION else "audio")
    assert model.files == media_models.pinned(made).files
    assert model.digest == model.files["model.safetensors"]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (without("preprocessor_config.json"), "preprocessor_config.json is missing.*beside"),
        (write("preprocessor_config.json", b"{}"), "does not bring images to a square"),
        (write("preprocessor_config.json", b'{"size": 9000}'), "Choose a model that does"),
        (write("preprocessor_config.json", b"no"), "is not JSON"),
        (write("preprocessor_config.json", b'{"auto_map": {"a": "b"}}'), "no code travels"),
        (only_pickle, "pytorch_model.bin can run code"),
        (too_heavy, "Choose a smaller one"),
    ],
)
def test_what_is_not_taken_of_a_vision_model(
    session: Session,
    store: ObjectStore,
    tmp_path: Path,
    spoil: Callable[[Path], None],
    says: str,
) -> None:
    made = media_models.vit(tmp_path / "vit")
    spoil(made)
    with pytest.raises(Invalid, match=says):
        take(session, store, made)
    assert offered.base_models(session) == []


def test_licence_and_source_are_named(session: Session, store: ObjectStore, folder: Path) -> None:
    with pytest.raises(Invalid, match="licence"):
        base_models.import_model(session, store, folder, name="Tiny", licence=" ", source="x")


def test_a_federation_names_it_once_an_operator_allowed_it(
    session: Session, people: People, store: ObjectStore, folder: Path
) -> None:
    take(session, store, folder)
    (model,) = offered.base_models(session)
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


def test_each_is_chosen_for_what_it_reads(
    session: Session, people: People, store: ObjectStore, folder: Path, tmp_path: Path
) -> None:
    """A text model sees nothing, a vision model hears nothing; the digests a policy lists are those of all chosen."""
    made = {"text": folder, "image": media_models.vit(tmp_path / "vit")}
    made["audio"] = media_models.whisper(tmp_path / "whisper")
    for name, place in made.items():
        take(session, store, place, name)
    by = {model.modality: model for model in offered.base_models(session)}
    for model in by.values():
        base_models.allow(session, people.operator, model.id)
    federation = drafted(session, people.lead)

    def save(**chosen: str) -> None:
        steps = DraftSteps(model=ModelStep(**chosen))
        service.save_draft(
            session,
            people.lead.administrator,
            federation,
            steps,
            revision=federation.revision,
        )

    for field, wrong in (("image", "text"), ("audio", "image"), ("text", "audio")):
        with pytest.raises(Invalid, match="Choose one of the list") as raised:
            save(**{f"{field}_model": by[wrong].digest})
        assert raised.value.errors.keys() == {f"{field}_model"}
    save(**{f"{modality}_model": model.digest for modality, model in by.items()})
    spec = queries.model(federation)
    assert {m: base.files for m, base in spec.bases.items()} == {m: b.files for m, b in by.items()}
    assert set(compatibility.training_terms(federation, (), 2).models) == {
        model.digest for model in by.values()
    }
