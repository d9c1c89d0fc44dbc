"""A site's update to a round: the first whole one is the one. What refuses it has a name that people see."""

from collections.abc import Collection, Mapping

from sqlalchemy.orm import Session

from app.audit import kinds
from app.audit.events import Kind
from app.audit.service import record
from app.clock import now
from app.effects import Ring, after_commit
from app.ids import new_id
from app.objects import ObjectStore
from app.runs import late, queries, rounds
from app.runs.models import Round, Update
from app.runs.states import (
    UPDATE_TRANSITIONS,
    RoundState,
    UpdateState,
)
from app.sites import queries as site_queries
from app.sites.models import Job, Site, Upload
from app.states import move, try_move
from worker.protocol.codec import Unacceptable
from worker.protocol.codes import UploadRefusal
from worker.protocol.update import UpdateHeader

_NAMED = frozenset(
    {
        UploadRefusal.NOT_FINITE,
        UploadRefusal.WRONG_SHAPE,
        UploadRefusal.WRONG_BASE,
        UploadRefusal.KEPT_ROW,
    }
)
"""Refusals whose detail is a name of ours: it was found in the base. A site's own words are never kept."""


def receive(session: Session, job: Job, upload: Upload) -> Update:
    """Takes a whole upload whose header `sites.uploads` has checked. The same digest again is the same update.

    Raises Unacceptable: ROUND_CLOSED, WRONG_BASE, SECOND_UPDATE. The edge then records it with `refuse`.
    """
    round_ = None if job.round_id is None else queries.locked_round(session, job.round_id)
    if round_ is None:
        raise Unacceptable(UploadRefusal.ROUND_CLOSED)
    header = header_of(upload.header)
    known = queries.update_of(session, round_.id, job.site_id)
    if known is not None and known.state is not UpdateState.REFUSED:
        if known.digest != upload.digest:
            raise Unacceptable(UploadRefusal.SECOND_UPDATE)
        return known
    if round_.state is not RoundState.TRAINING:
        raise Unacceptable(UploadRefusal.ROUND_CLOSED)
    _check_base(late.bases(session, round_), header)
    if known is not None:
        # Refused at the door, never taken: it does not use up the site's one update.
        session.delete(known)
        session.flush()
    update = Update(
        id=new_id("update"),
        round_id=round_.id,
        site_id=job.site_id,
        job_id=job.id,
        state=UpdateState.RECEIVED,
        digest=upload.digest,
        bytes=upload.bytes,
        header=upload.header,
        weights={},
        received=now(),
    )
    session.add(update)
    session.flush()
    _record(session, kinds.UPDATE_RECEIVED, round_, update, bytes=update.bytes)
    rounds.consider(session, round_.id)
    return update


def header_of(envelope: dict[str, object]) -> UpdateHeader:
    """From a stored `Signed` whose signature was checked when it came."""
    return UpdateHeader.model_validate_json(str(envelope["payload"]))


def _check_base(bases: Mapping[str, Collection[str]], header: UpdateHeader) -> None:
    for name, module in sorted(header.modules.items()):
        if module.base not in bases.get(name, ()):
            raise Unacceptable(UploadRefusal.WRONG_BASE, name)


def refuse(session: Session, job: Job, refusal: UploadRefusal, digest: str = "") -> None:
    """An update that was not let in: the round's page names the reason. An update already taken stays taken."""
    round_ = None if job.round_id is None else queries.round_by_id(session, job.round_id)
    if round_ is None:
        return
    known = queries.update_of(session, round_.id, job.site_id)
    if known is None:
        known = Update(
            id=new_id("update"),
            round_id=round_.id,
            site_id=job.site_id,
            job_id=job.id,
            state=UpdateState.REFUSED,
            refusal=refusal,
            digest=digest,
            bytes=0,
            header={},
            weights={},
            received=now(),
        )
        session.add(known)
    elif known.state is UpdateState.REFUSED:
        known.refusal = refusal
        known.digest = digest
        known.received = now()
    session.flush()
    body = {"reason": refusal, "digest": digest or None}
    _record(session, kinds.UPDATE_REFUSED, round_, known, **body)


def refuse_checked(session: Session, update_id: str, error: Unacceptable) -> None:
    """Found while combining: its bytes cannot be summed. The round goes on without it. Twice counts once."""
    update = queries.update_by_id(session, update_id)
    if update is None:
        return
    refused = try_move(
        session,
        UPDATE_TRANSITIONS,
        update,
        Update.state,
        UpdateState.REFUSED,
        refusal=error.code,
        refusal_detail=error.detail if error.code in _NAMED else "",
    )
    round_ = queries.round_by_id(session, update.round_id)
    if refused and round_ is not None:
        body = {"reason": error.code, "digest": update.digest}
        _record(session, kinds.UPDATE_REFUSED, round_, update, **body)


def take(session: Session, update: Update, weights: dict[str, float]) -> None:
    """Its share is in the combined states; `weights` are those really used, by module."""
    try_move(session, UPDATE_TRANSITIONS, update, Update.state, UpdateState.TAKEN, weights=weights)


def delete(session: Session, store: ObjectStore, update: Update) -> None:
    """After its round ended: one site's clear update is not kept. Its bytes go unless another one's are the same."""
    round_ = queries.round_by_id(session, update.round_id)
    if update.state is UpdateState.RECEIVED:
        values = {"refusal": UploadRefusal.ROUND_CLOSED}
        move(session, UPDATE_TRANSITIONS, update, Update.state, UpdateState.REFUSED, **values)
    moved = try_move(
        session,
        UPDATE_TRANSITIONS,
        update,
        Update.state,
        UpdateState.DELETED,
        deleted=now(),
    )
    if not moved or round_ is None:
        return
    if update.digest:
        drop_bytes(session, store, update.digest)
    _record(session, kinds.UPDATE_DELETED, round_, update, digest=update.digest or None)


def drop_bytes(session: Session, store: ObjectStore, digest: str) -> None:
    """Deletes an object that came as an update, unless something still needs it.

    A hostile site may send the very bytes of a model part or base model: deleting those would end the run.
    """
    if not queries.needed(session, digest):
        store.delete(digest)


def _record(session: Session, kind: Kind, round_: Round, update: Update, **body: object) -> None:
    site: Site | None = site_queries.by_id(session, update.site_id)
    if site is None:
        return
    full = {"site": site.id, "run": round_.run_id, "round_id": round_.id, **body}
    if kind is not kinds.UPDATE_DELETED:
        full = {"number": round_.number, "digest": update.digest or None, **full}
    actor = site.id if kind is kinds.UPDATE_RECEIVED else "hub"
    record(session, actor, kind, chain=site.institution_id, subject=update.id, body=full)
    after_commit(session, Ring(f"run:{round_.run_id}"))
