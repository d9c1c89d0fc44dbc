"""What rounds leave behind, in bulk: updates with signed headers, signed jobs, model states, figures, what left.

Of a site's steps in a round one event is kept, its update's arrival, because the number of events is given.
"""

import hashlib
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.audit import kinds
from app.ids import new_id
from app.runs.manifests import LEAVES
from app.runs.models import Measurement, ModuleState, Round, Run, Update
from app.runs.schemas import Plan
from app.runs.states import RoundState, UpdateState
from app.sites.models import Job, SentLine
from app.sites.states import JobState
from benchmarks.pages_events import SEED, Happened, append
from worker.protocol.codes import JobKind, Phase, TransferKind
from worker.protocol.manifest import Manifest, ModuleRef
from worker.protocol.signatures import PrivateKey
from worker.protocol.update import Receipt, UpdatedModule, UpdateHeader

if TYPE_CHECKING:
    from benchmarks.pages_classes import School

MODULES = {"encoder/table": 9_800, "fusion": 26_400, "head/pass": 1_200}
_MINUTE = timedelta(minutes=1)
Rows = dict[type[Any], list[dict[str, Any]]]


def digest_of(*parts: object) -> str:
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


@dataclass
class Course:
    """A run that has begun: its members, and how its rounds lie in the time it takes."""

    run: Run
    members: "list[School]"
    key: PrivateKey
    started: datetime
    takes: timedelta
    rounds: int
    rows: Rows = field(default_factory=dict)
    events: list[Happened] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.plan = Plan.model_validate(self.run.plan)
        self.draw = random.Random(f"{SEED}-{self.run.federation_id}-{self.run.number}")
        self.sites = [(s, site) for s in self.members for site in s.sites]

    @property
    def lead(self) -> str:
        return self.members[0].id

    def opened(self, number: int) -> datetime:
        return self.started + _MINUTE + self.takes * 0.9 * ((number - 1) / self.rounds)

    def digest(self, module: str, number: int) -> str:
        return digest_of(self.run.id, module, number)

    def add(self, table: type[Any], /, **values: Any) -> None:
        self.rows.setdefault(table, []).append(values)


def write(session: Session, course: Course, open_since: datetime | None) -> None:
    """All its rounds. With `open_since` its last round is open since then, and sites are at work in it."""
    _states(course, 0, course.started)
    for _school, site in course.sites:
        for model, value in (("local", 0.68), ("rule", 0.61)):
            _figure(course, site, 0, model, value + course.draw.uniform(0, 0.04), course.started)
    for number in range(1, course.rounds + 1):
        _round(course, number, open_since if number == course.rounds else None)
    for kind in (Round, Job, Update, ModuleState, Measurement, SentLine):
        session.execute(insert(kind), course.rows[kind])
    append(session, course.events)
    course.run.changed = course.opened(course.rounds)
    session.flush()


def _states(course: Course, number: int, at: datetime) -> None:
    for module, size in MODULES.items():
        course.add(
            ModuleState,
            id=new_id("state"),
            run_id=course.run.id,
            round=number,
            module=module,
            digest=course.digest(module, number),
            bytes=size,
            sites=len(course.sites) if number else 0,
            held=False,
            kept={},
            created=at,
        )


def _figure(course: Course, site: str, number: int, model: str, value: float, at: datetime) -> None:
    course.add(
        Measurement,
        id=new_id("measurement"),
        run_id=course.run.id,
        site_id=site,
        round=number,
        model=model,
        task=course.plan.sheets[0].name,
        metric=course.plan.sheets[0].metric,
        value=value,
        low=value - 0.03,
        high=value + 0.03,
        weight=100.0,
        at=at,
    )


def _round(course: Course, number: int, open_since: datetime | None) -> None:
    """Closed, or with `open_since` still open, half its updates in."""
    opened = open_since or course.opened(number)
    closed = None if open_since else opened + 8 * _MINUTE
    id_ = new_id("round")
    asked = [site for _school, site in course.sites]
    course.add(
        Round,
        id=id_,
        run_id=course.run.id,
        number=number,
        state=RoundState.TRAINING if open_since else RoundState.CLOSED,
        reason="",
        cohort=asked,
        quorum=course.plan.quorum,
        base={m: course.digest(m, number - 1) for m in MODULES},
        opened=opened,
        deadline=opened + timedelta(seconds=course.plan.deadline_s),
        complete=closed,
        closed=closed,
    )
    body = {"run": course.run.id, "number": number, "cohort": len(asked), "quorum": 4}
    course.events.append((opened, course.lead, "hub", kinds.ROUND_OPENED, id_, body))
    manifest = _manifest(course, number, opened)
    for place, (school, site) in enumerate(course.sites):
        is_in = closed is not None or place % 2 == 0
        _site_round(course, id_, manifest, school, site, is_in, closed)
    if closed is not None:
        _states(course, number, closed)
        body = {"run": course.run.id, "number": number, "updates": len(asked)}
        course.events.append((closed, course.lead, "hub", kinds.ROUND_CLOSED, id_, body))


