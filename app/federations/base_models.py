"""Base models: imported once from a folder, pinned by digest, allowed by an operator, served to sites from here."""

from functools import partial
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
from app.federations import model_folder, offered
from app.federations.models import BaseModelFile
from app.ids import new_id
from app.names import clean_name
from app.objects import ObjectStore
from app.text import _
from worker.protocol.base_models import WEIGHTS
from worker.protocol.meter import Told, silent


def import_model(
    session: Session,
    store: ObjectStore,
    directory: Path,
    *,
    name: str,
    licence: str,
    source: str,
    actor_id: str = "hub",
    told: Told = silent,
) -> BaseModelFile:
    """Of a text, vision or speech model. Takes the known JSON files and model.safetensors and ignores everything else,
    so no pickle and no code gets in.

    `told` hears how far a file is read. `actor_id` is a person's id where one acts through a page. Importing the same
    weights again changes nothing.
    Raises Invalid with a sentence.
    """
    cleaned = clean_name(name)
    if not licence.strip() or not source.strip():
        raise Invalid(_("Name the model's licence and source: every member reads them."))
    found = model_folder.look(directory)
    files = {path.name: _stored(store, path, told) for path in found.files}
    known = offered.base_model(session, files[WEIGHTS])
    if known is not None:
        return known
    if offered.base_model_by_name(session, cleaned) is not None:
        raise Conflict(_("Another base model has this name. Choose a different one."))
    model = BaseModelFile(
        id=new_id("model"),
        name=cleaned,
        digest=files[WEIGHTS],
        modality=found.modality,
        files=files,
        bytes=sum(path.stat().st_size for path in found.files),
        licence=licence.strip()[:200],
        source=source.strip()[:200],
        created=now(),
    )
    return _add(session, model, actor_id)


def _stored(store: ObjectStore, path: Path, told: Told) -> str:
    return store.put_file(path, partial(told, _("Reading {name}").format(name=path.name)))


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
    model = offered.base_model_by_id(session, model_id)
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
