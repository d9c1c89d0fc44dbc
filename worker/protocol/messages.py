"""Bodies of the site door: what travels between a site and the hub, besides objects and chunks.

Every request of an enrolled site carries the headers named here, and is signed over
`signatures.request_bytes`.
"""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from worker.protocol import limits
from worker.protocol.codes import (
    Failure,
    Fitness,
    JobKind,
    Lane,
    Phase,
    Readiness,
    Refusal,
    Tier,
    UploadRefusal,
    Verdict,
)
from worker.protocol.manifest import Signed
from worker.protocol.policy import Digest, Modality, PolicyDocument
from worker.protocol.tasks import Column, TaskSheet
from worker.protocol.update import MetricsAnswer, ReportAnswer

HEADER_SITE = "Collegium-Site"
HEADER_TIME = "Collegium-Time"
HEADER_NONCE = "Collegium-Nonce"
HEADER_DIGEST = "Collegium-Content-SHA256"
HEADER_SIGNATURE = "Collegium-Signature"


SOFTWARE = r"^[A-Za-z0-9][A-Za-z0-9 .+_-]{0,39}$"
"""A name and a version, and no sentence."""


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class JoinRequest(_Message):
    """Unsigned by a known key: the token admits it once, the signature proves the key is held."""

    token: str = Field(max_length=200)
    key: str = Field(max_length=64)
    signature: str = Field(max_length=120)
    """Over `"collegium-join-1|" + token + "|" + key`."""
    software: str = Field(pattern=SOFTWARE)


class JoinAnswer(_Message):
    site: str
    site_name: str
    institution: str
    institution_name: str
    hub_key: str
    hub_name: str
    words: tuple[str, ...]
    simulated: bool = False


class ApprovedPolicy(_Message):
    """The institution's newest approved version, as the hub offers it for acceptance."""

    version: int
    digest: Digest
    document: PolicyDocument
    approved_by: str
    approved: AwareDatetime
    effective: AwareDatetime
    one_person: bool = False


class Hello(_Message):
    """The hub's answer to a signed hello. A site that is not confirmed is offered no policy."""

    time: AwareDatetime
    state: Literal["waiting-for-confirmation", "ready", "revoked"]
    hub_version: str
    policy_offered: Signed | None = None
    """Seals an `ApprovedPolicy` with the hub's key: what lies between can put no other before a person."""
    policy_in_force: Digest | None = None
    suspended: bool = False
    """The operators suspended its institution: no job comes until they lift it."""


class AcceptPolicy(_Message):
    """`signed` seals a `PolicyAcceptance`."""

    signed: Signed


class PolicyAcceptance(_Message):
    site: str
    version: int
    digest: Digest
    accepted: AwareDatetime


class NewKey(_Message):
    """A site's next public key, signed for by the one in force."""

    key: str = Field(max_length=64)


class ReadinessItem(_Message):
    item: Readiness
    ok: bool
    number: float | None = None


class ReadinessReport(_Message):
    software: str = Field(pattern=SOFTWARE)
    items: tuple[ReadinessItem, ...] = Field(max_length=20)
    hours_from: str | None = Field(default=None, pattern=r"^\d\d:\d\d$")
    hours_to: str | None = Field(default=None, pattern=r"^\d\d:\d\d$")
    time_zone: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_+/-]{1,40}$")
    disk_free_mb: int | None = None
    memory_mb: int | None = None
    tier: Tier | None = None
    """How much of an adapter this site trains."""


class ClassCode(_Message):
    code: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._/-]{0,59}$")
    term: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._/-]{0,59}$")


class OfferClasses(_Message):
    classes: tuple[ClassCode, ...] = Field(max_length=2000)


class SheetsAsked(_Message):
    """For the task sheets of a federation that the site's institution is in, or could join."""

    federation: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")


class SheetsTold(_Message):
    federation: str
    sheets: tuple[TaskSheet, ...]


Band = Annotated[str, Field(pattern=r"^(\d{1,4}-\d{1,4}|\d{1,5}\+|under \d{1,4}|)$")]


class SheetFit(_Message):
    """`absent` and `sparse` name inputs of the sheet, never columns of the records.

    `sparse`: more than half of the records have no value. It and the band leave where the policy lets numbers out.
    """

    sheet: Digest
    fitness: Fitness
    absent: tuple[Column, ...] = Field(default=(), max_length=200)
    sparse: tuple[Column, ...] = Field(default=(), max_length=200)
    records_band: Band = ""
    modalities: dict[Modality, Band] = {}
    """Of each modality the records have something of: how many, in bands."""


class FitReport(_Message):
    federation: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    fits: tuple[SheetFit, ...] = Field(max_length=100)


class ConsentWithdrawn(_Message):
    """Someone withdrew: found at the site on this day, by UTC. Always as long, whoever and however many they are."""

    day: date


class ReceiptsAsked(_Message):
    """What the hub holds of updates that came from this site, since then."""

    since: AwareDatetime


class ReceiptTold(_Message):
    """One update as the hub has it: what the site's outbound log must have, too."""

    run: str
    round: int
    body: Digest
    bytes: int
    policy: Digest
    received: AwareDatetime
    refused: UploadRefusal | None = None


class ReceiptsTold(_Message):
    """Newest first. `more`: some older ones are left off."""

    receipts: tuple[ReceiptTold, ...]
    more: bool = False


class ClaimRequest(_Message):
    lane: Lane
    wait_s: float = Field(default=limits.LONG_POLL_S, ge=0, le=limits.LONG_POLL_S)


class Claimed(_Message):
    """`claim` is the fencing number that every later request for this job presents."""

    job: str
    kind: JobKind
    claim: int
    lease_s: int
    manifest: Signed


class ClaimRef(_Message):
    claim: int = Field(ge=1)


class Lease(_Message):
    verdict: Verdict
    lease_s: int
    suspended: bool = False
    """Why it says cancel: the operators suspended the site's institution."""


class Progress(_Message):
    claim: int = Field(ge=1)
    phase: Phase
    step: int | None = Field(default=None, ge=0)
    steps: int | None = Field(default=None, ge=0)
    seconds_left: int | None = Field(default=None, ge=0)
    bytes_done: int | None = Field(default=None, ge=0)
    bytes_all: int | None = Field(default=None, ge=0)


class Nack(_Message):
    """Give a job back; the hub may hand it out again."""

    claim: int = Field(ge=1)
    code: Failure


class Answer(_Message):
    """Ends a job. Exactly one of the fields after `claim` is set; an update job names its upload's digest."""

    claim: int = Field(ge=1)
    refused: Refusal | None = None
    refused_detail: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_./-]{1,64}$")
    """A name from the manifest (an input, a task, a protection), never from the data."""
    failed: Failure | None = None
    update: Digest | None = None
    metrics: MetricsAnswer | None = None
    report: ReportAnswer | None = None
    switched: str | None = Field(default=None, max_length=64)


class StartUpload(_Message):
    """`header` seals an `UpdateHeader`."""

    claim: int = Field(ge=1)
    header: Signed


class UploadState(_Message):
    upload: str
    offset: int
    complete: bool = False


class Problem(BaseModel):
    """RFC 9457 `application/problem+json`, on every door."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    code: str = ""
    errors: list[dict[str, Any]] = []
