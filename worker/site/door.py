"""The requests of the site door, one method each, in the words of `worker.protocol.messages`."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ValidationError

from worker.protocol import limits, messages
from worker.protocol.codes import Failure, Lane, Refusal, TransferKind
from worker.protocol.manifest import Signed
from worker.protocol.signatures import PublicKey
from worker.protocol.tasks import TaskSheet
from worker.site.client import About, SignedLine, poll_about
from worker.site.faults import Refused


class UnknownKind(Exception):
    """The hub offers a job this version does not know."""

    def __init__(self, job: str, claim: int) -> None:
        super().__init__(job)
        self.job = job
        self.claim = claim


class Door:
    """What a site says to its hub. Raises HubFault."""

    def __init__(self, line: SignedLine) -> None:
        self.line = line

    def hello(self, *, worker: bool = False) -> messages.Hello:
        """`worker`: of one that runs, so that the hub counts the site as present."""
        path = f"/{limits.WORKER_HELLO}" if worker else "/hello"
        answer = self.line.post(path, None, About(TransferKind.HELLO, "hello"))
        return messages.Hello.model_validate_json(answer)

    def claim(self, lane: Lane, wait_s: float) -> messages.Claimed | None:
        """A job, or None when none came in `wait_s`. Raises UnknownKind."""
        ask = messages.ClaimRequest(lane=lane, wait_s=wait_s)
        answer = self.line.post("/claim", ask, poll_about(), read_s=wait_s + 15)
        if not answer:
            return None
        try:
            return messages.Claimed.model_validate_json(answer)
        except ValidationError as error:
            raise _unreadable(answer) from error

    def confirm(self, job: str, claim: int) -> messages.Lease:
        return self._lease(job, claim, "confirm")

    def renew(self, job: str, claim: int) -> messages.Lease:
        return self._lease(job, claim, "renew")

    def _lease(self, job: str, claim: int, act: str) -> messages.Lease:
        about = About(TransferKind.HELLO, act, job)
        answer = self.line.post(f"/jobs/{job}/{act}", messages.ClaimRef(claim=claim), about)
        return messages.Lease.model_validate_json(answer)

    def progress(self, job: str, said: messages.Progress) -> None:
        about = About(TransferKind.PROGRESS, said.phase.value, job)
        self.line.post(f"/jobs/{job}/progress", said, about)

    def nack(self, job: str, claim: int, code: Failure) -> None:
        about = About(TransferKind.ANSWER, code.value, job)
        self.line.post(f"/jobs/{job}/nack", messages.Nack(claim=claim, code=code), about)

    def answer(self, job: str, said: messages.Answer, run: str | None = None) -> None:
        kind, reason = _kind_of(said)
        self.line.post(f"/jobs/{job}/answer", said, About(kind, reason, job, run))

    def start_upload(self, job: str, claim: int, header: Signed, run: str) -> messages.UploadState:
        about = About(TransferKind.UPDATE, "upload-header", job, run)
        said = messages.StartUpload(claim=claim, header=header)
        answer = self.line.post(f"/jobs/{job}/upload", said, about)
        return messages.UploadState.model_validate_json(answer)

    def chunk(
        self, upload: str, offset: int, content: bytes, job: str, run: str
    ) -> messages.UploadState:
        """Raises WrongOffset with the true one."""
        about = About(TransferKind.UPDATE, "upload-chunk", job, run, offset)
        answer = self.line.put(f"/uploads/{upload}?offset={offset}", content, about)
        return messages.UploadState.model_validate_json(answer)

    def accept_policy(self, signed: Signed) -> None:
        about = About(TransferKind.POLICY, "policy-accepted")
        self.line.post("/policy/accept", messages.AcceptPolicy(signed=signed), about)

    def announce_key(self, key: PublicKey) -> None:
        """The site's next key, in force at its first use."""
        about = About(TransferKind.HELLO, "key-announced")
        self.line.post("/key", messages.NewKey(key=key.text), about)

    def readiness(self, report: messages.ReadinessReport) -> None:
        self.line.post("/readiness", report, About(TransferKind.READINESS, "readiness-check"))

    def offer_classes(self, offer: messages.OfferClasses) -> None:
        self.line.post("/classes", offer, About(TransferKind.CLASS_CODES, "classes-offered"))

    def sheets(self, federation: str) -> tuple[TaskSheet, ...]:
        """The task sheets of a federation that this site's institution is in or could join."""
        about = About(TransferKind.HELLO, "sheets-asked")
        answer = self.line.post("/sheets", messages.SheetsAsked(federation=federation), about)
        return messages.SheetsTold.model_validate_json(answer).sheets

    def fits(self, report: messages.FitReport) -> None:
        self.line.post("/fits", report, About(TransferKind.FIT, "sheets-fitted"))

    def consent_withdrawn(self, said: messages.ConsentWithdrawn) -> None:
        about = About(TransferKind.WITHDRAWAL, "consent-withdrawn")
        self.line.post("/withdrawn", said, about)

    def receipts(self, since: datetime) -> messages.ReceiptsTold:
        """Of this site's updates, as the hub holds them."""
        about = About(TransferKind.HELLO, "receipts-asked")
        answer = self.line.post("/receipts", messages.ReceiptsAsked(since=since), about)
        return messages.ReceiptsTold.model_validate_json(answer)

    def refuse_unknown(self, unknown: UnknownKind) -> None:
        said = messages.Answer(claim=unknown.claim, refused=Refusal.UNKNOWN_KIND)
        self.answer(unknown.job, said)

    def close(self) -> None:
        self.line.close()


def _kind_of(said: messages.Answer) -> tuple[TransferKind, str]:
    if said.metrics is not None:
        return TransferKind.METRICS, "metrics"
    if said.report is not None:
        return TransferKind.CLASS_REPORT, "class-report"
    named: dict[str, Any] = {
        "refused": said.refused,
        "failed": said.failed,
        "update": said.update,
        "switched": said.switched,
    }
    return TransferKind.ANSWER, next((name for name, value in named.items() if value), "answer")


class _Offer(BaseModel):
    """As much of a claim as any version must say."""

    job: str
    claim: int


def _unreadable(answer: bytes) -> Exception:
    try:
        offer = _Offer.model_validate_json(answer)
    except ValidationError:
        return Refused("The hub's claim cannot be read.", code="unreadable")
    return UnknownKind(offer.job, offer.claim)
