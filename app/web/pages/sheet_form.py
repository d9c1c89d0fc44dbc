"""A task sheet as a form, or pasted as the document that data come with; both become one checked sheet."""

from collections.abc import Callable, Iterable
from typing import Any, get_args

from pydantic import ValidationError

from app.errors import Invalid
from app.policies.fields import choice_name
from app.text import _
from app.web.forms import Typed
from app.web.pages.sheet_lines import read_grouping, read_input
from app.web.pages.task_words import metric
from app.web.parts import Field, Option
from worker.protocol.policy import Purpose, TaskKind
from worker.protocol.tasks import Input, Metric, TaskSheet


def fields(typed: Typed, errors: dict[str, str]) -> tuple[Field, ...]:
    """The questions, in the order of thinking: what, what the answer looks like, from what, how judged."""

    def field(name: str, label: str, control: Any = "text", **more: Any) -> Field:
        value = typed.text(name, more.pop("default", ""))
        return Field(name, label, control, value=value, error=errors.get(name, ""), **more)

    return (*_what(field), *_answer(field), *_inputs(field), *_judged(field))


def _what(field: Callable[..., Field]) -> tuple[Field, ...]:
    return (
        field("name", _("Short name"), help=_("Small letters, digits and hyphens: at-risk-week6.")),
        field(
            "target",
            _("What is predicted, as one question"),
            help=_("For example: will the student end this class below the pass mark?"),
        ),
        field("purpose", _("For"), "select", options=_options(Purpose), default="early-support"),
    )


def _answer(field: Callable[..., Field]) -> tuple[Field, ...]:
    return (
        field("kind", _("Answer"), "radio", options=_options(TaskKind), default="binary"),
        field("label", _("Column with the answer"), help=_("As it is named in the records.")),
        field(
            "traits",
            _("Columns of a rubric, one a line"),
            "area",
            rows=3,
            optional=True,
            help=_("The first is the column with the answer, all are numbers in one unit."),
        ),
        field(
            "labels",
            _("Values of the answer, one a line"),
            "area",
            rows=3,
            help=_("For yes or no: two values, the one to find last. For a number: none."),
        ),
        field("unit", _("Unit of the answer"), optional=True, help=_("For a number.")),
    )


def _inputs(field: Callable[..., Field]) -> tuple[Field, ...]:
    return (
        field("cutoff_day", _("Uses records up to day"), "number", optional=True),
        field(
            "inputs",
            _("Inputs, one a line"),
            "area",
            rows=8,
            help=_(
                "Parts set apart by semicolons. A number: name; number; unit; mean; deviation. "
                "One of a list: name; list; first, second, third. A text: name; text. "
                "One read together with another text: answer; text; question. "
                "A recording: name; recording; mean; deviation in dB. An image: name; image. "
                "A sequence: name; events; skill = first, second; correct = number."
            ),
        ),
        field(
            "topic",
            _("What a record is about"),
            optional=True,
            help=_("A column with its values, for class reports: topic; fractions, angles."),
        ),
        field(
            "groups",
            _("Groups of students to compare, one a line"),
            "area",
            rows=3,
            optional=True,
            help=_(
                "A column with its values. It is never an input, and a comparison leaves a site only "
                "where its policy says so."
            ),
        ),
    )


def _judged(field: Callable[..., Field]) -> tuple[Field, ...]:
    metrics = tuple(Option(m, metric(m)) for m in get_args(Metric))
    return (
        field("metric", _("Judged by"), "select", options=metrics, default="auc"),
        field(
            "simple_rule",
            _("Simple rule to beat"),
            optional=True,
            help=_("The name of one number among the inputs."),
        ),
        field("minimum_records", _("Least records a site needs"), "number", default="20"),
    )


def _options(literal: Any) -> tuple[Option, ...]:
    return tuple(Option(value, choice_name(value)) for value in get_args(literal))


def document_field(typed: Typed, errors: dict[str, str]) -> Field:
    return Field(
        "document",
        _("A whole task sheet"),
        "area",
        value=typed.text("document"),
        help=_("The content of a task sheet’s file, as the data steward has it."),
        error=errors.get("document", ""),
        rows=8,
    )


def read_document(typed: Typed) -> TaskSheet:
    """Raises Invalid with what the document lacks."""
    try:
        return TaskSheet.model_validate_json(typed.text("document"))
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            said = _("This is no JSON. Paste the whole content of the file, from { to }.")
            raise Invalid(said, {"document": said}) from error
        where = ".".join(str(part) for part in first["loc"])
        said = _("This is not a task sheet: {where} {what}.").format(
            where=where, what=_reason(first["msg"])
        )
        said = " ".join(said.split())
        raise Invalid(said, {"document": said}) from error


