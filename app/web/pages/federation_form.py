"""A federation's purpose, rounds, minimum terms and agreement as forms: fields with help, and back into values."""

from typing import Any

from app.errors import Invalid
from app.federations.models import Federation
from app.federations.schemas import AgreementStep, PurposeStep, Terms
from app.text import N_, _
from app.web.forms import Typed
from app.web.moments import figure
from app.web.pages import number_form
from app.web.pages.number_form import Number
from app.web.parts import Field, Option
from worker.protocol.manifest import Training

WEIGHED = ("sum", "pcgrad")
FLOWS = ("updates", "metrics", "counts", "class_codes", "class_reports")


ROUNDS = (
    Number("rounds", N_("Rounds of a run, at most"), N_("A run may ask for fewer."), 1, 500),
    Number(
        "deadline_s",
        N_("Time a round may take, in minutes"),
        N_("60 is an hour, 1440 a day. After it, nobody is waited for."),
        0.1,
        14 * 24 * 60,
        whole=False,
        times=60,
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
    Number(
        "half_life",
        N_("Rounds until the learning rate has halved"),
        N_(
            "0 keeps it. Sites whose records differ settle better with a rate that falls: try half the rounds."
        ),
        0,
        500,
        whole=False,
        optional=True,
    ),
    Number(
        "step",
        N_("Step of the mean update"),
        N_("1 takes the mean as it is. Up to 2 goes further in fewer rounds; more may not settle."),
        0,
        4,
        whole=False,
        above=True,
    ),
    Number(
        "average",
        N_("Rounds the last state is the mean of"),
        N_(
            "1 takes the last round as it is. 5 scatters less and has never done worse on average where it was tried."
        ),
        1,
        100,
    ),
    Number(
        "mixup",
        N_("Mix records in training"),
        N_(
            "0 trains on each as it is. 0.4 was tried only with recordings, where it helped a little."
        ),
        0,
        10,
        whole=False,
    ),
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


def rounds_fields(terms: Terms, typed: Typed | None, errors: dict[str, str]) -> tuple[Field, ...]:
    return (
        *number_form.fields(ROUNDS, terms, typed, errors),
        *number_form.fields(TRAINING, terms.training, typed, errors),
        _weighed(terms.training, typed, errors),
        _personal(terms.training, typed, errors),
    )


def _weighed(training: Training, typed: Typed | None, errors: dict[str, str]) -> Field:
    return Field(
        "tasks_weighed",
        _("Several tasks on the same records"),
        "radio",
        value=typed.text("tasks_weighed") if typed else training.tasks_weighed,
        options=(
            Option("sum", _("What they ask of shared model parts is added")),
            Option("pcgrad", _("What one asks against another is left out (PCGrad)")),
        ),
        help=_(
            "Adding is usual. Leaving out gained nothing where it was measured, and takes longer with each task."
        ),
        error=errors.get("tasks_weighed", ""),
    )


STRENGTHS = ("0.01", "0.1", "0.3", "1", "3")


def _personal(training: Training, typed: Typed | None, errors: dict[str, str]) -> Field:
    held = training.personal
    shown = "" if held is None else f"{held:g}" if isinstance(held, float) else held
    strengths = STRENGTHS if shown in ("", "chosen", *STRENGTHS) else (*STRENGTHS, shown)
    strong = _("Yes, held with strength {n}")
    options = (
        Option("", _("None: every site uses the shared model")),
        Option("chosen", _("Yes; each site finds out how near the shared one it stays")),
        *(Option(one, strong.format(n=figure(float(one)))) for one in strengths),
    )
    return Field(
        "personal",
        _("A model of its own at each site"),
        "radio",
        value=typed.text("personal") if typed else shown,
        options=options,
        help=_(
            "Made at the site after the last round, held near the shared one; it never leaves. A site uses it only if"
            " it does better on records kept aside."
        ),
        error=errors.get("personal", ""),
    )


def _not_listed(label: str) -> str:
    return _("{label}: choose one of the list.").format(label=label)


def _read_personal(typed: Typed) -> float | str | None:
    told = typed.text("personal")
    if told in ("", "chosen"):
        return told or None
    label = _("A model of its own at each site")
    value = typed.decimal("personal", label)
    if not 0 < value <= 100:
        said = _not_listed(label)
        raise Invalid(said, {"personal": said})
    return value


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
    return (*number_form.fields(BOUNDS, terms, typed, errors), leaves)


def read_rounds(typed: Typed, before: Terms) -> Terms:
    """`before` with what the step asks. Raises Invalid."""
    errors: dict[str, str] = {}
    values: dict[str, Any] = before.model_dump()
    values |= number_form.read(ROUNDS, typed, errors)
    values["training"] |= number_form.read(TRAINING, typed, errors)
    if weighed := typed.text("tasks_weighed"):
        values["training"]["tasks_weighed"] = weighed
        if weighed not in WEIGHED:
            errors["tasks_weighed"] = _not_listed(_("Several tasks on the same records"))
    try:
        values["training"]["personal"] = _read_personal(typed)
    except Invalid as problem:
        errors.update(problem.errors)
    return number_form.made(lambda: Terms.model_validate(values), errors)


def read_terms(typed: Typed, before: Terms) -> Terms:
    """`before` with what the step asks. Raises Invalid."""
    errors: dict[str, str] = {}
    values: dict[str, Any] = before.model_dump() | number_form.read(BOUNDS, typed, errors)
    values["leaves"] = tuple(flow for flow in FLOWS if flow in typed.all("leaves"))
    if "updates" not in values["leaves"]:
        errors["leaves"] = _("Let model updates leave: without them a run learns nothing.")
    if not errors and values["minimum_sites"] > values["quorum"]:
        errors["minimum_sites"] = _("Enter at most the number of sites a round needs.")
    return number_form.made(lambda: Terms.model_validate(values), errors)


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
