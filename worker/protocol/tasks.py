"""The task sheet: what a federation predicts, from what, and how it is judged."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from worker.protocol.policy import Modality, Purpose, TaskKind
from worker.protocol.sound import heard

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Column = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")]
Metric = Literal["auc", "macro_f1", "accuracy", "qwk", "rmse", "mae", "pcc", "mcrmse"]
"""`qwk` is Cohen's kappa with quadratic weights, `pcc` Pearson's correlation (of a rubric: the mean over its traits),
`mcrmse` the mean over traits of the root mean square error.
"""
METRICS: dict[TaskKind, tuple[Metric, ...]] = {
    "binary": ("auc", "macro_f1", "accuracy"),
    "multiclass": ("auc", "macro_f1", "accuracy"),
    "ordinal": ("qwk", "macro_f1", "accuracy"),
    "regression": ("rmse", "mae", "pcc"),
    "rubric": ("mcrmse", "pcc"),
    "next_answer": ("auc", "accuracy"),
}
SMALLER_IS_BETTER: frozenset[Metric] = frozenset({"rmse", "mae", "mcrmse"})

InputKind = Literal["numeric", "categorical", "text", "audio", "image", "events"]
MODALITY_OF: dict[InputKind, Modality] = {
    "numeric": "table",
    "categorical": "table",
    "text": "text",
    "audio": "audio",
    "image": "image",
    "events": "events",
}


class EventColumn(BaseModel):
    """What each event of a sequence says. Numbers are scaled as those of a table are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Column
    kind: Literal["numeric", "categorical"] = "categorical"
    values: tuple[str, ...] = ()
    mean: float = 0.0
    sd: float = Field(default=1.0, gt=0)

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "EventColumn":
        if (self.kind == "categorical") != bool(self.values):
            raise ValueError(f"event column {self.name}: a categorical one lists its values")
        return self


class Input(BaseModel):
    """One input. A numeric one is scaled by the sheet's `mean` and `sd`, never by numbers learnt silently.

    Those of an audio input scale its log-mel bands, in dB; `means` and `sds` the numbers made of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Column
    modality: Modality = "table"
    kind: InputKind = "numeric"
    unit: str = Field(default="", max_length=40)
    values: tuple[str, ...] = ()
    mean: float = 0.0
    sd: float = Field(default=1.0, gt=0)
    bands: int = Field(default=40, ge=8, le=128)
    """Audio only: mel bands between 60 and 7,600 Hz, 25 frames a second."""
    means: tuple[Annotated[float, Field(allow_inf_nan=False)], ...] = ()
    """Audio only: of each number of a recording (`sound.heard` of them) over the training records of all sites, as
    constants scale it. Empty, as `sds` then is too: constants alone."""
    sds: tuple[Annotated[float, Field(gt=0, allow_inf_nan=False)], ...] = ()
    beside: Column | None = None
    """Text only: another text input of the sheet. Both are read in one pass, that one first, and it is not read by
    itself any more."""
    size: int = Field(default=32, ge=8, le=256)
    """Image only: read as so many pixels square, three colours."""
    columns: tuple[EventColumn, ...] = Field(default=(), max_length=20)
    """Events only."""
    length: int = Field(default=200, ge=2, le=2000)
    """Events only: the most events of one sequence; of longer ones the last, or for a next answer pieces."""

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "Input":
        if (self.kind == "categorical") != bool(self.values):
            raise ValueError(f"input {self.name}: a categorical one lists its values")
        if self.modality != MODALITY_OF[self.kind]:
            raise ValueError(
                f"input {self.name}: kind {self.kind} goes with modality {MODALITY_OF[self.kind]}"
            )
        names = [column.name for column in self.columns]
        if (self.kind == "events") != bool(names) or len(set(names)) != len(names):
            raise ValueError(f"input {self.name}: events, and they only, list columns, each once")
        if self.beside is not None and (self.kind != "text" or self.beside == self.name):
            raise ValueError(f"input {self.name}: only a text is read beside another text")
        numbers = heard(self.bands) if self.kind == "audio" else 0
        if len(self.means) != len(self.sds) or len(self.means) not in (0, numbers):
            raise ValueError(f"input {self.name}: means and sds are of {numbers} numbers, or empty")
        return self


class Grouping(BaseModel):
    """A column that sorts the records of a class in its report, with every value that may be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Column
    values: tuple[Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,80}$")], ...] = Field(
        min_length=2, max_length=100
    )

    @model_validator(mode="after")
    def _says_each_once(self) -> "Grouping":
        if len(set(self.values)) != len(self.values):
            raise ValueError(f"{self.name} lists a value twice")
        return self


