"""A federation's model, rounds and minimum terms as forms: fields with help and default, and back into values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from app.errors import Invalid
from app.federations.models import BaseModelFile, Federation
from app.federations.schemas import AgreementStep, ModelStep, PurposeStep, Terms
from app.text import N_, _
from app.web.forms import Typed
from app.web.moments import size
from app.web.parts import Field, Option
from worker.protocol.manifest import ModelSpec

_T = TypeVar("_T")
FLOWS = ("updates", "metrics", "counts", "class_codes", "class_reports")


@dataclass(frozen=True)
class Number:
    """A number of a form with the limits the schema holds it to; `low` is excluded where `above`."""

    name: str
    english: str
    english_help: str
    low: float
    high: float
    whole: bool = True
    above: bool = False

    def field(self, value: object, error: str) -> Field:
        return Field(
            self.name,
            _(self.english),
            "number",
            value=str(value),
            help=_(self.english_help),
            error=error,
        )

    def read(self, typed: Typed) -> float:
        """Raises Invalid with the limits in words."""
        label = _(self.english)
        value = typed.whole(self.name, label) if self.whole else typed.decimal(self.name, label)
        if not self.low <= value <= self.high or (self.above and value == self.low):
            text = (
                _("{label}: enter a number above {low}, at most {high}.")
                if self.above
                else _("{label}: enter a number from {low} to {high}.")
            )
            said = text.format(label=label, low=f"{self.low:g}", high=f"{self.high:.10g}")
            raise Invalid(said, {self.name: said})
        return value


MODEL = (
    Number("width", N_("Width"), N_("Numbers per input inside the model. 32 is small."), 4, 1024),
    Number("layers", N_("Layers"), N_("Of the part that brings inputs together. 0 to 8."), 0, 8),
    Number("heads", N_("Heads"), N_("The width must be a multiple of it."), 1, 16),
    Number(
        "dropout",
        N_("Dropout"),
        N_("Share of inner numbers left out while training: 0.1 is usual."),
        0,
        0.9,
        whole=False,
    ),
    Number(
        "rank",
        N_("Rank of the text adapter"),
        N_("Size of what sites send of the text model. Without text it does nothing."),
        1,
        64,
    ),
    Number(
        "adapter_layers",
        N_("Text layers with an adapter"),
        N_("Counted from the top. 0 trains none of the text model."),
        0,
        48,
    ),
)
ROUNDS = (
    Number("rounds", N_("Rounds of a run, at most"), N_("A run may ask for fewer."), 1, 500),
    Number(
        "deadline_s",
        N_("Time a round may take, in seconds"),
        N_("900 is a quarter of an hour, 86400 a day. After it, nobody is waited for."),
        5,
        14 * 24 * 3600,
    ),
    Number(
        "evaluate_every",
        N_("Measure after every … rounds"),
        N_("1 measures after each round."),
        1,
        500,
    ),
    Number(
        "approval_days",
        N_("Days to answer when a run is proposed"),
        N_("A privacy officer reads and decides in this time."),
        1,
        90,
    ),
)
TRAINING = (
    Number("epochs", N_("Passes over its records per round"), N_("1 to 100."), 1, 100),
    Number("batch", N_("Records per step"), N_("32 is usual."), 1, 4096),
    Number("lr", N_("Learning rate"), N_("0.003 is usual."), 0, 1, whole=False, above=True),
)
BOUNDS = (
    Number(
        "quorum",
        N_("Sites a round needs"),
        N_("With fewer updates by the deadline, the round is void. At least 2."),
        2,
        1000,
    ),
    Number(
        "minimum_sites",
        N_("Sites a model part needs"),
        N_("A part that fewer sites trained stays as it was. At most the number above."),
        2,
        200,
    ),
    Number(
        "minimum_cohort",
        N_("Independent institutions a run needs"),
        N_("A district and its schools count as one. At least 2."),
        2,
        200,
    ),
    Number(
        "minimum_cell",
        N_("Least students behind a figure"),
        N_("Smaller groups are not shown. No law names a number. At least 5."),
        5,
        1000,
    ),
)


def flow_options() -> tuple[Option, ...]:
    return (
        Option("updates", _("Model updates"), _("Needed: without them nothing is learnt.")),
        Option("metrics", _("Figures on quality"), _("How well the model does at a site.")),
        Option("counts", _("Numbers of records"), _("In bands.")),
        Option("class_codes", _("Class codes"), _("So that instructors can be named.")),
        Option(
            "class_reports",
            _("Class reports"),
            _("Small groups left out; for a class’s instructors only."),
        ),
    )


def _numbers(
    group: Sequence[Number], values: Any, typed: Typed | None, errors: dict[str, str]
) -> tuple[Field, ...]:
    return tuple(
        n.field(
            typed.text(n.name) if typed else f"{getattr(values, n.name):.10g}",
            errors.get(n.name, ""),
        )
        for n in group
    )


def rounds_fields(terms: Terms, typed: Typed | None, errors: dict[str, str]) -> tuple[Field, ...]:
    return (
        *_numbers(ROUNDS, terms, typed, errors),
        *_numbers(TRAINING, terms.training, typed, errors),
    )


def terms_fields(terms: Terms, typed: Typed | None, errors: dict[str, str]) -> tuple[Field, ...]:
    leaves = Field(
        "leaves",
        _("What a run asks sites to send"),
        "checks",
        values=typed.all("leaves") if typed else terms.leaves,
        options=flow_options(),
        help=_("Each member’s own policy can keep any of it at home."),
        error=errors.get("leaves", ""),
    )
    return (*_numbers(BOUNDS, terms, typed, errors), leaves)


def model_fields(
    model: ModelSpec,
    allowed: Sequence[BaseModelFile],
    typed: Typed | None,
    errors: dict[str, str],
) -> tuple[Field, ...]:
    chosen = model.text.digest if model.text else ""
    options = (
        Option("", _("None: learn from tables only")),
        *(
            Option(
                b.digest,
                b.name,
                _("{size}, {licence}. Sites get it from this hub.").format(
                    size=size(b.bytes), licence=b.licence
                ),
            )
            for b in allowed
        ),
    )
    text = Field(
        "text_model",
        _("Base model for texts"),
        "radio",
        value=typed.text("text_model") if typed else chosen,
        options=options,
        help=_("Only those that the hub’s operators allow are listed."),
        error=errors.get("text_model", ""),
    )
    return (text, *_numbers(MODEL, model, typed, errors))


def _read(group: Sequence[Number], typed: Typed, errors: dict[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for number in group:
        try:
            values[number.name] = number.read(typed)
        except Invalid as problem:
            errors.update(problem.errors)
    return values


def _made(make: Callable[[], _T], errors: dict[str, str]) -> _T:
    """What the schema makes of it, unless a field is wrong already. Raises Invalid."""
    said = _("Some answers need another look.")
    if errors:
        raise Invalid(said, errors)
    try:
        return make()
    except ValidationError as error:
        found = {str(e["loc"][0]) if e["loc"] else "": said for e in error.errors()}
        raise Invalid(said, found) from error


def read_model(typed: Typed) -> ModelStep:
    errors: dict[str, str] = {}
    values = _read(MODEL, typed, errors)
    if "width" in values and "heads" in values and values["width"] % values["heads"]:
        errors["width"] = _("The width must be a multiple of the heads.")
    return _made(lambda: ModelStep(text_model=typed.text("text_model") or None, **values), errors)


def read_rounds(typed: Typed, before: Terms) -> Terms:
    """`before` with what the step asks. Raises Invalid."""
    errors: dict[str, str] = {}
    values: dict[str, Any] = before.model_dump()
    values |= _read(ROUNDS, typed, errors)
    values["training"] |= _read(TRAINING, typed, errors)
    return _made(lambda: Terms.model_validate(values), errors)


def read_terms(typed: Typed, before: Terms) -> Terms:
    """`before` with what the step asks. Raises Invalid."""
    errors: dict[str, str] = {}
    values: dict[str, Any] = before.model_dump() | _read(BOUNDS, typed, errors)
    values["leaves"] = tuple(flow for flow in FLOWS if flow in typed.all("leaves"))
    if "updates" not in values["leaves"]:
        errors["leaves"] = _("Let model updates leave: without them a run learns nothing.")
    if not errors and values["minimum_sites"] > values["quorum"]:
        errors["minimum_sites"] = _("Enter at most the number of sites a round needs.")
    return _made(lambda: Terms.model_validate(values), errors)


def purpose_fields(
    row: Federation | None, typed: Typed | None, errors: dict[str, str]
) -> tuple[Field, ...]:
    name, purpose = (row.name, row.purpose) if row else ("", "")
    return (
        Field(
            "name",
            _("Name of the federation"),
            value=typed.text("name") if typed else name,
            error=errors.get("name", ""),
        ),
        Field(
            "purpose",
            _("What it is for"),
            "area",
            value=typed.text("purpose") if typed else purpose,
            help=_("Members read this first. Say what is learned and whom it helps."),
            error=errors.get("purpose", ""),
        ),
    )


def read_purpose(typed: Typed) -> PurposeStep:
    said = _("Say in 10 to 2,000 characters what it is for.")
    given = {"name": typed.text("name"), "purpose": typed.text("purpose")}
    if not 10 <= len(given["purpose"]) <= 2000:
        raise Invalid(said, {"purpose": said})
    return PurposeStep(**given)


def agreement_fields(
    row: Federation, typed: Typed | None, errors: dict[str, str]
) -> tuple[Field, ...]:
    return (
        Field(
            "agreement",
            _("Text that every member accepts"),
            "area",
            value=typed.text("agreement") if typed else row.agreement,
            help=_(
                "It starts from a template. Terms, model and task sheets are part of what is accepted."
            ),
            error=errors.get("agreement", ""),
            rows=16,
        ),
    )


def read_agreement(typed: Typed) -> AgreementStep:
    text = typed.text("agreement")
    if not 40 <= len(text) <= 20000:
        said = _("Write 40 to 20,000 characters.")
        raise Invalid(said, {"agreement": said})
    return AgreementStep(agreement=text)
