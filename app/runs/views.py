"""What the run page shows, as plain values. What the reader may not see is None. Every value has its age."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.runs.eligibility import Outside
from app.runs.personal import Personal
from app.runs.receipts import Receipt
from app.runs.states import RoundState, RunState
from app.sites.states import JobState
from worker.protocol.codes import Failure, Phase, Refusal, UploadRefusal
from worker.protocol.kept import KeptRows


class Part(StrEnum):
    """A site's part in the round that is open, or would be in the next one."""

    WAITING = "waiting"
    """Its job is in the inbox, and the site was seen lately."""
    WORKING = "working"
    UPLOADING = "uploading"
    RECEIVED = "received"
    TAKEN = "taken"
    UPDATE_REFUSED = "update-refused"
    REFUSED = "refused"
    """By a rule: the site's guard said no, or the hub's forecast does."""
    FAILED = "failed"
    OFFLINE = "offline"
    APPROVAL_WAITS = "approval-waits"
    DECLINED = "declined"
    NO_SITE = "no-site"
    SUSPENDED = "suspended"
    """Its institution is, by the operators: it is asked for nothing, and told to put down what it holds."""
    READY = "ready"
    """Could be asked; no round is open."""


@dataclass(frozen=True)
class SiteRow:
    """One site, or an institution without one. Others' rows carry no more than `takes_part` and `part`: a member
    sees of another only whether it takes part."""

    institution: str
    institution_name: str
    own: bool
    takes_part: bool
    part: Part | None
    """None for others, unless the reader leads."""
    at: datetime | None
    """When this was last known."""
    site: str | None = None
    site_name: str | None = None
    phase: Phase | None = None
    step: int | None = None
    steps: int | None = None
    seconds_left: int | None = None
    bytes_done: int | None = None
    bytes_all: int | None = None
    rule: Refusal | None = None
    """For the institution itself and the lead."""
    rule_detail: str | None = None
    """For the institution itself."""
    upload_refusal: UploadRefusal | None = None
    failure: Failure | None = None
    job_state: JobState | None = None
    late: bool | None = None
    """It still works from the round before; its update counts a little less."""
    last_seen: datetime | None = None
    hours: tuple[str, str, str] | None = None
    """From, to, time zone: when the site works."""
    outside: Outside | None = None


@dataclass(frozen=True)
class RefusedCount:
    reason: UploadRefusal
    count: int


@dataclass(frozen=True)
class ModuleLine:
    """`sites` updates went in; `held` means too few, so the part stayed as it was. `kept`: what stays at sites."""

    module: str
    base: str | None
    digest: str | None
    bytes: int | None
    sites: int | None
    held: bool
    kept: KeptRows


@dataclass(frozen=True)
class UpdateLine:
    """One update, for the site's own institution and the lead. `late`: from the base of the round before."""

    institution_name: str
    own: bool
    digest: str
    bytes: int
    received: datetime
    taken: bool
    refusal: UploadRefusal | None
    refusal_detail: str
    deleted: datetime | None
    weights: dict[str, float]
    late: bool = False
    receipt: Receipt | None = None
    """For the site's own institution."""


@dataclass(frozen=True)
class RoundView:
    """`reason` is a sentence for a void round. `complete`: when the last awaited update came."""

    id: str
    number: int
    state: RoundState
    reason: str
    asked: int
    quorum: int
    received: int
    taken: int
    refused: tuple[RefusedCount, ...]
    opened: datetime
    deadline: datetime
    complete: datetime | None
    closed: datetime | None
    modules: tuple[ModuleLine, ...] = ()
    updates: tuple[UpdateLine, ...] = ()


@dataclass(frozen=True)
class Point:
    """The weighted mean over sites after one round. `low` and `high`: 95 %, None where a site sent no interval."""

    round: int
    value: float
    low: float | None
    high: float | None
    sites: int
    records: float
    """Rounded down by each site to a multiple of the minimum cell."""
    at: datetime


@dataclass(frozen=True)
class Series:
    """One task's quality over rounds beside its references, and the reader's own site's figures."""

    task: str
    target: str
    metric: str
    higher_is_better: bool
    shared: tuple[Point, ...]
    own: tuple[Point, ...]
    local: Point | None
    """Each site alone."""
    rule: Point | None
    central: float | None
    """Only where the records are simulated."""
    in_use: Point | None = None
    """Each site with the model it uses, where the run has sites make one of their own."""
    personal: Personal | None = None

    @property
    def latest(self) -> Point | None:
        return self.shared[-1] if self.shared else None


@dataclass(frozen=True)
class ApprovalView:
    """`choice` is visible to the institution itself and the lead; `answered` to every member."""

    institution: str
    institution_name: str
    own: bool
    answered: bool
    approved: bool | None
    by: str | None
    policy_number: int | None
    reason: str | None
    asked: datetime
    expires: datetime
    decided: datetime | None


@dataclass(frozen=True)
class Heard:
    """One site: closed rounds that counted its update, of those that asked it."""

    institution: str
    institution_name: str
    own: bool
    site: str
    site_name: str
    counted: int
    offered: int


@dataclass(frozen=True)
class Participation:
    """`sites`: the reader's own, or all for the lead. `least`: the lowest share counted / offered over all sites; exact
    for the lead, for other members in quarters, rounded down."""

    closed: int
    sites: tuple[Heard, ...]
    least: float


@dataclass(frozen=True)
class Progress:
    """The whole run page. `as_of` is when it was read."""

    run_id: str
    number: int
    federation_id: str
    state: RunState
    reason: str
    """A sentence: why it waits, was paused or failed. Empty when all goes as planned."""
    pause_asked: bool
    leads: bool
    rounds_planned: int
    rounds: tuple[RoundView, ...]
    current: RoundView | None
    """The open round."""
    awaited: int
    """Sites that may still send an update to the open round."""
    missing: int
    """Updates the open round still needs for its quorum."""
    wait_until: datetime | None
    sites: tuple[SiteRow, ...]
    participation: Participation | None
    """None before the first closed round."""
    series: tuple[Series, ...]
    approvals: tuple[ApprovalView, ...]
    release_ready: bool
    changed: datetime
    as_of: datetime

    @property
    def closed(self) -> int:
        return sum(r.state is RoundState.CLOSED for r in self.rounds)
