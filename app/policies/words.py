"""A policy in plain words: what it says, what a new version changes, why it refuses. Present tense, no jargon."""

from dataclasses import dataclass

from app.policies.fields import FIELDS, value_in_words
from app.text import _
from worker.protocol import words
from worker.protocol.categories import MODALITIES
from worker.protocol.policy import SUPPORTED_PROTECTIONS, PolicyDocument
from worker.protocol.rules import blocked_categories


def in_words(document: PolicyDocument) -> list[str]:
    """One sentence per rule, in the order of the form: the same a site's terminal shows."""
    return words.in_words(document)


def flow_in_words(flow: str, *, leaves: bool) -> str:
    """One flow of `policy.Leaves`, open or closed, as a sentence."""
    return words.flow_in_words(flow, leaves=leaves)


def warnings(document: PolicyDocument) -> list[str]:
    """What whoever approves must know first. Plainly, when nothing can run."""
    missing = [p for p in document.protections if p not in SUPPORTED_PROTECTIONS]
    found = []
    if missing:
        names = _(" and ").join(protection_name(p) for p in missing)
        reason = _("it asks for {list}, which this version of Collegium does not have yet.")
        found.append(_nothing_runs(reason.format(list=names)))
    if not document.leaves.updates:
        found.append(_nothing_runs(_("updates stay at the site.")))
    for name in ("modalities", "task_kinds", "purposes"):
        if not getattr(document, name):
            label = FIELDS[name].label()
            found.append(_nothing_runs(_("“{field}” is empty.").format(field=label)))
    return found + [_nothing_runs(said) for said in _bounded_out(document)]


def _bounded_out(document: PolicyDocument) -> list[str]:
    """Why its own bounds leave nothing to train from."""
    found = []
    if document.bounds.elements == ():
        found.append(_("the contracts you signed have no column in common."))
    kinds = {m for c in blocked_categories(document) for m in MODALITIES.get(c, ())}
    if document.modalities and set(document.modalities) <= kinds:
        found.append(_("a law names every kind of record it allows a special category."))
    if document.models == () and set(document.modalities) == {"text"}:
        found.append(_("it learns from texts only and allows no base model."))
    if document.bounds.cross_border == "deny" and not document.bounds.area:
        found.append(_("two laws forbid export and have no country in common."))
    return found


def _nothing_runs(reason: str) -> str:
    return _("Nothing can run under this policy: {reason}").format(reason=reason)


def protection_name(name: str) -> str:
    return {"noise": _("noise"), "secure-aggregation": _("secure aggregation")}[name]


@dataclass(frozen=True)
class Change:
    """One field that differs. `before` and `after` in words."""

    field: str
    label: str
    before: str
    after: str


def difference(old: PolicyDocument, new: PolicyDocument) -> list[Change]:
    """Every field that differs, in the order of the form; empty when both say the same."""
    changes = []
    for name, field in FIELDS.items():
        before, after = value_in_words(name, old), value_in_words(name, new)
        if before != after:
            changes.append(Change(name, field.label(), before, after))
    return changes
