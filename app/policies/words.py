"""A policy in plain words: what it says, what a new version changes, why it refuses. Present tense, no jargon."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.policies.fields import FIELDS, value_in_words
from app.text import _, ngettext
from worker.protocol.policy import SUPPORTED_PROTECTIONS, PolicyDocument

_FLOWS = ("updates", "metrics", "counts", "class_codes", "class_reports")


def in_words(document: PolicyDocument) -> list[str]:
    """One sentence per rule, in the order of the form."""
    return [
        *_what_trains(document),
        *_sizes(document),
        *_flows(document),
        *_safeguards(document),
    ]


def _said(name: str, document: PolicyDocument) -> str:
    return value_in_words(name, document)


def _what_trains(document: PolicyDocument) -> Iterable[str]:
    yield _("Runs may learn from: {list}.").format(list=_said("modalities", document))
    yield _("Runs may predict: {list}.").format(list=_said("task_kinds", document))
    yield _("Runs may serve: {list}.").format(list=_said("purposes", document))
    if document.blocked_inputs:
        names = _said("blocked_inputs", document)
        yield _("These columns are never used: {list}.").format(list=names)
    if document.models is None:
        yield _("Any base model the hub's operators allow may be used.")
    elif not document.models:
        yield _("No base model may be used: runs on text do not take place.")
    else:
        count = len(document.models)
        yield ngettext(
            "Only {count} named base model may be used.",
            "Only {count} named base models may be used.",
            count,
        ).format(count=count)


def _sizes(document: PolicyDocument) -> Iterable[str]:
    yield _("A run takes place only with at least {count} institutions.").format(
        count=document.minimum_cohort
    )
    yield _("A figure about fewer than {count} students is not shown.").format(
        count=document.minimum_cell
    )
    yield ngettext(
        "A site trains only with at least {count} record.",
        "A site trains only with at least {count} records.",
        document.minimum_records,
    ).format(count=document.minimum_records)


def _flows(document: PolicyDocument) -> Iterable[str]:
    yield _("Student records never leave the site.")
    for flow in _FLOWS:
        yield flow_in_words(flow, leaves=getattr(document.leaves, flow))
    if document.leaves.updates:
        yield (
            _("The hub may keep this institution's updates after a round.")
            if document.keep_updates
            else _("The hub deletes this institution's updates when a round is closed and checked.")
        )


def flow_in_words(flow: str, *, leaves: bool) -> str:
    """One flow of `policy.Leaves`, open or closed, as a sentence."""
    opened, closed = {
        "updates": (
            _("Model updates go to the hub."),
            _("Model updates stay at the site, so it trains in no run."),
        ),
        "metrics": (
            _("Figures on how well the model does here go to the hub."),
            _("Figures on how well the model does here stay at the site."),
        ),
        "counts": (
            _("Numbers of records go to the hub, in bands."),
            _("Numbers of records stay at the site."),
        ),
        "class_codes": (
            _("Codes of classes go to the hub, without students."),
            _("Codes of classes stay at the site."),
        ),
        "class_reports": (
            _("Class reports go to the hub, for each class's instructors only."),
            _("Class reports stay at the site."),
        ),
    }[flow]
    return opened if leaves else closed


def _safeguards(document: PolicyDocument) -> Iterable[str]:
    yield (
        _("The privacy officer approves each run in the browser.")
        if document.approval == "hub"
        else _("A person at the site approves each run there.")
    )
    if document.protections:
        needs = _said("protections", document)
        yield _("A run must protect what is sent with: {list}.").format(list=needs)
    else:
        yield _("No noise and no secure aggregation is asked for: the hub can see each update.")


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
