"""Updates arriving in chunks: begun with a signed header, resumed by digest, whole only when every byte is checked.

Bytes are hostile until `complete` has read their layout. What a finished update means is the runs' affair.
"""

import json
from collections.abc import Sequence

from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.audit import kinds
from app.audit.events import Kind
from app.audit.service import record
from app.clock import now
from app.ids import new_id
from app.objects import ObjectMissing, ObjectStore, WrongDigest
from app.sites import queries, sent
from app.sites.errors import UploadRefused, upload_refused
from app.sites.inbox import held
from app.sites.leases import ring_run
from app.sites.models import Job, Site, Upload
from app.sites.standing import require_wanted
from app.text import _
from worker.protocol import codec, limits
from worker.protocol.codes import JobKind, TransferKind, UploadRefusal
from worker.protocol.manifest import Manifest, Signed
from worker.protocol.messages import StartUpload
from worker.protocol.signatures import BadSignature, PublicKey
from worker.protocol.update import UpdateHeader


def begin(
    session: Session, store: ObjectStore, site: Site, job_id: str, said: StartUpload
) -> Upload:
    """A new upload, or the one of this digest to go on with. Raises UploadRefused, StaleClaim,
    Withdrawn, DiskFull."""
    job = held(session, site, job_id, said.claim)
    require_wanted(session, site)
    header = read_header(site, job, said.header)
    earlier = queries.uploads_of(session, job.id)
    same = next((upload for upload in earlier if upload.digest == header.body), None)
    if same is None:
        _refuse_second(session, store, site, job, header, earlier)
        store.require_room(header.bytes)
        same = _new(session, site, job, header, said.header)
    elif same.completed is None:
        same.header = said.header.model_dump(mode="json")
        same.bytes = header.bytes
        same.offset = store.staged(same.id)
        store.require_room(max(header.bytes - same.offset, 0))
    session.flush()
    return same


def read_header(site: Site, job: Job, envelope: Signed) -> UpdateHeader:
    """The header, if this site's key sealed it for exactly this job, claim, run and round."""
    assert site.key is not None
    if job.kind is not JobKind.TRAIN:
        raise upload_refused(UploadRefusal.UNREADABLE, _("This job sends no update."))
    try:
        content = PublicKey(site.key).open(envelope)
    except BadSignature as error:
        raise upload_refused(
            UploadRefusal.WRONG_KEY, _("The update is not signed by this site's key.")
        ) from error
    header = _parse(content)
    manifest = Manifest.model_validate_json(job.manifest["payload"])
    about = (header.job, header.run, header.round, header.site)
    if about != (job.id, job.run_id, manifest.round, site.id):
        raise upload_refused(
            UploadRefusal.REPLAYED, _("This update was made for another job, run or round.")
        )
    if header.claim != job.claim:
        raise upload_refused(
            UploadRefusal.STALE_CLAIM, _("This update was signed under an older claim.")
        )
    _check_receipt(manifest, header)
    if not header.modules.keys() <= manifest.modules.keys():
        raise upload_refused(
            UploadRefusal.WRONG_NAMES, _("The update names a model part the job does not.")
        )
    return header


def _check_receipt(manifest: Manifest, header: UpdateHeader) -> None:
    """By the policy the job was made for, whole numbers of records, and no protection that the job has not."""
    receipt = header.receipt
    other = manifest.policy is not None and receipt.policy != manifest.policy
    claims = {receipt.clip, receipt.noise, receipt.epsilon} != {None}
    counted = all(module.weight.is_integer() for module in header.modules.values())
    if other or not counted or (claims and not manifest.protections):
        raise upload_refused(
            UploadRefusal.WRONG_RECEIPT, _("The update’s receipt does not fit the job it answers.")
        )


def _parse(content: bytes) -> UpdateHeader:
    try:
        plain = json.loads(content)
        size = plain.get("bytes") if isinstance(plain, dict) else None
        if isinstance(size, int) and size > limits.UPDATE_BYTES:
            raise upload_refused(
                UploadRefusal.TOO_LARGE,
                _("An update has at most {limit} bytes.").format(limit=limits.UPDATE_BYTES),
            )
        return UpdateHeader.model_validate_json(content)
    except (ValidationError, ValueError, RecursionError) as error:
        raise upload_refused(
            UploadRefusal.UNREADABLE, _("The update's header cannot be read.")
        ) from error