class TaskSheet(BaseModel):
    """One task. Its digest is `canonical.digest_of(sheet)`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Slug
    target: str = Field(min_length=10, max_length=300)
    purpose: Purpose = "early-support"
    kind: TaskKind = "binary"
    label: Column
    """The column of the answer. Of a rubric its first trait; of a next answer a 0 or 1 of each event."""
    traits: tuple[Column, ...] = Field(default=(), max_length=20)
    """Rubric only: every column of it, all in the sheet's unit and scale."""
    labels: tuple[str, ...] = ()
    unit: str = Field(default="", max_length=40)
    label_mean: float = 0.0
    label_sd: float = Field(default=1.0, gt=0)
    cutoff_day: int | None = Field(default=None, ge=0, le=1000)
    inputs: tuple[Input, ...] = Field(min_length=1, max_length=200)
    metric: Metric = "auc"
    minimum_records: int = Field(default=20, ge=1)
    simple_rule: Column | None = None
    """A numeric input that alone, with its best single threshold, is the rule to beat."""
    topic: Grouping | None = None
    """What a record is about. It may be an input too."""
    groups: tuple[Grouping, ...] = Field(default=(), max_length=5)
    """Only to check gaps between students; never an input, and told only where a policy lets gaps out."""

    @model_validator(mode="after")
    def _is_coherent(self) -> "TaskSheet":
        names = [i.name for i in self.inputs]
        if len(set(names)) != len(names):
            raise ValueError("two inputs have the same name")
        if self.label in names:
            raise ValueError("the label is among the inputs")
        if self.kind == "binary" and len(self.labels) != 2:
            raise ValueError("a binary task lists two label values, the positive one last")
        if self.kind in ("multiclass", "ordinal") and len(self.labels) < 3:
            raise ValueError("a multi-class or ordinal task lists at least three label values")
        if self.kind in ("regression", "rubric", "next_answer") and self.labels:
            raise ValueError(f"a {self.kind} task lists no label values")
        if self.metric not in METRICS[self.kind]:
            wanted = ", ".join(METRICS[self.kind])
            raise ValueError(f"a {self.kind} task is judged by one of the metrics {wanted}")
        texts = {i.name: i for i in self.inputs if i.kind == "text"}
        for name in [i.beside for i in texts.values() if i.beside is not None]:
            if name not in texts or texts[name].beside is not None:
                raise ValueError(
                    f"{name} is no text input that stands by itself: nothing is read beside it"
                )
        if self.simple_rule is not None and self.simple_rule not in names:
            raise ValueError("the simple rule names no input of this sheet")
        return self

    @model_validator(mode="after")
    def _answers_fit(self) -> "TaskSheet":
        if (self.kind == "rubric") != bool(self.traits):
            raise ValueError("a rubric, and it only, lists its traits")
        if self.traits and (self.label != self.traits[0] or len(set(self.traits)) < 2):
            raise ValueError("a rubric has two traits or more, and its label is the first")
        if {*self.traits} & {i.name for i in self.inputs}:
            raise ValueError("a trait is among the inputs")
        if self.kind == "next_answer":
            columns = {c.name: c for i in self.inputs for c in i.columns}
            answer = columns.get(self.label)
            if len(self.inputs) != 1 or answer is None or answer.kind != "numeric":
                raise ValueError("a next answer is a number of the events of its only input")
            if (answer.mean, answer.sd) != (0.0, 1.0):
                raise ValueError("the answer is 0 or 1: it is not scaled")
            if not any(c.kind == "categorical" for c in columns.values()):
                raise ValueError("the first categorical column of the events says what is asked")
        return self

    @model_validator(mode="after")
    def _groupings_fit(self) -> "TaskSheet":
        inputs = {i.name for i in self.inputs}
        if any(group.name in inputs for group in self.groups):
            raise ValueError("a group is among the inputs: groups only check gaps")
        names = [one.name for one in self.groupings]
        if len(set(names)) != len(names) or self.label in names:
            raise ValueError("topic, groups and label are different columns")
        if names and self.kind not in ("binary", "regression"):
            raise ValueError("topics and groups go with yes or no, or a number")
        return self

    @property
    def groupings(self) -> tuple[Grouping, ...]:
        """The topic, where there is one, and the groups."""
        return ((self.topic,) if self.topic else ()) + self.groups

    @property
    def answers(self) -> tuple[Column, ...]:
        """The columns of the answer: one, or the traits."""
        return self.traits or (self.label,)

    @property
    def texts(self) -> tuple[Input, ...]:
        """The text inputs that are read, each alone or beside another; not those that others are read beside."""
        known = [i for i in self.inputs if i.kind == "text"]
        taken = {i.beside for i in known}
        return tuple(i for i in known if i.name not in taken)

    @property
    def numeric_answer(self) -> bool:
        """Whether it is a number in the sheet's unit, or several."""
        return self.kind in ("regression", "rubric")

    @property
    def yes_or_no(self) -> bool:
        """Whether what is predicted is the share of one of two values."""
        return self.kind in ("binary", "next_answer")

    @property
    def modalities(self) -> tuple[Modality, ...]:
        return tuple(dict.fromkeys(i.modality for i in self.inputs))
