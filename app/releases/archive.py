"""A release as one file: what it predicts, the model parts as safetensors, and the hub's signature over all digests.

The same release gives the same bytes, so two downloads can be compared. `worker.learning.archive` reads it.
"""

import io
import json
import zipfile

from sqlalchemy.orm import Session

from app.access.actor import Actor, institutions_where
from app.access.permissions import Permission
from app.audit import kinds
from app.audit.events import Kind
from app.audit.service import record
from app.federations import queries as federation_queries
from app.hub import Hub
from app.releases import card, queries
from app.releases.models import Release
from app.runs import queries as run_queries
from worker.protocol.archive import DESCRIPTION, SIGNATURE, Description, member

_THEN = (1980, 1, 1, 0, 0, 0)
"""The oldest time a ZIP file can hold: when it was packed is no part of a release."""


def download(session: Session, hub: Hub, actor: Actor, release_id: str) -> tuple[str, bytes]:
    """A file name and the ZIP file; who took it is written down. Raises NotFound, NotAllowed, ObjectMissing."""
    release = queries.get(session, actor, Permission.RELEASE_DOWNLOAD, release_id)
    content = _pack(session, hub, release)
    noted(session, actor, release, kinds.RELEASE_DOWNLOADED)
    return f"{file_name(release)}.zip", content


def file_name(release: Release) -> str:
    return f"collegium-{release.federation_id}-release-{release.number}"


def noted(session: Session, actor: Actor, release: Release, kind: Kind) -> None:
    """In the chain of an institution of the actor's that is in the federation."""
    federation = federation_queries.by_id(session, release.federation_id)
    assert federation is not None
    may = institutions_where(actor, Permission.RELEASE_DOWNLOAD)
    own = federation_queries.inside(session, federation, may)
    body = {"federation": federation.id, "number": release.number}
    record(session, actor.id, kind, chain=min(own), subject=release.id, body=body)


def _pack(session: Session, hub: Hub, release: Release) -> bytes:
    said = describe(session, release)
    content = json.dumps(said.model_dump(mode="json"), indent=1, sort_keys=True).encode()
    files = {
        DESCRIPTION: content,
        SIGNATURE: json.dumps(hub.key.seal(said).model_dump(mode="json")).encode(),
        "README.md": card.text(session, release, said).encode(),
    }
    for name, digest in sorted(said.modules.items()):
        files[member(name)] = hub.objects.get(digest)
    return zipped(files)


def zipped(files: dict[str, bytes]) -> bytes:
    """The same files give the same bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, body in files.items():
            archive.writestr(zipfile.ZipInfo(name, _THEN), body)
    return made.getvalue()


def describe(session: Session, release: Release) -> Description:
    run = run_queries.by_id(session, release.run_id)
    federation = federation_queries.by_id(session, release.federation_id)
    assert run is not None and federation is not None
    plan = run_queries.plan_of(run)
    return Description(
        federation=federation.id,
        federation_name=federation.name,
        number=release.number,
        run=run.id,
        published=release.created,
        tasks=plan.sheets,
        model=plan.model,
        modules={name: str(digest) for name, digest in sorted(release.modules.items())},
    )
