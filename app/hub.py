"""What one process of the hub holds: settings, database, objects, doorbell, and the key it signs with."""

import base64
import binascii
import logging
import os
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sqlalchemy.orm import Session

from app import letters, mail, objects
from app.db import Database
from app.effects import Effect, Mail, Ring, Send
from app.events import Doorbell
from app.jobs import HubTask, Sender
from app.limits import Limiter
from app.objects import ObjectStore
from app.secrets import CannotOpen, open_, seal
from app.settings import Settings, read_secret
from worker.protocol.signatures import PrivateKey

log = logging.getLogger(__name__)


class NoHubKey(RuntimeError):
    """The hub cannot sign: every site pinned its key, so a new one is never made in its place."""


@dataclass(frozen=True)
class Hub:
    """Built once per process by `build`; `dispatch` gives committed effects to bell, queue and mail."""

    settings: Settings
    db: Database
    objects: ObjectStore
    doorbell: Doorbell
    key: PrivateKey

    def dispatch(self, effect: Effect) -> None:
        """May raise: `Database.send` logs it, and the sweep finds the work again. A mail here is to be a file."""
        match effect:
            case Ring(topic):
                self.doorbell.ring(topic)
            case Send(task, args):
                self._sender.send(HubTask(task), *args)
            case Mail():
                mail.send(self.settings, effect)

    def keep(self, session: Session) -> None:
        """Mails for a server are rows, so that none is lost while it is away."""
        if self.settings.mail_url:
            letters.keep(session, self.settings)

    @cached_property
    def _sender(self) -> Sender:
        return Sender(self.settings.redis_url)

    @cached_property
    def limits(self) -> Limiter:
        """Of how often a token may ask."""
        return Limiter(self.settings.redis_url)

    def close(self) -> None:
        self.db.engine.dispose()


def build(settings: Settings) -> Hub:
    """Raises UnknownStore or NoHubKey with a sentence for the operator."""
    settings.home.mkdir(parents=True, exist_ok=True)
    hub = Hub(
        settings=settings,
        db=Database(settings.database, settings.country),
        objects=objects.build(settings.objects, settings.disk_reserve_mb << 20, settings.work),
        doorbell=Doorbell(settings.redis_url),
        key=hub_key(settings),
    )
    hub.db.dispatch = hub.dispatch
    hub.db.before_commit = hub.keep
    return hub


def hub_key(settings: Settings) -> PrivateKey:
    """From HUB_KEY or HUB_KEY_FILE (32 bytes, base64), else from `home`/hub-key, made at first start."""
    given = os.environ.get("HUB_KEY", "")
    if not given and (path := os.environ.get("HUB_KEY_FILE")):
        given = read_secret("HUB_KEY_FILE", path)
    if given:
        return _from_text(given)
    kept = settings.home / "hub-key"
    if not kept.exists():
        _write_once(kept, seal(settings, PrivateKey().seed))
    try:
        return PrivateKey(open_(settings, kept.read_text(encoding="ascii")))
    except CannotOpen as error:
        raise NoHubKey(
            f"{kept} was sealed with another SECRET_KEY. Start with the one it was made with, or restore both."
        ) from error


def _from_text(text: str) -> PrivateKey:
    try:
        seed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return PrivateKey(seed)
    except (binascii.Error, ValueError) as error:
        raise NoHubKey("HUB_KEY must be 32 bytes in URL-safe base64.") from error


def _write_once(path: Path, text: str) -> None:
    """Whole or not at all, and the first process wins: a link cannot replace a file."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".hub-key-")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)
    except FileExistsError:
        log.info("another process made the hub's key first")
    finally:
        Path(name).unlink()
