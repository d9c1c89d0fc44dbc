"""What left a site, as the hub received it: a line per thing, compared with the site's own outbound log."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.clock import now
from app.ids import new_id
from app.sites.models import Job, SentLine, Site
from worker.protocol.canonical import digest
from worker.protocol.codes import TransferKind


def note(
    session: Session,
    site: Site,
    kind: TransferKind,
    content: bytes,
    reason: str,
    job: Job | None = None,
) -> None:
    """`reason` is a code of ours (a job's kind, an act's name), never the site's text."""
    _add(session, site, kind, len(content), digest(content), reason, job)


def note_size(
    session: Session,
    site: Site,
    kind: TransferKind,
    size: int,
    content_digest: str,
    reason: str,
    job: Job,
) -> None:
    """As `note`, for bytes that came in chunks."""
    _add(session, site, kind, size, content_digest, reason, job)


def note_progress(session: Session, site: Site, job: Job, content: bytes) -> None:
    """One line per job, growing: a line per post would hide the lines that matter."""
    grown = session.execute(
        update(SentLine)
        .where(SentLine.job_id == job.id, SentLine.kind == TransferKind.PROGRESS.value)
        .values(bytes=SentLine.bytes + len(content), digest=digest(content), at=now())
        .execution_options(synchronize_session=False)
    )
    if grown.rowcount == 0:  # type: ignore[attr-defined]
        note(session, site, TransferKind.PROGRESS, content, job.kind.value, job)


def _add(
    session: Session,
    site: Site,
    kind: TransferKind,
    size: int,
    content_digest: str,
    reason: str,
    job: Job | None,
) -> None:
    session.add(
        SentLine(
            id=new_id("sent"),
            institution_id=site.institution_id,
            site_id=site.id,
            run_id=job.run_id if job else None,
            job_id=job.id if job else None,
            kind=kind.value,
            bytes=size,
            digest=content_digest,
            reason=reason,
            at=now(),
        )
    )
