"""A federation's model as a form: a base model for each modality that may have one, and a few sizes."""

from collections.abc import Sequence
from types import SimpleNamespace

from app.federations.models import BaseModelFile
from app.federations.schemas import ModelStep
from app.text import N_, _
from app.web.forms import Typed
from app.web.moments import size
from app.web.pages import number_form
from app.web.pages.number_form import Number
from app.web.parts import Field, Option
from worker.protocol.base_models import READ
from worker.protocol.manifest import ModelSpec, Ranks
from worker.protocol.policy import Modality

RANKS = (
    Number(
        "rank_small",
        N_("Rank on small computers"),
        N_("So much of the adapter a school’s plain computer trains. As above: one for all."),
        1,
        64,
    ),
    Number(
        "rank_medium",
        N_("Rank on medium computers"),
        N_("With more memory and cores. Those with a graphics card train all of it."),
        1,
        64,
    ),
)
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
    *RANKS,
    Number(
        "adapter_layers",
        N_("Text layers with an adapter"),
        N_("Counted from the top. 0 trains none of the text model."),
        0,
        48,
    ),
)


BASES: tuple[tuple[Modality, str, str], ...] = (
    ("text", N_("Base model for texts"), N_("None: texts are not read")),
    ("image", N_("Base model for images"), N_("None: a small encoder, trained with the rest")),
    ("audio", N_("Base model for recordings"), N_("None: a small encoder, trained with the rest")),
)
"""What a base model may read, how the form asks for it, and what there is without one."""


def fields(
    model: ModelSpec,
    allowed: Sequence[BaseModelFile],
    typed: Typed | None,
    errors: dict[str, str],
) -> tuple[Field, ...]:
    bases = (
        _base(modality, label, none, model, allowed, typed, errors)
        for modality, label, none in BASES
    )
    return (*bases, *number_form.fields(MODEL, _values(model), typed, errors))


def _base(
    modality: Modality,
    label: str,
    none: str,
    model: ModelSpec,
    allowed: Sequence[BaseModelFile],
    typed: Typed | None,
    errors: dict[str, str],
) -> Field:
    name = f"{modality}_model"
    said = _("{size}, {licence}. Sites get it from this hub.")
    options = (
        Option("", _(none)),
        *(
            Option(b.digest, b.name, said.format(size=size(b.bytes), licence=b.licence))
            for b in allowed
            if b.modality == modality
        ),
    )
    chosen = model.bases.get(modality)
    return Field(
        name,
        _(label),
        "radio",
        value=typed.text(name) if typed else chosen.digest if chosen else "",
        options=options,
        help=_("Only those that the hub’s operators allow are listed."),
        error=errors.get(name, ""),
    )


def _values(model: ModelSpec) -> SimpleNamespace:
    """As the form asks for them."""
    tiers = model.tiers or Ranks(small=model.rank, medium=model.rank, large=model.rank)
    return SimpleNamespace(**dict(model), rank_small=tiers.small, rank_medium=tiers.medium)


def read(typed: Typed) -> ModelStep:
    errors: dict[str, str] = {}
    values = number_form.read(MODEL, typed, errors)
    if "width" in values and "heads" in values and values["width"] % values["heads"]:
        errors["width"] = _("The width must be a multiple of the heads.")
    names = ("rank_small", "rank_medium", "rank")
    ranks = [values[name] for name in names if name in values]
    if ranks != sorted(ranks):
        errors["rank_small"] = _("A smaller computer trains no larger rank.")
    return number_form.made(
        lambda: ModelStep(
            **{f"{m}_model": typed.text(f"{m}_model") or None for m in READ}, **values
        ),
        errors,
    )
