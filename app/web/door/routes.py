"""The requests of the site door, as docs/architecture.md lists them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from app.erasure import service as erasure
from app.errors import NotFound
from app.federations import fits as records_fit
from app.objects import ObjectMissing, WrongOffset
from app.runs import receipts
from app.sites import inbox, service
from app.text import _
from app.web.bodies import read_body
from app.web.door import answers, ranges, waiting
from app.web.door.admission import HubHere, SignedCaller, SignedChunk, parse
from app.web.door.uploads import add_chunk, start_upload
from worker.protocol import messages

router = APIRouter(prefix="/site/v1", tags=["site door"])

JobId = Annotated[str, Path(max_length=64)]
_EMPTY = 204


@router.post("/join")
async def join(request: Request, hub: HubHere) -> messages.JoinAnswer:
    body = await read_body(request, 4096)
    return await waiting.off_the_loop(answers.joined, hub, parse(messages.JoinRequest, body))


@router.post("/hello")
def hello(hub: HubHere, caller: SignedCaller) -> messages.Hello:
    with hub.db.reading() as session:
        return answers.hello(session, caller.load(session), hub.key)


@router.post("/policy/accept", status_code=_EMPTY)
def accept_policy(hub: HubHere, caller: SignedCaller) -> None:
    said = caller.read(messages.AcceptPolicy)
    with hub.db.session() as session:
        service.accept_policy(session, caller.load(session), said.signed)


@router.post("/readiness", status_code=_EMPTY)
def readiness(hub: HubHere, caller: SignedCaller) -> None:
    said = caller.read(messages.ReadinessReport)
    with hub.db.session() as session:
        service.report_readiness(session, caller.load(session), said)


@router.post("/classes", status_code=_EMPTY)
def classes(hub: HubHere, caller: SignedCaller) -> None:
    said = caller.read(messages.OfferClasses)
    with hub.db.session() as session:
        service.offer_classes(session, caller.load(session), said)


@router.post("/sheets")
def sheets(hub: HubHere, caller: SignedCaller) -> messages.SheetsTold:
    said = caller.read(messages.SheetsAsked)
    with hub.db.reading() as session:
        return answers.sheets(session, caller.load(session), said.federation)


@router.post("/fits", status_code=_EMPTY)
def fits(hub: HubHere, caller: SignedCaller) -> None:
    said = caller.read(messages.FitReport)
    with hub.db.session() as session:
        records_fit.receive(session, caller.load(session), said)


@router.post("/withdrawn", status_code=_EMPTY)
def withdrawn(hub: HubHere, caller: SignedCaller) -> None:
    said = caller.read(messages.ConsentWithdrawn)
    with hub.db.session() as session:
        erasure.open_request(session, caller.load(session), said)


@router.post("/receipts")
def sent_receipts(hub: HubHere, caller: SignedCaller) -> messages.ReceiptsTold:
    said = caller.read(messages.ReceiptsAsked)
    with hub.db.reading() as session:
        return receipts.told(session, caller.load(session), said.since)


@router.post("/key", status_code=_EMPTY)
def key(hub: HubHere, caller: SignedCaller) -> None:
    said = caller.read(messages.NewKey)
    with hub.db.session() as session:
        service.announce_key(session, caller.load(session), said.key)


@router.post("/claim", response_model=messages.Claimed, responses={_EMPTY: {}})
async def claim(request: Request, hub: HubHere, caller: SignedCaller) -> Response:
    said = caller.read(messages.ClaimRequest)
    claimed = await waiting.wait_for_job(hub, caller, said, request.is_disconnected)
    if claimed is None:
        return Response(status_code=_EMPTY)
    return Response(claimed.model_dump_json(), media_type="application/json")


@router.post("/jobs/{job}/confirm")
def confirm(hub: HubHere, caller: SignedCaller, job: JobId) -> messages.Lease:
    said = caller.read(messages.ClaimRef)
    with hub.db.session() as session:
        site = caller.load(session)
        return inbox.confirm(session, site, job, said.claim, hub.settings.lease_s)


@router.post("/jobs/{job}/renew")
def renew(hub: HubHere, caller: SignedCaller, job: JobId) -> messages.Lease:
    said = caller.read(messages.ClaimRef)
    with hub.db.session() as session:
        site = caller.load(session)
        return inbox.renew(session, site, job, said.claim, hub.settings.lease_s)


@router.post("/jobs/{job}/progress", status_code=_EMPTY)
def progress(hub: HubHere, caller: SignedCaller, job: JobId) -> None:
    said = caller.read(messages.Progress)
    with hub.db.session() as session:
        inbox.progress(session, caller.load(session), job, said)


@router.post("/jobs/{job}/nack", status_code=_EMPTY)
def nack(hub: HubHere, caller: SignedCaller, job: JobId) -> None:
    said = caller.read(messages.Nack)
    with hub.db.session() as session:
        inbox.nack(session, caller.load(session), job, said)


@router.post("/jobs/{job}/answer", status_code=_EMPTY)
def answer(hub: HubHere, caller: SignedCaller, job: JobId) -> None:
    said = caller.read(messages.Answer)
    with hub.db.session() as session:
        answers.settle(session, caller.load(session), job, said)


@router.post("/jobs/{job}/upload")
def upload(hub: HubHere, caller: SignedCaller, job: JobId) -> messages.UploadState:
    return start_upload(hub, caller, job, caller.read(messages.StartUpload))


@router.put("/uploads/{upload}", response_model=messages.UploadState)
def chunk(
    hub: HubHere,
    caller: SignedChunk,
    upload: JobId,
    offset: Annotated[int, Query(ge=0, lt=2**40)],
) -> messages.UploadState | Response:
    try:
        return add_chunk(hub, caller, upload, offset)
    except WrongOffset as error:
        return _wrong_offset(error.true)


def _wrong_offset(true: int) -> Response:
    problem = messages.Problem(
        title=_("Wrong offset"),
        status=409,
        detail=_("The next chunk starts at {offset}.").format(offset=true),
        code="wrong-offset",
        errors=[{"offset": true}],
    )
    return JSONResponse(problem.model_dump(), 409, media_type="application/problem+json")


@router.get("/objects/{digest}", response_class=StreamingResponse)
def an_object(
    request: Request,
    hub: HubHere,
    caller: SignedCaller,
    digest: JobId,
    job: Annotated[str, Query(max_length=64)],
) -> Response:
    with hub.db.reading() as session:
        answers.require_named(session, caller.load(session), job, digest)
    try:
        return ranges.serve(hub.objects, digest, request.headers.get("range", ""))
    except ObjectMissing as error:
        raise NotFound(_("The hub does not have this object any more.")) from error
