"""A policy in plain words, said the same at the hub and at a site. Present tense, no jargon."""

from collections.abc import Iterable
from difflib import SequenceMatcher
from itertools import zip_longest

from worker.protocol.bounds import Bounds
from worker.protocol.categories import ALL, Category
from worker.protocol.clocks import Clock
from worker.protocol.policy import PolicyDocument
from worker.protocol.text import _, ngettext

FLOWS = ("updates", "metrics", "counts", "class_codes", "class_reports", "group_gaps")


def in_words(document: PolicyDocument) -> list[str]:
    """One sentence per rule, in the order of the form."""
    return [
        *_what_trains(document),
        *_sizes(document),
        *_flows(document),
        *_lists(document),
        *_withdrawals(document),
        *_safeguards(document),
        *_bounds(document),
    ]


def difference(
    old: PolicyDocument | None, new: PolicyDocument
) -> list[tuple[str | None, str | None]]:
    """Sentences before and after, side by side, where they differ; None where one side says nothing."""
    before, after = in_words(old) if old is not None else [], in_words(new)
    pairs: list[tuple[str | None, str | None]] = []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            pairs += zip_longest(before[a:b], after[c:d])
    return pairs


def choice_in_words(choice: str) -> str:
    """One value of a closed list."""
    if choice in ALL:
        return category(choice)
    return {
        "table": _("tables"),
        "text": _("texts"),
        "image": _("images"),
        "audio": _("recordings"),
        "events": _("sequences of clicks and answers"),
        "binary": _("yes or no"),
        "multiclass": _("one of several"),
        "ordinal": _("a step on a scale"),
        "regression": _("a number"),
        "rubric": _("several numbers of one rubric"),
        "next_answer": _("whether the next answer is right"),
        "early-support": _("early support"),
        "feedback": _("feedback to students"),
        "assessment-quality": _("better assessments"),
        "curriculum": _("curriculum"),
        "research": _("research"),
        "noise": _("noise"),
        "secure-aggregation": _("secure aggregation"),
        "hub": _("in the browser, by the privacy officer"),
        "site": _("at the site"),
        "no": _("no"),
        "that_one_happened": _("that one happened, never who or how many"),
    }[choice]


def _listed(choices: Iterable[str]) -> str:
    named = ", ".join(choice_in_words(choice) for choice in choices)
    return named or _("none")


def _what_trains(document: PolicyDocument) -> Iterable[str]:
    yield _("Runs may learn from: {list}.").format(list=_listed(document.modalities))
    yield _("Runs may predict: {list}.").format(list=_listed(document.task_kinds))
    yield _("Runs may serve: {list}.").format(list=_listed(document.purposes))
    if document.blocked_inputs:
        names = ", ".join(document.blocked_inputs)
        yield _("These columns are never used: {list}.").format(list=names)
    if document.models is None:
        yield _("Any base model the hub's operators allow may be used.")
    elif not document.models:
        yield _("No base model may be used: runs that are built on one do not take place here.")
    else:
        yield ngettext(
            "Only {count} named base model may be used.",
            "Only {count} named base models may be used.",
            len(document.models),
        ).format(count=len(document.models))


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
    for flow in FLOWS:
        yield flow_in_words(flow, leaves=getattr(document.leaves, flow))
    if document.leaves.updates:
        yield (
            _("The hub may keep this institution's updates after a round.")
            if document.keep_updates
            else _("The hub deletes this institution's updates when a round is closed and checked.")
        )


def _lists(document: PolicyDocument) -> Iterable[str]:
    yield (
        _("At the site, people may list predictions by student; each list is logged with a reason.")
        if document.student_lists
        else _("No list of predictions by student is made, not even at the site.")
    )


