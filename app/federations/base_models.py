"""Base models: imported once from a folder, pinned by digest, allowed by an operator, served to sites from here."""

import json
import struct
from pathlib import Path

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import fresh, require
from app.access.permissions import Permission
from app.audit import kinds
from app.audit.models import HUB_CHAIN
from app.audit.service import record
from app.clock import now
from app.errors import Conflict, Invalid, NotFound
from app.federations import queries
from app.federations.models import BaseModelFile
from app.ids import new_id
from app.names import clean_name
from app.objects import ObjectStore
from app.text import _
from worker.protocol import limits

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
JSON_FILES = frozenset(
    {
        CONFIG,
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "sentence_bert_config.json",
        "modules.json",
        "added_tokens.json",
        "vocab.json",
    }
)
TEXT_FILES = frozenset({"vocab.txt", "merges.txt"})
JSON_BYTES = 32 << 20
_CODE = ("auto_map", "custom_pipelines", "trust_remote_code")
"""Keys of a config that would make a library load code from the folder."""


def import_model(
    session: Session,
    store: ObjectStore,
    directory: Path,
    *,
    name: str,
    licence: str,
    source: str,
    actor_id: str = "hub",
) -> BaseModelFile:
    """Takes the known JSON files and model.safetensors; ignores everything else, so no pickle and no code gets in.

    `actor_id` is a person's id where one acts through a page. Importing the same weights again changes nothing.
    Raises Invalid with a sentence.
    """
    cleaned = clean_name(name)
    if not licence.strip() or not source.strip():
        raise Invalid(_("Name the model's licence and source: every member reads them."))
    found = _files(directory)
    files = {path.name: store.put_file(path) for path in found}
    known = queries.base_model(session, files[WEIGHTS])
    if known is not None:
        return known
    if queries.base_model_by_name(session, cleaned) is not None:
        raise Conflict(_("Another base model has this name. Choose a different one."))
    return _add(
        session,
        BaseModelFile(
            id=new_id("model"),
            name=cleaned,
            digest=files[WEIGHTS],
            files=files,
            bytes=sum(path.stat().st_size for path in found),
            licence=licence.strip()[:200],
            source=source.strip()[:200],
            created=now(),
        ),
        actor_id,
    )


def _add(session: Session, model: BaseModelFile, actor_id: str) -> BaseModelFile:
    session.add(model)
    session.flush()
    body = {"digest": model.digest, "bytes": model.bytes}
    record(session, actor_id, kinds.MODEL_IMPORTED, chain=HUB_CHAIN, subject=model.id, body=body)
    return model


def allow(session: Session, actor: Actor, model_id: str) -> BaseModelFile:
    """By an operator; federations may then name it."""
    return _decide(session, actor, model_id, allowed=True)


def withdraw(session: Session, actor: Actor, model_id: str) -> BaseModelFile:
    """By an operator; no new draft may name it. Runs under way keep their pinned files."""
    return _decide(session, actor, model_id, allowed=False)


def _decide(session: Session, actor: Actor, model_id: str, *, allowed: bool) -> BaseModelFile:
    require(actor, Permission.HUB_OPERATE, None)
    fresh(actor)
    model = queries.base_model_by_id(session, model_id)
    if model is None:
        raise NotFound(_("There is no such base model."))
    model.allowed = allowed
    model.decided_by = actor.person
    session.flush()
    record(
        session,
        actor.id,
        kinds.MODEL_ALLOWED if allowed else kinds.MODEL_WITHDRAWN,
        chain=HUB_CHAIN,
        subject=model.id,
        body={"digest": model.digest},
    )
    return model


def _files(directory: Path) -> list[Path]:
    """The files taken, checked. Links are not followed: they could point outside the folder."""
    taken = [
        path
        for path in sorted(directory.iterdir())
        if path.name in JSON_FILES | TEXT_FILES | {WEIGHTS}
        and path.is_file()
        and not path.is_symlink()
    ]
    names = {path.name for path in taken}
    if WEIGHTS not in names or CONFIG not in names:
        raise Invalid(_("The folder needs config.json and model.safetensors."))
    for path in taken:
        _check_file(path)
    return taken


def _check_file(path: Path) -> None:
    size = path.stat().st_size
    if path.name == WEIGHTS:
        if size > limits.OBJECT_BYTES:
            raise Invalid(_("The model's weights are too large for this hub."))
        _check_weights(path, size)
        return
    if size > JSON_BYTES:
        raise Invalid(_("{name} is too large.").format(name=path.name))
    if path.name in TEXT_FILES:
        return
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise Invalid(_("{name} is not JSON.").format(name=path.name)) from error
    if isinstance(content, dict) and any(content.get(key) for key in _CODE):
        raise Invalid(_("{name} asks for code of its own; no code travels.").format(name=path.name))


def _check_weights(path: Path, size: int) -> None:
    """A safetensors header that fits the file; the tensors themselves are read by sites with the same library."""
    sentence = _("model.safetensors is not a safetensors file.")
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
        if not 0 < length <= min(size - 8, 16 << 20):
            raise Invalid(sentence)
        try:
            header = json.loads(file.read(length))
            ends = [e["data_offsets"][1] for n, e in header.items() if n != "__metadata__"]
        except (
            ValueError,
            RecursionError,
            TypeError,
            KeyError,
            IndexError,
            AttributeError,
        ) as error:
            raise Invalid(sentence) from error
    if not ends or max(ends) + 8 + length != size:
        raise Invalid(sentence)
