"""Is a draft looser than what the confirmed profiles allow? Each fault names the profile and the article."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from app.policies.composing import Composed, Explained
from app.policies.fields import FIELDS, choice_name
from app.text import _
from worker.protocol.policy import PolicyDocument


@dataclass(frozen=True)
class Fault:
    """`field` is one of `FIELDS`, or `bounds`."""

    field: str
    sentence: str


def raised(document: PolicyDocument, composed: Composed) -> PolicyDocument:
    """The same policy with these bounds, and no number below them: what a new draft starts from."""
    bounds = composed.bounds
    return document.model_copy(
        update={
            "bounds": bounds,
            "minimum_cell": max(document.minimum_cell, bounds.minimum_cell),
            "categories": tuple(c for c in document.categories if c not in bounds.never),
            "abroad": document.abroad and bounds.cross_border != "deny",
        }
    )


def faults(
    document: PolicyDocument,
    composed: Composed,
    on_record: Collection[str] = (),
    at_site: Collection[str] = (),
) -> tuple[Fault, ...]:
    """Every way in which it is looser; empty when it may be approved.

    `on_record`: special categories for which a purpose with its ground is on record. `at_site`: purposes whose runs a
    person at the site approves.
    """
    return (
        *_stale(document, composed),
        *_numbers(document, composed),
        *_closed(document, composed, on_record),
        *_approval(document, at_site),
    )


def _stale(document: PolicyDocument, composed: Composed) -> Iterable[Fault]:
    if document.bounds != composed.bounds:
        yield Fault(
            "bounds",
            _("Profiles were confirmed or changed since this draft was saved. Save it again."),
        )


def _numbers(document: PolicyDocument, composed: Composed) -> Iterable[Fault]:
    for value in composed.of("minimum_cell"):
        if document.minimum_cell < value.value:
            said = _("“{field}” must be at least {n}: {why}.")
            name = FIELDS["minimum_cell"].label()
            yield Fault("minimum_cell", said.format(field=name, n=value.value, why=because(value)))


def _closed(
    document: PolicyDocument, composed: Composed, on_record: Collection[str]
) -> Iterable[Fault]:
    for value in composed.of("never"):
        if value.value in document.categories:
            said = _("“{what}” is never used: {why}.")
            yield Fault(
                "categories", said.format(what=choice_name(value.value), why=because(value))
            )
    for value in composed.of("special"):
        if value.value in document.categories and value.value not in on_record:
            said = _("“{what}” needs a purpose on record that names its ground: {why}.")
            yield Fault(
                "categories", said.format(what=choice_name(value.value), why=because(value))
            )
    for value in composed.of("cross_border"):
        if value.value == "deny" and document.abroad:
            said = _("Nothing may go to other countries, reviewed or not: {why}.")
            yield Fault("abroad", said.format(why=because(value)))


def _approval(document: PolicyDocument, at_site: Collection[str]) -> Iterable[Fault]:
    if document.approval == "hub":
        for purpose in sorted(set(document.purposes) & set(at_site)):
            said = _("Runs for “{what}” are approved at the site, by your register of purposes.")
            yield Fault("approval", said.format(what=choice_name(purpose)))


def because(value: Explained) -> str:
    """Where the value comes from, by name and article."""
    if not value.grounds:
        return _("the product's own default, as no law you confirmed names a number")
    return "; ".join(
        _("{name}, {article} (version {n})").format(name=g.name, article=g.article, n=g.number)
        for g in value.grounds
    )
