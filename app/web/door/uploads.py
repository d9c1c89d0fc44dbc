"""Updates through the door: begun, continued, finished; a refusal is recorded before it is answered."""

from sqlalchemy.orm import Session

from app.hub import Hub
from app.runs import updates
from app.sites import queries, uploads
from app.sites.errors import UploadRefused
from app.sites.models import Job, Upload
from app.web.door import answers
from app.web.door.admission import Caller
from worker.protocol import codec
from worker.protocol.codes import UploadRefusal
from worker.protocol.messages import StartUpload, UploadState

_UNRECORDED = frozenset({UploadRefusal.STALE_CLAIM})
"""Not about the update: the site is told, and sends the same bytes under its new claim."""


def start_upload(hub: Hub, caller: Caller, job_id: str, said: StartUpload) -> UploadState:
    """Where to go on. An upload whose last byte came just before a crash is finished here."""
    try:
        with hub.db.session() as session:
            upload = uploads.begin(session, hub.objects, caller.load(session), job_id, said)
    except UploadRefused as refused:
        _record(hub, caller, job_id, refused)
        raise
    return _finished(hub, caller, upload)


def add_chunk(hub: Hub, caller: Caller, upload_id: str, offset: int) -> UploadState:
    """Raises WrongOffset with the true one. No transaction is open while the store writes."""
    with hub.db.reading() as session:
        site = caller.load(session)
        upload = uploads.expected(session, site, upload_id, offset, caller.body)
    if upload.completed is None:
        upload.offset = hub.objects.append(upload_id, offset, caller.body)
        if upload.offset < upload.bytes:
            with hub.db.session() as session:
                uploads.note_offset(session, upload_id, upload.offset)
    return _finished(hub, caller, upload)


def _finished(hub: Hub, caller: Caller, upload: Upload) -> UploadState:
    if upload.completed is None and upload.offset == upload.bytes:
        _complete(hub, caller, upload)
        return UploadState(upload=upload.id, offset=upload.bytes, complete=True)
    whole = upload.completed is not None
    return UploadState(upload=upload.id, offset=upload.offset, complete=whole)


def _complete(hub: Hub, caller: Caller, whole: Upload) -> None:
    """One transaction: the upload is whole and the run has the update, or neither."""
    try:
        uploads.place(hub.objects, whole)
        with hub.db.session() as session:
            site = caller.load(session)
            upload = uploads.of_site(session, site, whole.id)
            answers.lock_round(session, upload.job_id)
            if upload.completed is None:
                job = uploads.complete(session, site, upload)
                _receive(session, job, upload)
    except UploadRefused as refused:
        _drop(hub, caller, whole.id, refused)
        raise
    hub.objects.discard(whole.id)


def _receive(session: Session, job: Job, upload: Upload) -> None:
    try:
        updates.receive(session, job, upload)
    except codec.Unacceptable as error:
        raise uploads.refusal_of(error) from error


def _drop(hub: Hub, caller: Caller, upload_id: str, refused: UploadRefused) -> None:
    """The refused bytes go, and the round's page learns why."""
    if refused.refusal in _UNRECORDED:
        return
    with hub.db.session() as session:
        upload = uploads.of_site(session, caller.load(session), upload_id)
        if upload.completed is not None:
            return  # the same bytes came twice at once, and the other request was first
        hub.objects.discard(upload_id)
        updates.drop_bytes(session, hub.objects, upload.digest)
        uploads.forget(session, upload)
    _record(hub, caller, upload.job_id, refused, upload.digest)


def _record(
    hub: Hub, caller: Caller, job_id: str, refused: UploadRefused, digest: str = ""
) -> None:
    if refused.refusal in _UNRECORDED:
        return
    with hub.db.session() as session:
        job = queries.job(session, job_id)
        if job is None or job.site_id != caller.site:
            return
        if refused.refusal is UploadRefusal.SECOND_UPDATE:
            uploads.alarm(session, job, digest)
        else:
            updates.refuse(session, job, refused.refusal, digest)
