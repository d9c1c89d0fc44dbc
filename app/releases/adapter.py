"""A release's text adapter as one file that PEFT reads: B as it was trained, A from the model's seed."""

import json

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.permissions import Permission
from app.audit import kinds
from app.errors import NotFound
from app.hub import Hub
from app.releases import archive, card, queries
from app.releases.models import Release
from app.text import _
from worker.protocol import adapters, codec


def exists(release: Release) -> bool:
    return adapters.MODULE in release.modules


def download(session: Session, hub: Hub, actor: Actor, release_id: str) -> tuple[str, bytes]:
    """A file name and the ZIP file; who took it is written down. Raises NotFound, also where the release has no text
    adapter, NotAllowed, ObjectMissing."""
    release = queries.get(session, actor, Permission.RELEASE_DOWNLOAD, release_id)
    if not exists(release):
        raise NotFound(
            _("This release has no text adapter: its model reads no text, or adapts none.")
        )
    said = archive.describe(session, release)
    text = said.model.text
    assert text is not None
    files = adapters.peft_files(
        said.model,
        json.loads(hub.objects.get(text.files["config.json"])),
        codec.decode(hub.objects.get(said.modules[adapters.MODULE])),
        text.name,
    )
    archive.noted(session, actor, release, kinds.ADAPTER_DOWNLOADED)
    files["README.md"] = card.adapter(said).encode()
    return f"{archive.file_name(release)}-adapter.zip", archive.zipped(files)
