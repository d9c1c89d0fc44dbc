"""What the sites' own models did, in sentences: counts of sites, and what the reader's own sites use."""

from app.runs.personal import ClassParts, Outcomes, OwnChoice, Personal
from app.text import _
from app.web.moments import number
from worker.protocol import code_words
from worker.protocol.codes import Change


def sentences(found: Personal | None) -> tuple[str, ...]:
    """None: no site has made one yet, or the run has none."""
    if found is None:
        return ()
    lines = [
        _("Each site uses, for itself, the model that did best on records kept aside for choosing.")
    ]
    if found.against_shared is None or found.against_alone is None:
        lines.append(_("Fewer than three sites said what that did, so no count is shown."))
    else:
        lines.append(_against_shared(found.against_shared))
        lines.append(_against_alone(found.against_alone))
    if found.classes is not None:
        lines.append(_classes(found.classes))
    if found.class_parts is not None:
        lines.append(_class_parts(found.class_parts))
    if found.students is not None:
        lines.append(_students(found.students))
    return (*lines, *(own(one) for one in found.own))


def _against_shared(told: Outcomes) -> str:
    return _(
        "Against the shared model, on other records: of {n} sites {helped} better off, {unchanged} unchanged, {hurt}"
        " worse off."
    ).format(n=told.count, helped=told.helped, unchanged=told.unchanged, hurt=told.hurt)


def _against_alone(told: Outcomes) -> str:
    return _(
        "Against training alone: of {n} sites {helped} better off, {unchanged} unchanged, {hurt} worse off."
    ).format(n=told.count, helped=told.helped, unchanged=told.unchanged, hurt=told.hurt)


def _classes(told: Outcomes) -> str:
    return _(
        "Of {n} classes with enough records, a part of the model of their own left {helped} better off, {unchanged}"
        " unchanged, {hurt} worse off."
    ).format(n=told.count, helped=told.helped, unchanged=told.unchanged, hurt=told.hurt)


def _class_parts(told: ClassParts) -> str:
    return _(
        "Of these classes {heads} use a head of their own, {adapters} a head and an adapter; the others go by their"
        " site’s model as it is."
    ).format(heads=told.heads, adapters=told.adapters)


def _students(told: Outcomes) -> str:
    return _(
        "{n} sites also go by what is known of a student already: {helped} better off, {unchanged} unchanged, {hurt}"
        " worse off."
    ).format(n=told.count, helped=told.helped, unchanged=told.unchanged, hurt=told.hurt)


def own(one: OwnChoice) -> str:
    """One of the reader's own sites."""
    return _("{site} uses {model} ({value}). Against the shared one: {change}.").format(
        site=one.site_name,
        model=code_words.chosen(one.model),
        value=number(one.value, 3),
        change=change(one.against_shared),
    )


def change(value: Change) -> str:
    return {
        Change.HELPED: _("better off"),
        Change.UNCHANGED: _("no difference beyond chance"),
        Change.HURT: _("worse off"),
    }[value]
