"""A site's contribution to a round: the difference from a named base, per module, and its receipt."""

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from worker.protocol import limits
from worker.protocol.codes import Change, Chosen, ClassUse
from worker.protocol.policy import Digest


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class UpdatedModule(_Value):
    """One module of an update. `weight` counts the records that carried it, capped again at the hub; where the policy
    keeps counts at the site, a power of two (`worker.protocol.weights`)."""

    base: Digest
    weight: float = Field(gt=0, le=1e9)


class Receipt(_Value):
    """What the site says it did. It attests; it cannot prove noise, and says so by leaving it null."""

    policy: Digest
    policy_version: int
    clip: float | None = None
    noise: float | None = None
    epsilon: float | None = None


class UpdateHeader(_Value):
    """Travels with the tensors, signed by the site's key. The tensors are named `<module>::<tensor>`."""

    job: str
    claim: int = Field(ge=1)
    run: str
    round: int = Field(ge=1)
    site: str
    modules: dict[str, UpdatedModule] = Field(min_length=1)
    body: Digest
    bytes: int = Field(ge=1, le=limits.UPDATE_BYTES)
    receipt: Receipt
    trained: AwareDatetime
    software: str = Field(max_length=40)


class TaskMetrics(_Value):
    """Quality on a site's hold-out for one task, as the policy lets it out."""

    task: str
    metric: str
    value: float
    interval: tuple[float, float] | None = None
    records_band: str = Field(max_length=20)
    weight: float = Field(gt=0)
    """Records behind the value, rounded down to a multiple of the minimum cell; where the policy keeps counts at the
    site, to a power of two of them."""


class ClassOutcomes(_Value):
    """Classes with enough records, by what a part of their own did on test records. One without is unchanged."""

    helped: int = Field(ge=0, le=10_000)
    unchanged: int = Field(ge=0, le=10_000)
    hurt: int = Field(ge=0, le=10_000)
    heads: int = Field(default=0, ge=0, le=10_000)
    """How many of them use a head of their own, and no more."""
    adapters: int = Field(default=0, ge=0, le=10_000)
    """How many use a head and an adapter."""


class PersonalChoice(_Value):
    """Which model the site uses for a task, and what that did on its test records against the two others."""

    task: str
    model: Chosen
    against_shared: Change
    against_alone: Change
    classes: ClassOutcomes | None = None
    """None with fewer than three such classes."""
    students: Change | None = None
    """What calibration by each student's own earlier records did; None: the site does not use it for this task."""


class MetricsAnswer(_Value):
    """The answer of an evaluate, baseline or personal job: each kind fills its own. `personal`: of the model chosen."""

    shared: tuple[TaskMetrics, ...] = ()
    local: tuple[TaskMetrics, ...] = ()
    rule: tuple[TaskMetrics, ...] = ()
    personal: tuple[TaskMetrics, ...] = ()
    choices: tuple[PersonalChoice, ...] = ()


class CalibrationPoint(_Value):
    """Predicted against observed share in one group of at least the minimum cell."""

    predicted: float
    observed: float
    records: int


class ClassPart(_Value):
    """A topic's or a group's students in a class, by a value of the sheet's list. `students` None: not shown.

    `seen`, `expected` and `difference` (to the rest of the class, with its 95 % interval) are shares for a binary
    task, else in the sheet's unit. Over all records of the class, rounded, not covered by any epsilon.
    """

    value: str = Field(max_length=80)
    students: int | None
    seen: float | None = None
    expected: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None


class ClassTask(_Value):
    """One class, one task. Everything is rounded; a value under the minimum cell is None."""

    task: str
    metric: str
    shared: float | None
    local: float | None
    rule: float | None
    shared_interval: tuple[float, float] | None = None
    predicted_mean: float | None = None
    observed_mean: float | None = None
    curve: tuple[CalibrationPoint, ...] = ()
    use: ClassUse | None = None
    """What the class goes by, where `shared` is of it. None: too few test records, or told by an earlier version."""
    missing: dict[str, float] = {}
    """Share of records without a modality, rounded to 5 %."""
    topics: tuple[ClassPart, ...] = ()
    groups: dict[str, tuple[ClassPart, ...]] = {}
    """By the sheet's groups."""


class ClassFigures(_Value):
    """What a site lets out about one class. `records` is None when under the minimum cell."""

    code: str = Field(max_length=limits.NAME_LENGTH)
    term: str = Field(max_length=limits.NAME_LENGTH)
    records: int | None
    tasks: tuple[ClassTask, ...] = ()


class ReportAnswer(_Value):
    """The answer of a report job."""

    classes: tuple[ClassFigures, ...]