def _manifest(course: Course, number: int, opened: datetime) -> Manifest:
    return Manifest(
        job="",
        kind=JobKind.TRAIN,
        site="",
        institution="",
        federation=course.run.federation_id,
        run=course.run.id,
        round=number,
        issued=opened,
        expires=opened + timedelta(seconds=2 * course.plan.deadline_s),
        tasks=course.plan.sheets,
        model=course.plan.model,
        modules={
            m: ModuleRef(digest=course.digest(m, number - 1), bytes=size)
            for m, size in MODULES.items()
        },
        training=course.plan.training,
        cohort=len(course.members),
        minimum_cell=course.plan.minimum_cell,
        leaves=LEAVES[JobKind.TRAIN],
        approved=True,
    )


def _site_round(
    course: Course,
    round_id: str,
    shared: Manifest,
    school: "School",
    site: str,
    is_in: bool,
    closed: datetime | None,
) -> None:
    job, opened = new_id("job"), shared.issued
    came = opened + _MINUTE * course.draw.uniform(2, 7)
    own = {"job": job, "site": site, "institution": school.id}
    course.add(
        Job,
        id=job,
        site_id=site,
        lane=JobKind.TRAIN.lane,
        kind=JobKind.TRAIN,
        state=JobState.DONE if is_in else JobState.CLAIMED,
        run_id=course.run.id,
        round_id=round_id,
        manifest=course.key.seal(shared.model_copy(update=own)).model_dump(mode="json"),
        objects=[ref.digest for ref in shared.modules.values()],
        claim=1,
        attempts=1,
        cancel_asked=False,
        pause_asked=False,
        phase=Phase.DONE if is_in else Phase.TRAINING,
        progress={} if is_in else {"step": 40, "steps": 100, "seconds_left": 600},
        progress_at=came,
        lease_until=None if is_in else came + timedelta(hours=8),
        created=opened,
        ended=came if is_in else None,
    )
    if is_in:
        _came(course, round_id, shared, school, site, job, came, closed)


def _header(
    shared: Manifest, school: "School", site: str, job: str, came: datetime, digest: str
) -> UpdateHeader:
    return UpdateHeader(
        job=job,
        claim=1,
        run=shared.run,
        round=shared.round,
        site=site,
        modules={m: UpdatedModule(base=r.digest, weight=100) for m, r in shared.modules.items()},
        body=digest,
        bytes=sum(MODULES.values()),
        receipt=Receipt(policy=digest_of(school.id), policy_version=1),
        trained=came,
        software="0.1.0",
    )


def _came(
    course: Course,
    round_id: str,
    shared: Manifest,
    school: "School",
    site: str,
    job: str,
    came: datetime,
    closed: datetime | None,
) -> None:
    """The update, its line among what left, its event, and the figure the site measured after the round."""
    digest, size, number = digest_of(round_id, site), sum(MODULES.values()), shared.round
    header = _header(shared, school, site, job, came, digest)
    id_ = new_id("update")
    course.add(
        Update,
        id=id_,
        round_id=round_id,
        site_id=site,
        job_id=job,
        state=UpdateState.DELETED if closed else UpdateState.RECEIVED,
        refusal=None,
        refusal_detail="",
        digest=digest,
        bytes=size,
        header=school.sites[site].seal(header).model_dump(mode="json"),
        weights=dict.fromkeys(MODULES, 100.0) if closed else {},
        received=came,
        deleted=closed,
    )
    _left(course, school.id, site, job, TransferKind.UPDATE, size, digest, came)
    body = {"site": site, "run": course.run.id, "round_id": round_id, "number": number}
    body |= {"bytes": size, "digest": digest}
    course.events.append((came, school.id, site, kinds.UPDATE_RECEIVED, id_, body))
    if closed:
        value = 0.7 + 0.1 * number / course.rounds + course.draw.uniform(-0.02, 0.02)
        _figure(course, site, number, "shared", value, closed + _MINUTE)
        metrics = digest_of(round_id, site, "metrics")
        _left(course, school.id, site, None, TransferKind.METRICS, 240, metrics, closed + _MINUTE)


def _left(
    course: Course,
    home: str,
    site: str,
    job: str | None,
    kind: TransferKind,
    size: int,
    digest: str,
    at: datetime,
) -> None:
    course.add(
        SentLine,
        id=new_id("sent"),
        institution_id=home,
        site_id=site,
        run_id=course.run.id,
        job_id=job,
        kind=kind.value,
        bytes=size,
        digest=digest,
        reason=JobKind.TRAIN.value if kind is TransferKind.UPDATE else JobKind.EVALUATE.value,
        at=at,
    )
