"""The fields of a policy as a form shows them: label, help, choices, the value in words.

A flow of `leaves` is a field of its own, named `leaves.metrics`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from app.text import _
from worker.protocol.policy import Modality, PolicyDocument, Protection, Purpose, TaskKind

Form = Literal["many", "one", "number", "yes", "names", "digests"]


@dataclass(frozen=True)
class Field:
    """`label` and `help` are called when rendered, so they speak the reader's language."""

    name: str
    form: Form
    label: Callable[[], str]
    help: Callable[[], str]
    choices: tuple[str, ...] = ()


def _fields() -> tuple[Field, ...]:
    return (
        Field(
            "modalities",
            "many",
            lambda: _("Kinds of records"),
            lambda: _("A task sheet that uses another kind is refused."),
            get_args(Modality),
        ),
        Field(
            "task_kinds",
            "many",
            lambda: _("Kinds of predictions"),
            lambda: _("Yes or no, one of several, or a number."),
            get_args(TaskKind),
        ),
        Field(
            "purposes",
            "many",
            lambda: _("Purposes"),
            lambda: _("What a run's result may be used for."),
            get_args(Purpose),
        ),
        Field(
            "blocked_inputs",
            "names",
            lambda: _("Columns never used"),
            lambda: _("Names as in task sheets, one a line. A task that uses one is refused."),
        ),
        Field(
            "minimum_cohort",
            "number",
            lambda: _("Least institutions in a run"),
            lambda: _("Fewer make it easier to tell whose update did what. At least 2."),
        ),
        Field(
            "minimum_cell",
            "number",
            lambda: _("Least students behind a figure"),
            lambda: _("Smaller groups are not shown. No law names a number. At least 5."),
        ),
        Field(
            "minimum_records",
            "number",
            lambda: _("Least records to train"),
            lambda: _("A site with fewer records takes no part in a round."),
        ),
        Field(
            "approval",
            "one",
            lambda: _("Where a run is approved"),
            lambda: _("In the browser it is quicker. At the site, the hub cannot invent it."),
            ("hub", "site"),
        ),
        Field(
            "leaves.updates",
            "yes",
            lambda: _("Model updates leave the site"),
            lambda: _("Without them the site trains in no run."),
        ),
        Field(
            "leaves.metrics",
            "yes",
            lambda: _("Figures on quality leave the site"),
            lambda: _("How well the model does here. No noise is added in this version."),
        ),
        Field(
            "leaves.counts",
            "yes",
            lambda: _("Numbers of records leave the site"),
            lambda: _("Others see them in bands only."),
        ),
        Field(
            "leaves.class_codes",
            "yes",
            lambda: _("Class codes leave the site"),
            lambda: _("Lets an administrator name instructors without typing each class."),
        ),
        Field(
            "leaves.class_reports",
            "yes",
            lambda: _("Class reports leave the site"),
            lambda: _("Small groups are left out. Only a class's instructors can open them."),
        ),
        Field(
            "protections",
            "many",
            lambda: _("Protections a run must have"),
            lambda: _("A run without one of them is refused."),
            get_args(Protection),
        ),
        Field(
            "models",
            "digests",
            lambda: _("Base models allowed"),
            lambda: _("By digest, one a line. Empty: any that the hub's operators allow."),
        ),
        Field(
            "keep_updates",
            "yes",
            lambda: _("The hub may keep updates"),
            lambda: _("Otherwise it deletes them once a round is closed and checked."),
        ),
    )


FIELDS: dict[str, Field] = {field.name: field for field in _fields()}


def choice_name(choice: str) -> str:
    """One value of a closed list, in words."""
    return {
        "table": _("tables"),
        "text": _("texts"),
        "image": _("images"),
        "audio": _("recordings"),
        "events": _("sequences of clicks and answers"),
        "binary": _("yes or no"),
        "multiclass": _("one of several"),
        "regression": _("a number"),
        "early-support": _("early support"),
        "feedback": _("feedback to students"),
        "assessment-quality": _("better assessments"),
        "curriculum": _("curriculum"),
        "research": _("research"),
        "noise": _("noise"),
        "secure-aggregation": _("secure aggregation"),
        "hub": _("in the browser, by the privacy officer"),
        "site": _("at the site"),
    }[choice]


def value_of(name: str, document: PolicyDocument) -> Any:
    """The field's value; `leaves.metrics` looks inside."""
    value: Any = document
    for part in name.split("."):
        value = getattr(value, part)
    return value


def value_in_words(name: str, document: PolicyDocument) -> str:
    value, form = value_of(name, document), FIELDS[name].form
    if form == "yes":
        return _("yes") if value else _("no")
    if form == "number":
        return str(value)
    if form == "one":
        return choice_name(value)
    if form == "digests":
        if value is None:
            return _("any that the operators allow")
        return ", ".join(digest[:12] for digest in sorted(value)) or _("none")
    if form == "names":
        return ", ".join(sorted(value)) or _("none")
    shown = (choice_name(choice) for choice in FIELDS[name].choices if choice in value)
    return ", ".join(shown) or _("none")
