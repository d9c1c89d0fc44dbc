"""The policy as a form: fields from `app.policies.fields`, grouped as people think, and back into a document."""

from typing import Any

from pydantic import ValidationError

from app.errors import Invalid
from app.policies import floor
from app.policies.composing import Composed
from app.policies.fields import FIELDS, choice_name, value_in_words, value_of
from app.policies.fields import Field as Rule
from app.policies.profile_text import border
from app.text import _
from app.web.forms import Typed
from app.web.parts import Field, Option
from worker.protocol.policy import PolicyDocument

_YES, _NO = "yes", "no"


def groups() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Titles of the panels and the fields in each."""
    return (
        (
            _("What may be learned"),
            (
                "modalities",
                "task_kinds",
                "purposes",
                "blocked_inputs",
                "categories",
                "minimum_cohort",
                "minimum_records",
            ),
        ),
        (_("How it is protected"), ("protections", "approval", "minimum_cell", "models")),
        (
            _("What may leave, and for how long"),
            (
                "leaves.updates",
                "leaves.metrics",
                "leaves.counts",
                "leaves.class_codes",
                "leaves.class_reports",
                "leaves.group_gaps",
                "keep_updates",
                "abroad",
                "student_lists",
                "tell_withdrawals",
            ),
        ),
    )


def source(name: str, composed: Composed) -> str:
    """Where a value comes from: the profile and article that bounds it, else the institution's own choice."""
    bound = _bound(name, composed)
    return bound or {
        "minimum_cell": _("Your own choice. 5 is the lowest allowed. No law names a number."),
        "minimum_cohort": _("Your own choice. 2 is the lowest allowed."),
        "protections": _(
            "Your own choice. This version adds neither, so your sites would refuse every run."
        ),
    }.get(name, "")


def _bound(name: str, composed: Composed) -> str:
    if not composed.values:
        return ""
    if name == "minimum_cell":
        (value,) = composed.of("minimum_cell")
        said = _("At least {n}: {why}.")
        return said.format(n=value.value, why=floor.because(value))
    if name == "abroad":
        (value,) = composed.of("cross_border")
        return "" if value.value is None else f"{border(value.value)} {floor.because(value)}."
    if name == "categories":
        closed = [choice_name(v.value) for v in (*composed.of("special"), *composed.of("never"))]
        return _("Refused unless chosen: {list}.").format(list=", ".join(closed))
    return ""


def field(
    name: str,
    document: PolicyDocument,
    before: PolicyDocument | None,
    error: str,
    composed: Composed,
) -> Field:
    rule = FIELDS[name]
    changed = ""
    if before is not None and value_in_words(name, before) != value_in_words(name, document):
        changed = _("The approved version says {value}.").format(value=value_in_words(name, before))
    shared: dict[str, Any] = {
        "label": rule.label(),
        "help": rule.help(),
        "error": error,
        "changed": changed,
        "source": source(name, composed),
    }
    return _drawn(rule, value_of(name, document), shared)


def _drawn(rule: Rule, value: Any, shared: dict[str, Any]) -> Field:
    choices = tuple(Option(c, choice_name(c)) for c in rule.choices)
    match rule.form:
        case "many":
            return Field(
                rule.name,
                control="checks",
                values=tuple(value),
                options=choices,
                across=True,
                **shared,
            )
        case "one":
            return Field(
                rule.name, control="radio", value=value, options=choices, across=True, **shared
            )
        case "yes":
            options = (Option(_YES, _("Yes")), Option(_NO, _("No")))
            return Field(
                rule.name,
                control="radio",
                value=_YES if value else _NO,
                options=options,
                across=True,
                **shared,
            )
        case "number":
            return Field(rule.name, control="number", value=str(value), **shared)
        case _:
            return Field(
                rule.name,
                control="area",
                value="\n".join(value or ()),
                rows=3,
                optional=True,
                **shared,
            )


def read(typed: Typed) -> PolicyDocument:
    """Raises Invalid with a sentence at each field that cannot be."""
    values: dict[str, Any] = {"leaves": {}}
    errors: dict[str, str] = {}
    for name, rule in FIELDS.items():
        try:
            value = _value(rule, typed)
        except Invalid as problem:
            errors.update(problem.errors)
            continue
        if name.startswith("leaves."):
            values["leaves"][name.removeprefix("leaves.")] = value
        else:
            values[name] = value
    try:
        document = PolicyDocument.model_validate(values) if not errors else None
    except ValidationError as error:
        for one in error.errors():
            name = ".".join(str(p) for p in one["loc"] if isinstance(p, str))
            errors[name if name in FIELDS else str(one["loc"][0])] = _limits(str(one["loc"][0]))
        document = None
    if document is None:
        raise Invalid(_("Some answers need another look."), errors)
    return document


def _limits(name: str) -> str:
    return {
        "minimum_cohort": _("Enter a whole number from 2 to 200."),
        "minimum_cell": _("Enter a whole number, 5 or more, at most 1000."),
        "minimum_records": _("Enter a whole number, 1 or more."),
        "models": _("Enter digests of 64 characters, one a line."),
    }.get(name, _("Choose from the list."))


def _value(rule: Rule, typed: Typed) -> Any:
    match rule.form:
        case "many":
            return typed.all(rule.name)
        case "one":
            return typed.text(rule.name)
        case "yes":
            return typed.text(rule.name) == _YES
        case "number":
            return typed.whole(rule.name, rule.label())
        case "digests":
            return typed.lines(rule.name) or None
        case _:
            return typed.lines(rule.name)


def typed_over(document: PolicyDocument, typed: Typed) -> PolicyDocument:
    """For showing a form again: what was typed where it can be a document, else what was there."""
    try:
        return read(typed)
    except Invalid:
        return document
