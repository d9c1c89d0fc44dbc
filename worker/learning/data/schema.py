"""`dataset.yaml`: which file holds what. Values are read as text, so that `no` and `007` stay what they are."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from worker.protocol.policy import TaskKind
from worker.protocol.tasks import Slug, TaskSheet

DATASET = "dataset.yaml"
ColumnKind = Literal["numeric", "categorical", "text", "audio", "image"]
_ONLY: dict[str, frozenset[str]] = {
    "table": frozenset({"numeric", "categorical"}),
    "events": frozenset({"numeric", "categorical"}),
    "text": frozenset({"text"}),
    "audio": frozenset({"audio"}),
    "image": frozenset({"image"}),
}


def inside(name: str) -> bool:
    """Whether this names something inside the data folder, on any system."""
    parts = name.replace("\\", "/").split("/")
    return not (".." in parts or parts[0] == "" or ":" in parts[0])


def _no_escape(value: Any) -> Any:
    if not inside(str(value)):
        raise ValueError("name a file inside the data folder")
    if not str(value).endswith((".csv", ".csv.gz", ".parquet")):
        raise ValueError("a table ends in .csv, .csv.gz or .parquet")
    return value


def _none_if_empty(value: Any) -> Any:
    return None if value in ("", "null", "~") else value


FileName = Annotated[str, Field(max_length=200), BeforeValidator(_no_escape)]
Header = Annotated[str, Field(min_length=1, max_length=200)]
Optional = Annotated[Header | None, BeforeValidator(_none_if_empty)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class ModalityFile(_Strict):
    """Columns of one file that may serve as inputs. A column listed in no modality is never an input."""

    kind: Literal["table", "text", "audio", "image", "events"]
    file: FileName
    columns: dict[Header, ColumnKind] = Field(min_length=1)
    order: Optional = None
    """Events only: the numeric column that puts the events of one record in order."""

    @model_validator(mode="after")
    def _kinds_agree(self) -> "ModalityFile":
        for column, kind in self.columns.items():
            if kind not in _ONLY[self.kind]:
                wanted = kind if kind in _ONLY else "table or events"
                raise ValueError(f"column {column}: kind {kind} goes with modality {wanted}")
        if (self.order is None) == (self.kind == "events"):
            raise ValueError("order names the column that orders events, and goes with events only")
        if self.order in self.columns:
            raise ValueError(f"column {self.order} orders the events and cannot be one of them too")
        return self


class TaskMap(_Strict):
    """How this folder serves the task sheet of the same name. Whatever is left out has the sheet's name."""

    kind: TaskKind
    label: Header
    file: FileName | None = None
    """Where the label stands, if not in the file of `records`."""
    labels: dict[str, str] = {}
    """Our label value -> the sheet's; an empty one leaves the row out."""
    traits: dict[str, Optional] = {}
    """The rubric's trait -> our column; empty says that it is not judged here."""
    inputs: dict[str, Optional] = {}
    """The sheet's input -> our column; empty says that we do not have it. Of events: `input.column` -> our column."""
    groupings: dict[str, Optional] = {}
    """The sheet's topic or group -> our column of the label's file; empty says that we do not have it."""
    values: dict[str, dict[str, str]] = {}
    """The sheet's categorical input, topic or group -> our value -> the sheet's."""

    def column_of(self, answer: str, sheet: TaskSheet) -> str | None:
        """Our column of one answer of the sheet; None where it is not judged here."""
        if answer == sheet.label:
            return self.label
        return self.traits.get(answer, answer)


class Says(_Strict):
    """A column of the records, and the cells that mean yes."""

    column: Header
    values: tuple[str, ...] = Field(min_length=1, alias="yes")


class Consent(_Strict):
    """Who may take part, by columns of the records' file. They are never inputs."""

    parent: Says | None = None
    """A parent agreed. Needed below the age of consent; where no age is known of, for everyone."""
    student: Says | None = None
    """The student agreed; needed whatever the age."""
    opt_out: Says | None = None
    """The student, or a parent, objected."""
    birth_date: Optional = None
    """A day such as 2011-05-30."""
    age: Optional = None
    """Whole years."""
    everyone_of_age: bool = False
    """Nobody here is under any age of consent: a university, a course for adults."""
    age_of_consent: Annotated[int, Field(ge=1, le=25)] | None = None
    """Only to be stricter than the policy, which names the age of the law."""
    special: dict[Header, tuple[str, ...]] = {}
    """Column to the cells that keep a record out, such as a school's notes on health."""

    @model_validator(mode="after")
    def _one_age(self) -> "Consent":
        if self.birth_date is not None and self.age is not None:
            raise ValueError("name birth_date or age, not both")
        if self.everyone_of_age and (self.birth_date or self.age or self.parent):
            raise ValueError("everyone_of_age needs no age and no parent")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        said = (one.column for one in (self.parent, self.student, self.opt_out) if one is not None)
        ages = (column for column in (self.birth_date, self.age) if column is not None)
        return tuple(dict.fromkeys((*said, *ages, *self.special)))


class Dataset(_Strict):
    """One data folder. `key` names the columns by which a row of another file finds its record."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
    title: str = Field(default="", max_length=200)
    simulated: bool = False
    student: Header
    class_column: Header = Field(alias="class")
    term: Header
    split: Optional = None
    records: FileName
    key: tuple[Header, ...] = ()
    missing: tuple[str, ...] = ()
    """Spellings of "no value" besides an empty cell, such as NA."""
    modalities: tuple[ModalityFile, ...] = Field(min_length=1)
    tasks: dict[Slug, TaskMap] = {}
    consent: Consent | None = None
    """None: every record may be used."""

    @model_validator(mode="after")
    def _consent_is_no_input(self) -> "Dataset":
        for column in self.consent.columns if self.consent else ():
            if self.place_of(column) is not None:
                raise ValueError(f"column {column} says who may take part and cannot be an input")
        return self

    @model_validator(mode="after")
    def _no_column_twice(self) -> "Dataset":
        seen: dict[str, str] = {}
        for modality in self.modalities:
            for column in modality.columns:
                if column in seen:
                    raise ValueError(
                        f"column {column} stands in two modalities"
                        f" ({seen[column]} and {modality.file}): rename one"
                    )
                seen[column] = modality.file
        return self

    @property
    def join(self) -> tuple[str, ...]:
        return self.key or (self.student, self.class_column, self.term)

    @model_validator(mode="after")
    def _events_apart(self) -> "Dataset":
        """A file of events has many rows for one record: nothing else can be read from it."""
        for file in self.events:
            uses = [m for m in self.modalities if m.file == file]
            if file in self.record_files or len(uses) > 1:
                raise ValueError(f"{file} holds events: it can hold nothing else")
        return self

    @property
    def events(self) -> dict[str, str]:
        """File of events -> the column that orders it."""
        return {m.file: m.order for m in self.modalities if m.order is not None}

    @property
    def files(self) -> tuple[str, ...]:
        """Every file named, the one of the records first."""
        named = [self.records, *(m.file for m in self.modalities)]
        named += [t.file for t in self.tasks.values() if t.file]
        return tuple(dict.fromkeys(named))

    @property
    def record_files(self) -> tuple[str, ...]:
        """Files whose rows are records: they carry student, class, term and split."""
        return tuple(dict.fromkeys([self.records, *(self.file_of(t) for t in self.tasks.values())]))

    def file_of(self, task: TaskMap) -> str:
        return task.file or self.records

    def place_of(self, column: str) -> ModalityFile | None:
        """The modality that lists this column."""
        return next((m for m in self.modalities if column in m.columns), None)
