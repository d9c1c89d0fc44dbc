"""The task sheet: what a federation predicts, from what, and how it is judged."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from worker.protocol.policy import Modality, Purpose, TaskKind

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Column = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")]
Metric = Literal["auc", "macro_f1", "accuracy", "rmse", "mae"]


class Input(BaseModel):
    """One input. A numeric one is scaled by the sheet's `mean` and `sd`, never by numbers learnt silently."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Column
    modality: Modality = "table"
    kind: Literal["numeric", "categorical", "text"] = "numeric"
    unit: str = Field(default="", max_length=40)
    values: tuple[str, ...] = ()
    mean: float = 0.0
    sd: float = Field(default=1.0, gt=0)

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "Input":
        if self.kind == "categorical" and not self.values:
            raise ValueError(f"input {self.name} is categorical and lists no values")
        if (self.kind == "text") != (self.modality == "text"):
            raise ValueError(f"input {self.name}: kind text goes with modality text")
        if self.modality not in ("table", "text"):
            raise ValueError(
                f"input {self.name}: this version trains on table and text, not on {self.modality} yet"
            )
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
        if self.kind == "multiclass" and len(self.labels) < 3:
            raise ValueError("a multi-class task lists at least three label values")
        if self.kind == "regression" and self.labels:
            raise ValueError("a regression task lists no label values")
        if (self.kind == "regression") != (self.metric in ("rmse", "mae")):
            raise ValueError("rmse and mae go with regression, the other metrics do not")
        if self.simple_rule is not None and self.simple_rule not in names:
            raise ValueError("the simple rule names no input of this sheet")
        return self

    @model_validator(mode="after")
    def _groupings_fit(self) -> "TaskSheet":
        inputs = {i.name for i in self.inputs}
        if any(group.name in inputs for group in self.groups):
            raise ValueError("a group is among the inputs: groups only check gaps")
        names = [one.name for one in self.groupings]
        if len(set(names)) != len(names) or self.label in names:
            raise ValueError("topic, groups and label are different columns")
        if names and self.kind == "multiclass":
            raise ValueError("topics and groups go with yes or no, or a number")
        return self

    @property
    def groupings(self) -> tuple[Grouping, ...]:
        """The topic, where there is one, and the groups."""
        return ((self.topic,) if self.topic else ()) + self.groups

    @property
    def modalities(self) -> tuple[Modality, ...]:
        return tuple(dict.fromkeys(i.modality for i in self.inputs))
