"""A next step an instructor may take, by rules one can say in a sentence; and what they say of the report."""

from collections.abc import Sequence

from app.access.permissions import Permission
from app.people.models import Person
from app.policies.fields import choice_name
from app.reports.queries import Said, Shown
from app.reports.states import Fitting, StepTaken
from app.text import _
from app.web.moments import lately, number, percent
from app.web.pages import report_parts
from app.web.pages.report_words import standing
from app.web.parts import (
    Button,
    Field,
    Form,
    Heading,
    Log,
    LogLine,
    Note,
    Option,
    Panel,
    Part,
    Text,
)
from app.web.visit import Visit
from worker.protocol.tasks import TaskSheet
from worker.protocol.update import ClassFigures, ClassTask

MUCH_MISSING = 0.2
"""Share of a class without an input from which its absence is worth a word."""
FAR_OFF = 0.1
"""Difference of said and seen from which a share is no share any more."""


def panel(
    visit: Visit,
    shown: Shown,
    sheets: dict[str, TaskSheet],
    said: Sequence[Said],
    officer: Person | None,
    errors: dict[str, str],
) -> Panel:
    assert shown.figures is not None
    decides = _("You decide. Nothing was sent to students and no grade changes.")
    lead = f"{step(shown.figures, sheets)} {decides}"
    hold = visit.who.holds.get(shown.school_class.institution_id)
    body: list[Part] = []
    if hold and Permission.REPORT_ANSWER in hold.permissions:
        body.append(Note(hold.reason))
    else:
        body += [_form(visit, shown, said, errors), Text(_readers(officer), muted=True, small=True)]
    if said:
        lines = tuple(_line(visit, one) for one in said)
        body += [Heading(_("What was said of this report")), Log(lines)]
    return Panel(_("A next step you may take"), tuple(body), lead=lead, id="h-next")


def step(figures: ClassFigures, sheets: dict[str, TaskSheet]) -> str:
    """The first rule that holds."""
    if figures.records is None or not figures.tasks:
        return _("There are too few students to suggest anything.")
    for task in figures.tasks:
        found = _against_rule(task, sheets.get(task.task)) or _topic(task, sheets.get(task.task))
        found = found or _missing(task) or _off(task, sheets.get(task.task))
        if found:
            return found
    return _("Nothing here asks for a step. Look again after the next run.")


def _against_rule(task: ClassTask, sheet: TaskSheet | None) -> str:
    if standing(task, task.rule) != "worse" or sheet is None or sheet.simple_rule is None:
        return ""
    said = _("Go by “{input}” alone for this class: it tells more than the model does.")
    return said.format(input=sheet.simple_rule.replace("_", " "))


def _topic(task: ClassTask, sheet: TaskSheet | None) -> str:
    """Only of a number: of a yes, nobody knows whether less is worse."""
    low = report_parts.lowest(task.topics)
    if sheet is None or sheet.kind != "regression" or not low:
        return ""
    weakest = min(low, key=lambda part: part.difference or 0.0)
    said = _("Go over {topic} again, perhaps with a worked example.")
    return said.format(topic=report_parts.named(weakest.value))


def _missing(task: ClassTask) -> str:
    found = {name: share for name, share in task.missing.items() if share >= MUCH_MISSING}
    if not found:
        return ""
    what = max(found, key=lambda name: found[name])
    if what == "text":
        said = _("Ask for the written work that is missing: {share} of the class have none.")
    elif what == "table":
        said = _("Ask your data steward why {share} of the class have no numbers in the records.")
    else:
        said = _("Ask your data steward why {share} of the class have no {what} in the records.")
    return said.format(share=percent(found[what]), what=choice_name(what))


def _off(task: ClassTask, sheet: TaskSheet | None) -> str:
    now, seen = task.predicted_mean, task.observed_mean
    if sheet is None or not sheet.yes_or_no or now is None or seen is None:
        return ""
    if abs(now - seen) < FAR_OFF:
        return ""
    said = _(
        "Read it as an order, not as chances: on average it said {said} in 100, and it was {seen}."
    )
    return said.format(said=number(now * 100), seen=number(seen * 100))


def fits_in_words(fits: Fitting) -> str:
    return {
        Fitting.FITS: _("It fits"),
        Fitting.PARTLY: _("It fits in part"),
        Fitting.NOT: _("It does not fit"),
        Fitting.UNSURE: _("I cannot tell"),
    }[fits]


def step_in_words(taken: StepTaken) -> str:
    return {
        StepTaken.NOTHING: _("None so far"),
        StepTaken.SUGGESTED: _("The suggested one"),
        StepTaken.OTHER: _("Another one"),
    }[taken]


def in_words(one: Said) -> str:
    """`It fits in part. Step taken: none so far.`"""
    fits, taken = fits_in_words(one.feedback.fits), step_in_words(one.feedback.step)
    return _("{fits}. Step taken: {step}.").format(fits=fits, step=taken[:1].lower() + taken[1:])


def _form(visit: Visit, shown: Shown, said: Sequence[Said], errors: dict[str, str]) -> Form:
    mine = next((s.feedback for s in said if s.feedback.person_id == visit.who.person), None)
    fields = (
        Field(
            "fits",
            _("Does this report fit what you see in class?"),
            "radio",
            value=visit.form.text("fits", mine.fits.value if mine else ""),
            options=tuple(Option(f.value, fits_in_words(f)) for f in Fitting),
            error=errors.get("fits", ""),
        ),
        Field(
            "step",
            _("Which step did you take?"),
            "radio",
            value=visit.form.text("step", mine.step.value if mine else ""),
            options=tuple(Option(s.value, step_in_words(s)) for s in StepTaken),
            error=errors.get("step", ""),
        ),
    )
    text = _("Change your feedback") if mine else _("Send feedback")
    path = f"/classes/{shown.school_class.id}/report/feedback"
    return Form(path, fields, (Button(text, look="primary"),))


def _readers(officer: Person | None) -> str:
    readers = _(
        "Read with your name by the instructors of this class and by your institution’s administrators and privacy "
        "officers; by nobody else. There is no room for text, because a sentence could name a student."
    )
    if officer is None:
        return readers
    more = _("If something is wrong, write to {email}.").format(email=officer.email)
    return f"{readers} {more}"


def _line(visit: Visit, one: Said) -> LogLine:
    name = _("You") if one.feedback.person_id == visit.who.person else one.name
    said = _("{name}: {said}").format(name=name, said=in_words(one))
    return LogLine(one.feedback.at, lately(one.feedback.at), said)


def of_class(said: Sequence[Said]) -> Panel:
    """For those who look after classes: what was said, never the report."""
    lines = tuple(
        LogLine(
            one.feedback.at,
            lately(one.feedback.at),
            _("{name}, on release {n}: {said}").format(
                name=one.name, n=one.release, said=in_words(one)
            ),
        )
        for one in said
    )
    if not lines:
        return Panel(_("What they say of its report"), (Text(_("Nothing so far."), muted=True),))
    return Panel(_("What they say of its report"), (Log(lines),))