def read(typed: Typed) -> TaskSheet:
    """Raises Invalid with a sentence at each field that cannot be."""
    errors: dict[str, str] = {}
    values: dict[str, Any] = {
        name: typed.text(name)
        for name in ("name", "target", "purpose", "kind", "label", "unit", "metric")
    }
    values |= {name: typed.lines(name) for name in ("labels", "traits")}
    values["simple_rule"] = typed.text("simple_rule") or None
    _whole(typed, "minimum_records", _("Least records a site needs"), values, errors)
    if typed.text("cutoff_day"):
        _whole(typed, "cutoff_day", _("Uses records up to day"), values, errors)
    _listed(typed, values, errors)
    if errors:
        raise Invalid(_("Some answers need another look."), errors)
    try:
        return TaskSheet.model_validate(values)
    except ValidationError as error:
        for one in error.errors():
            name = str(one["loc"][0]) if one["loc"] else _about(one["msg"])
            errors.setdefault(name, _sentence(name, one["msg"]))
        raise Invalid(_("Some answers need another look."), errors) from error


_UNASKED = ("bands", "means", "sds", "size", "length")
"""Fields of an input that the form does not ask for."""


def kept_as(sheet: TaskSheet, before: Iterable[TaskSheet]) -> TaskSheet:
    """With what the form does not ask for, from the first sheet of `before` that has the same input but for it, or
    the same answer."""
    sheets = list(before)
    known = [one for other in sheets for one in other.inputs]
    inputs = tuple(
        next((k for k in known if _asked(k) == _asked(one)), one) for one in sheet.inputs
    )
    told = {"name", "kind", "label", "unit", "traits"}
    same = (o for o in sheets if o.model_dump(include=told) == sheet.model_dump(include=told))
    scale = next(({"label_mean": o.label_mean, "label_sd": o.label_sd} for o in same), {})
    return sheet.model_copy(update={"inputs": inputs, **scale})


def _asked(one: Input) -> Input:
    """As the form would have it."""
    plain = {name: Input.model_fields[name].default for name in _UNASKED}
    columns = tuple(c.model_copy(update={"mean": 0.0, "sd": 1.0}) for c in one.columns)
    return one.model_copy(update={**plain, "columns": columns})


def _listed(typed: Typed, values: dict[str, Any], errors: dict[str, str]) -> None:
    """What stands one a line: inputs, topic, groups."""
    try:
        values["inputs"] = [read_input(line) for line in typed.lines("inputs")]
        topics = [read_grouping("topic", line) for line in typed.lines("topic")]
        values["topic"] = topics[0] if topics else None
        values["groups"] = [read_grouping("groups", line) for line in typed.lines("groups")]
    except Invalid as problem:
        errors |= problem.errors


def _whole(
    typed: Typed, name: str, label: str, values: dict[str, Any], errors: dict[str, str]
) -> None:
    try:
        values[name] = typed.whole(name, label)
    except Invalid as problem:
        errors |= problem.errors


def _about(message: str) -> str:
    """The field that a rule over several fields is about."""
    for words, name in (
        ("simple rule", "simple_rule"),
        ("label value", "labels"),
        ("label is among", "label"),
        ("of the metrics", "metric"),
        ("rubric", "traits"),
        ("trait is among", "traits"),
        ("next answer", "inputs"),
        ("read beside", "inputs"),
        ("says what is asked", "inputs"),
        ("group is among", "groups"),
        ("topic", "topic"),
        ("same name", "inputs"),
    ):
        if words in message:
            return name
    return ""


def _sentence(name: str, message: str) -> str:
    return {
        "name": _("Use a small letter first, then small letters, digits and hyphens."),
        "target": _("Say in 10 to 300 characters what is predicted."),
        "label": _("Name a column of the records that is not among the inputs."),
        "labels": _("Yes or no takes two values, one of several at least three, a number none."),
        "traits": _(
            "A rubric has two columns or more, the first is the answer; other answers have none."
        ),
        "topic": _(
            "Name a column once, with two values or more. It goes with yes or no, or a number."
        ),
        "groups": _("Name columns that are no inputs, each with two values or more."),
        "inputs": _(
            "Name each input once: letters, digits and _, a list with its values. A text is read together with another "
            "text of the list that stands by itself."
        ),
        "metric": _(
            "For a number choose an error or the correlation, for a scale kappa, for a rubric an error over traits."
        ),
        "simple_rule": _("Name one of the inputs, or leave it empty."),
        "cutoff_day": _("Enter a day from 0 to 1000."),
        "minimum_records": _("Enter a whole number, 1 or more."),
    }.get(name, _("This cannot be: {what}.").format(what=_reason(message)))


def _reason(message: str) -> str:
    return message.removeprefix("Value error, ").rstrip(".")
