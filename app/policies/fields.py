"""The fields of a policy as a form shows them: label, help, choices, the value in words.

A flow of `leaves` is a field of its own, named `leaves.metrics`.
"""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from app.text import N_, _
from worker.protocol import categories, words
from worker.protocol.policy import (
    Modality,
    PolicyDocument,
    Protection,
    Purpose,
    TaskKind,
    Withdrawals,
)

Form = Literal["many", "one", "number", "yes", "names", "digests"]


@dataclass(frozen=True)
class Field:
    """`label()` and `help()` speak the reader's language; the marked English is kept here."""

    name: str
    form: Form
    english: str
    english_help: str
    choices: tuple[str, ...] = ()

    def label(self) -> str:
        return _(self.english)

    def help(self) -> str:
        return _(self.english_help)


_FIELDS = (
    Field(
        "modalities",
        "many",
        N_("Kinds of records"),
        N_("A task sheet that uses another kind is refused."),
        get_args(Modality),
    ),
    Field(
        "task_kinds",
        "many",
        N_("Kinds of predictions"),
        N_("A task sheet that predicts something else is refused."),
        get_args(TaskKind),
    ),
    Field(
        "purposes",
        "many",
        N_("Purposes"),
        N_("What a run's result may be used for."),
        get_args(Purpose),
    ),
    Field(
        "blocked_inputs",
        "names",
        N_("Columns never used"),
        N_("Names as in task sheets, one a line. A task that uses one is refused."),
    ),
    Field(
        "categories",
        "many",
        N_("Special categories that may be used"),
        N_(
            "Of those a law or contract names. Each needs a purpose on record that names its ground."
        ),
        categories.ALL,
    ),
    Field(
        "minimum_cohort",
        "number",
        N_("Least institutions in a run"),
        N_("Fewer make it easier to tell whose update did what. At least 2."),
    ),
    Field(
        "minimum_cell",
        "number",
        N_("Least students behind a figure"),
        N_("Smaller groups are not shown. No law names a number. At least 5."),
    ),
    Field(
        "minimum_records",
        "number",
        N_("Least records to train"),
        N_("A site with fewer records takes no part in a round."),
    ),
    Field(
        "approval",
        "one",
        N_("Where a run is approved"),
        N_("In the browser it is quicker. At the site, the hub cannot invent it."),
        ("hub", "site"),
    ),
    Field(
        "leaves.updates",
        "yes",
        N_("Model updates leave the site"),
        N_("Without them the site trains in no run."),
    ),
    Field(
        "leaves.metrics",
        "yes",
        N_("Figures on quality leave the site"),
        N_("How well the model does here. No noise is added in this version."),
    ),
    Field(
        "leaves.counts",
        "yes",
        N_("Numbers of records leave the site"),
        N_("In bands only. If not, updates and figures weigh a power of two."),
    ),
    Field(
        "leaves.class_codes",
        "yes",
        N_("Class codes leave the site"),
        N_("Lets an administrator name instructors without typing each class."),
    ),
    Field(
        "leaves.class_reports",
        "yes",
        N_("Class reports leave the site"),
        N_("Small groups are left out. Only a class's instructors can open them."),
    ),
    Field(
        "leaves.group_gaps",
        "yes",
        N_("Gaps between groups leave the site"),
        N_("Within class reports, where a task sheet names groups. Small groups are left out."),
    ),
    Field(
        "abroad",
        "yes",
        N_("Reviewed: goes to other countries"),
        N_("Where a law asks for a review before updates reach a hub or members abroad."),
    ),
    Field(
        "protections",
        "many",
        N_("Protections a run must have"),
        N_("A run without one of them is refused."),
        get_args(Protection),
    ),
    Field(
        "models",
        "digests",
        N_("Base models allowed"),
        N_("By digest, one a line. Empty: any that the hub's operators allow."),
    ),
    Field(
        "keep_updates",
        "yes",
        N_("The hub may keep updates"),
        N_("Otherwise it deletes them once a round is closed and checked."),
    ),
    Field(
        "student_lists",
        "yes",
        N_("Lists of students at the site"),
        N_("Who is at the site may list predictions by student, with a reason. It stays there."),
    ),
    Field(
        "tell_withdrawals",
        "one",
        N_("The hub is told of a withdrawn consent"),
        N_(
            "A bare fact, once a site and day at most. It opens an erasure request here, and the lead learns that a "
            "member has one."
        ),
        get_args(Withdrawals),
    ),
)

FIELDS: dict[str, Field] = {field.name: field for field in _FIELDS}


def choice_name(choice: str) -> str:
    """One value of a closed list, in words."""
    return words.choice_in_words(choice)


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