def _refuse_second(
    session: Session,
    store: ObjectStore,
    site: Site,
    job: Job,
    header: UpdateHeader,
    earlier: Sequence[Upload],
) -> None:
    """Once a byte of an update has left, only that update may follow. Another one is an alarm."""
    for upload in earlier:
        if upload.completed is not None or store.staged(upload.id) > 0:
            raise upload_refused(
                UploadRefusal.SECOND_UPDATE,
                _("Another update of this site for this round has begun to arrive."),
            )
        session.delete(upload)


def _new(session: Session, site: Site, job: Job, header: UpdateHeader, envelope: Signed) -> Upload:
    upload = Upload(
        id=new_id("upload"),
        job_id=job.id,
        site_id=site.id,
        digest=header.body,
        bytes=header.bytes,
        offset=0,
        header=envelope.model_dump(mode="json"),
        created=now(),
    )
    session.add(upload)
    body = {"job": job.id, "site": site.id, "bytes": header.bytes, "digest": header.body}
    _note(session, site, upload, kinds.UPLOAD_STARTED, body)
    return upload


def _note(
    session: Session, site: Site, upload: Upload, kind: Kind, body: dict[str, object]
) -> None:
    record(session, site.id, kind, chain=site.institution_id, subject=upload.id, body=body)


def expected(session: Session, site: Site, upload_id: str, offset: int, chunk: bytes) -> Upload:
    """The upload this chunk belongs to. Raises StaleClaim, Withdrawn, UploadRefused."""
    upload = of_site(session, site, upload_id)
    _job_of(session, site, upload)
    require_wanted(session, site)
    if upload.completed is None and offset + len(chunk) > upload.bytes:
        raise upload_refused(
            UploadRefusal.TOO_LARGE, _("More bytes came than the header announced.")
        )
    return upload


def note_offset(session: Session, upload_id: str, offset: int) -> None:
    """For pages. Where to go on is always asked of the store."""
    upload = queries.upload(session, upload_id)
    if upload is not None and upload.completed is None:
        upload.offset = max(upload.offset, offset)
        session.flush()


def of_site(session: Session, site: Site, upload_id: str) -> Upload:
    """Raises StaleClaim for another site's upload too: nothing is learnt about others."""
    upload = queries.upload(session, upload_id)
    if upload is None or upload.site_id != site.id:
        raise upload_refused(UploadRefusal.STALE_CLAIM, _("There is no such upload."))
    return upload


def _job_of(session: Session, site: Site, upload: Upload) -> Job:
    header = UpdateHeader.model_validate_json(upload.header["payload"])
    return held(session, site, upload.job_id, header.claim)


def place(store: ObjectStore, upload: Upload) -> None:
    """All bytes are here: digest and layout are checked and the object placed. Raises UploadRefused.

    Outside any transaction: the store may be slow, and a crash after it only means to do it again.
    """
    try:
        store.finish(upload.id, upload.digest)
        codec.check_layout(store.get(upload.digest), allowed=frozenset({"F32"}))
    except (WrongDigest, ObjectMissing) as error:
        raise upload_refused(
            UploadRefusal.WRONG_DIGEST, _("The bytes that came have another digest.")
        ) from error
    except codec.Unacceptable as error:
        raise refusal_of(error) from error


def complete(session: Session, site: Site, upload: Upload) -> Job:
    """Its object is placed. Raises StaleClaim, Withdrawn."""
    job = _job_of(session, site, upload)
    require_wanted(session, site)
    upload.completed = now()
    upload.offset = upload.bytes
    body = {"job": job.id, "site": site.id, "bytes": upload.bytes, "digest": upload.digest}
    _note(session, site, upload, kinds.UPLOAD_COMPLETED, body)
    sent.note_size(
        session, site, TransferKind.UPDATE, upload.bytes, upload.digest, job.kind.value, job
    )
    session.flush()
    ring_run(session, job)
    return job


def refusal_of(error: codec.Unacceptable) -> UploadRefused:
    """The named refusal people see, without the hostile bytes' own words."""
    return upload_refused(
        error.code,
        _("The update was refused: {code}.").format(code=error.code.value),
    )


def forget(session: Session, upload: Upload) -> None:
    """Its bytes are gone; its row stays unfinished, so nothing can count it."""
    upload.offset = 0
    session.flush()


def alarm(session: Session, job: Job, digest: str) -> None:
    """A second, different update for one round: two machines share a key, or noise was drawn twice."""
    body: dict[str, object] = {"run": job.run_id, "round_id": job.round_id}
    if digest:
        body["digest"] = digest
    chain = session.get_one(Site, job.site_id).institution_id
    record(
        session,
        job.site_id,
        kinds.SECOND_UPDATE,
        chain=chain,
        subject=job.id,
        body={"site": job.site_id, **body},
    )
