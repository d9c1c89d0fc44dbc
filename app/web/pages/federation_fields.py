"""The steps of a federation's draft as forms, and back into `app.federations.schemas`."""

from collections.abc import Sequence
from typing import Any, get_args

from pydantic import ValidationError

from app.federations import queries
from app.federations.models import BaseModelFile, Federation
from app.federations.schemas import AgreementStep, Flow, ModelStep, PurposeStep, Terms
from app.text import _
from app.web.forms import Typed
from app.web.moments import size
from app.web.parts import Field, Option
from worker.protocol.manifest import Training


def purpose(typed: Typed, row: Federation | None, errors: dict[str, str]) -> tuple[Field, ...]:
    name, text = (row.name, row.purpose) if row else ("", "")
    return (
        Field(
            "name",
            _("Name of the federation"),
            value=typed.text("name", name),
            error=errors.get("name", ""),
        ),
        Field(
            "purpose",
            _("What it is for"),
            "area",
            value=typed.text("purpose", text),
            help=_("Members read this first. Say what is learned and whom it helps."),
            error=errors.get("purpose", ""),
        ),
    )


def read_purpose(typed: Typed) -> PurposeStep:
    return PurposeStep(name=typed.text("name"), purpose=typed.text("purpose"))


def model(
    typed: Typed, row: Federation, known: Sequence[BaseModelFile], errors: dict[str, str]
) -> tuple[Field, ...]:
    spec = queries.model(row)
    none = Option("", _("None: tables only"))
    bases = tuple(
        Option(b.digest, f"{b.name} ({size(b.bytes)}, {b.licence})") for b in known if b.allowed
    )

    def one(name: str, label: str, value: object, help_: str = "") -> Field:
        return Field(
            name,
            label,
            "number",
            value=typed.text(name, str(value)),
            help=help_,
            error=errors.get(name, ""),
        )

    return (
        Field(
            "text_model",
            _("Base model for text"),
            "select",
            value=typed.text("text_model", spec.text.digest if spec.text else ""),
            options=(none, *bases),
            help=_("Allowed by the hub’s operators, pinned by digest."),
            error=errors.get("text_model", ""),
        ),
        one(
            "width",
            _("Width"),
            spec.width,
            _("Larger learns more and sends more. A multiple of the heads."),
        ),
        one("layers", _("Layers that join the inputs"), spec.layers),
        one("heads", _("Heads"), spec.heads),
        one("rank", _("Rank of the text adapter"), spec.rank),
        one("adapter_layers", _("Text layers with an adapter"), spec.adapter_layers),
    )


def read_model(typed: Typed) -> ModelStep:
    """Raises ValidationError."""
    numbers = ("width", "layers", "heads", "rank", "adapter_layers")
    given: dict[str, Any] = {n: typed.text(n) for n in numbers if typed.text(n)}
    return ModelStep(text_model=typed.text("text_model") or None, **given)


def terms(typed: Typed, row: Federation, errors: dict[str, str]) -> tuple[Field, ...]:
    found = queries.terms(row)
    names: dict[str, str] = {
        "updates": _("updates of the model (always)"),
        "metrics": _("figures on quality"),
        "counts": _("numbers of records, in bands"),
        "class_codes": _("codes of classes"),
        "class_reports": _("class reports, small groups hidden"),
    }

    def one(name: str, label: str, value: object, help_: str = "") -> Field:
        return Field(
            name,
            label,
            "number",
            value=typed.text(name, str(value)),
            help=help_,
            error=errors.get(name, ""),
        )

    leaves = typed.all("leaves") if typed.has("rounds") else found.leaves
    return (
        one("rounds", _("Rounds of a run, at most"), found.rounds),
        one("deadline_s", _("Seconds until a round ends without the rest"), found.deadline_s),
        one("quorum", _("Updates a round needs"), found.quorum),
        one(
            "minimum_cohort",
            _("Least institutions"),
            found.minimum_cohort,
            _("Without a common parent."),
        ),
        one(
            "minimum_sites",
            _("Least sites per model part"),
            found.minimum_sites,
            _("A part fewer sites trained stays as it was."),
        ),
        one(
            "minimum_cell",
            _("Smallest group shown"),
            found.minimum_cell,
            _("5 is the lowest allowed."),
        ),
        one("approval_days", _("Days to approve a run"), found.approval_days),
        one("epochs", _("Passes over the records per round"), found.training.epochs),
        one("batch", _("Records per step"), found.training.batch),
        one("lr", _("Learning rate"), found.training.lr),
        Field(
            "leaves",
            _("What may leave besides updates"),
            "checks",
            values=tuple(leaves),
            options=tuple(Option(f, names[f]) for f in get_args(Flow)),
            help=_("A member’s own policy can be stricter."),
            error=errors.get("leaves", ""),
        ),
    )


def read_terms(typed: Typed) -> Terms:
    """Raises ValidationError."""
    names = (
        "rounds",
        "deadline_s",
        "quorum",
        "minimum_cohort",
        "minimum_sites",
        "minimum_cell",
        "approval_days",
    )
    given: dict[str, Any] = {n: typed.text(n) for n in names if typed.text(n)}
    trained: dict[str, Any] = {
        n: typed.text(n).replace(",", ".") for n in ("epochs", "batch", "lr") if typed.text(n)
    }
    leaves = tuple(f for f in get_args(Flow) if f == "updates" or f in typed.all("leaves"))
    return Terms(**given, leaves=leaves, training=Training(**trained))


def agreement(typed: Typed, row: Federation, errors: dict[str, str]) -> tuple[Field, ...]:
    return (
        Field(
            "agreement",
            _("Text that every member accepts"),
            "area",
            value=typed.text("agreement", row.agreement),
            rows=16,
            help=_(
                "It starts from a template. Terms, model and task sheets are part of what is accepted."
            ),
            error=errors.get("agreement", ""),
        ),
    )


def read_agreement(typed: Typed) -> AgreementStep:
    return AgreementStep(agreement=typed.text("agreement"))


def sentences(error: ValidationError) -> dict[str, str]:
    """A sentence at each field; what belongs to none stands in the summary."""
    limits = {
        "name": _("Write a name."),
        "purpose": _("Say in 10 to 2,000 characters what it is for."),
        "rounds": _("Enter a whole number from 1 to 500."),
        "deadline_s": _("Enter seconds, from 5 to 1,209,600 (14 days)."),
        "quorum": _("Enter a whole number, 2 or more."),
        "minimum_cohort": _("Enter a whole number from 2 to 200."),
        "minimum_sites": _("Enter a whole number from 2 to 200, at most the updates needed."),
        "minimum_cell": _("Enter a whole number, 5 or more."),
        "approval_days": _("Enter 1 to 90 days."),
        "agreement": _("Write 40 to 20,000 characters."),
        "width": _("Enter a whole number from 4 to 1024, a multiple of the heads."),
    }
    found: dict[str, str] = {}
    for one in error.errors():
        field = str(one["loc"][0]) if one["loc"] else ""
        said = str(one["msg"]).removeprefix("Value error, ")
        found.setdefault(field, limits.get(field, said[:1].upper() + said[1:]))
    return found
