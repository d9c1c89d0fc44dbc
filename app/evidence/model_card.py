"""A model card of each release in use in the institution's federations, and the limits that hold for all of them."""

from app.evidence import pieces
from app.evidence.live import Live, Released
from app.evidence.parts import Block, Document, Gap, Grid, Lines, Para, Points, Section
from app.evidence.states import DocumentKind
from app.evidence.words import day, listed, number
from app.runs import queries as runs
from app.text import _


def build(live: Live) -> Document:
    none = Gap(
        _("No release is in use yet: no run of a federation has ended."), "/runs", _("See runs")
    )
    cards = tuple(_card(one) for one in live.released)
    return Document(
        DocumentKind.MODELS,
        _("Model card"),
        _("The releases in use in the institution’s federations."),
        live.stamp,
        (
            *(cards or (Section(_("Releases"), (none,)),)),
            Section(_("Meant for, and not meant for"), (Points(limits()),)),
            Section(_("Privacy"), pieces.protections(live)),
            Section(_("What a student can ask for"), (_erasure(),)),
        ),
    )


def _card(one: Released) -> Section:
    plan = runs.plan_of(one.run)
    bases = plan.model.bases
    lines = Lines(
        (
            (_("Made in"), _("run {n}, published on {day}").format(n=one.run.number, day=day(one.release.created))),
            (_("Predicts"), listed(sheet.target for sheet in plan.sheets)),
            (_("Reads"), listed(dict.fromkeys(c.name for s in plan.sheets for c in s.inputs))),
            (
                _("Base models"),
                listed(f"{base.name}, {base.digest[:12]}" for base in bases.values())
                if bases
                else _("none"),
            ),
            (_("Model parts"), number(len(one.release.modules))),
            (_("Digest of the run’s plan"), one.run.plan_digest),
        )
    )  # fmt: skip
    title = _("Release {n} of {name}").format(n=one.release.number, name=one.federation.name)
    return Section(title, (lines, *figures(one)))


def figures(one: Released) -> tuple[Block, ...]:
    """Weighted means of what sites measured on hold-out records."""
    rows = []
    for task in one.figures:
        values = [task.latest, task.local, task.rule]
        cells = ["–" if value is None else number(value.value, 3) for value in values]
        rows.append((task.target, task.metric, *cells))
    if not any(cell != "–" for row in rows for cell in row[2:]):
        return (Gap(_("No site’s policy let figures on quality out, so none can be told.")),)
    columns = (_("Task"), _("Metric"), _("Shared"), _("Each site alone"), _("Simple rule"))
    said = Para(
        _(
            "Weighted means over sites. By group of students: in class reports, small groups left out."
        )
    )
    return (Grid(_("How good it was on hold-out records"), columns, tuple(rows)), said)


def limits() -> tuple[str, ...]:
    return (
        _("It describes groups, not one student. It is not for grades and not for discipline."),
        _(
            "It learned from several institutions. Where yours differs, judge it on your own records first."
        ),
        _("It never predicts feelings or attention from a face or a voice."),
        _("A person decides what follows from a report."),
    )


def _erasure() -> Block:
    return Gap(
        _(
            "Removing a student’s part from a trained model is not built. "
            "Until then: delete the record at the site and do not use the release, or roll back."
        )
    )