def _withdrawals(document: PolicyDocument) -> Iterable[str]:
    yield (
        _("The hub is not told when someone withdraws consent.")
        if document.tell_withdrawals == "no"
        else _(
            "When someone withdraws consent, the hub is told that it happened, once a day at most: never who, never "
            "how many."
        )
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
            _(
                "Numbers of records stay at the site. What an update or a figure weighs is a power of two: 64 stands "
                "for 64 to 127 records."
            ),
        ),
        "class_codes": (
            _("Codes of classes go to the hub, without students."),
            _("Codes of classes stay at the site."),
        ),
        "class_reports": (
            _("Class reports go to the hub, for each class's instructors only."),
            _("Class reports stay at the site."),
        ),
        "group_gaps": (
            _("Class reports may tell gaps between groups of students."),
            _("Gaps between groups of students stay at the site."),
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
        needs = _listed(document.protections)
        yield _("A run must protect what is sent with: {list}.").format(list=needs)
    else:
        yield _("No noise and no secure aggregation is asked for: the hub can see each update.")


def category(value: Category) -> str:
    """A special category of data."""
    return {
        "politics": _("political views"),
        "religion": _("religion"),
        "ethnicity": _("ethnic origin"),
        "union": _("trade union membership"),
        "health": _("health, disability and special needs"),
        "sex-life": _("sex life and orientation"),
        "genetic": _("genetic data"),
        "biometric": _("biometric data"),
        "emotion": _("emotion or attention, read from face or voice"),
        "crime": _("crime and self-incrimination"),
        "family": _("criticism of the family"),
        "privileged": _("talks with clergy, lawyers or counsellors"),
        "income": _("income and poverty"),
        "discipline": _("disciplinary records"),
        "welfare": _("child welfare"),
        "location": _("location"),
        "identity-number": _("identity numbers"),
        "recordings": _("pictures and recordings of children"),
        "staff-appraisal": _("appraisals of staff"),
    }[value]


def clock(value: Clock) -> str:
    """A deadline in its own unit."""
    said = {
        "hours": ngettext("{n} hour", "{n} hours", value.amount),
        "days": ngettext("{n} day", "{n} days", value.amount),
        "business-days": ngettext("{n} business day", "{n} business days", value.amount),
    }[value.unit]
    return said.format(n=value.amount)


def _bounds(document: PolicyDocument) -> Iterable[str]:
    """What laws and contracts say in it; nothing where no profile was confirmed."""
    bounds = document.bounds
    if not bounds.profiles:
        return
    names = ", ".join(f"{ref.profile} {ref.number}" for ref in bounds.profiles)
    yield _("Laws and contracts it follows, each with its version: {list}.").format(list=names)
    if bounds.consent_age is not None:
        yield _("Below the age of {n}, a parent must have agreed.").format(n=bounds.consent_age)
    if bounds.rights_age is not None:
        yield _("Below the age of {n}, a parent exercises the rights over a record.").format(
            n=bounds.rights_age
        )
    yield from _blocked(document)
    yield from _borders(bounds, abroad=document.abroad)


def _blocked(document: PolicyDocument) -> Iterable[str]:
    bounds = document.bounds
    if bounds.never:
        listed = ", ".join(category(c) for c in bounds.never)
        yield _("Never used, whatever anyone allows: {list}.").format(list=listed)
    closed = [c for c in bounds.special if c not in document.categories]
    if closed:
        listed = ", ".join(category(c) for c in closed)
        yield _("Special categories that are not used: {list}.").format(list=listed)
    opened = [c for c in bounds.special if c in document.categories]
    if opened:
        listed = ", ".join(category(c) for c in opened)
        yield _("Special categories that may be used: {list}.").format(list=listed)
    if bounds.elements is not None:
        yield _("Only columns of a signed contract are used: {list}.").format(
            list=", ".join(bounds.elements) or _("none")
        )


def _borders(bounds: Bounds, *, abroad: bool) -> Iterable[str]:
    area = ", ".join(bounds.area)
    if bounds.cross_border == "deny":
        yield _("Nothing leaves these countries: {list}.").format(list=area)
    elif bounds.cross_border == "review" and not abroad:
        yield _("Nothing leaves these countries until someone reviewed it: {list}.").format(
            list=area
        )
    elif bounds.cross_border == "review":
        yield _("That updates leave these countries was reviewed: {list}.").format(list=area)
