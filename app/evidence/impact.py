"""A draft of an impact assessment: what holds against each risk, what remains. People finish it."""

from app.evidence import consent, grounds, pieces, processing
from app.evidence.live import Live
from app.evidence.parts import Block, Document, Gap, Grid, Para, Points, Section
from app.evidence.states import DocumentKind
from app.evidence.words import number, yes
from app.runs.states import Choice
from app.text import _


def build(live: Live) -> Document:
    return Document(
        DocumentKind.IMPACT,
        _("Impact assessment (draft)"),
        _("Made from live records. People complete, judge and sign it; a program cannot."),
        live.stamp,
        (
            Section(_("What is planned"), (Para(_planned()), *pieces.data(live))),
            Section(_("Who"), (pieces.holder_lines(live), *pieces.officer_gap(live))),
            Section(_("Why it is needed"), _needed(live)),
            Section(_("The rule in force"), (*pieces.policy(live), *pieces.sites(live))),
            Section(_("Consent and age"), consent.rules(live)),
            Section(_("Risks, and what holds against them"), (_risks(live),)),
            Section(_("Measures"), (Points(processing.measures(live)), *pieces.protections(live))),
            Section(_("How it went so far"), (*_decided(live), *pieces.sent(live))),
            Section(_("Receipts"), consent.receipts(live)),
            Section(_("For people to complete"), _open()),
        ),
    )


def _planned() -> str:
    return _(
        "A program at the institution learns from student records and sends the hub what it learnt: "
        "changes of numbers in a model, never a record. The hub combines the changes of all members into one model."
    )


def _needed(live: Live) -> tuple[Block, ...]:
    purposes = tuple(f"{one.federation.name}: {one.federation.purpose}" for one in live.joined)
    said = Points(purposes) if purposes else Para(_("The institution is in no federation yet."))
    gap = Gap(_("Why a less intrusive way would not do has not been recorded."))
    return (said, gap, *grounds.gap(live))


def _risks(live: Live) -> Grid:
    columns = (_("Risk"), _("What holds against it"), _("What remains"))
    return Grid(_("Risks to students"), columns, (*_of_reading(live), *_of_use()))


def _of_reading(live: Live) -> tuple[tuple[str, ...], ...]:
    """That somebody learns of a student what they should not."""
    cohort = live.policy.minimum_cohort if live.policy else 0
    cell = live.policy.minimum_cell if live.policy else 0
    return (
        (
            _("An update or a release reveals something about a student."),
            _(
                "Few numbers per update, at least {n} institutions in a run, updates deleted."
            ).format(n=cohort),
            _("Nothing bounds it.") if not live.noise else _("Bounded by ε."),
        ),
        (
            _("Whoever runs the hub reads one site’s update."),
            _("Deleted when its round is closed and checked."),
            _("Possible until then.") if not live.secure else _("Only sums can be read."),
        ),
        (
            _("A small group is recognised in a figure."),
            _("Figures about fewer than {n} students are left out, twice.").format(n=cell),
            _("Reports carry no added noise."),
        ),
    )


def _of_use() -> tuple[tuple[str, ...], ...]:
    """That the model, or the hub, does harm."""
    return (
        (
            _("A student is treated by a wrong prediction."),
            _("Reports are about classes; a person decides; no grade is written."),
            _("A teacher may still trust a figure too much."),
        ),
        (
            _("A member sends a harmful update."),
            _("Shape, size and base are checked, weights are capped."),
            _("A small, well-formed push towards harm is not found."),
        ),
        (
            _("An account is stolen."),
            _("Second factor, short sessions, every act recorded."),
            _("What its role allows, until it is noticed."),
        ),
        (
            _("A student’s part in a model is to be removed."),
            _("The record is deleted at the site; releases can be rolled back."),
            _("Removing it from a trained model is not built."),
        ),
    )


def _decided(live: Live) -> tuple[Block, ...]:
    asked = live.answers
    lines = [
        _("Runs approved here: {n}.").format(n=number(asked.get(Choice.APPROVE, 0))),
        _("Runs declined here: {n}.").format(n=number(asked.get(Choice.DECLINE, 0))),
        _("Jobs refused by a site’s guard: {n}.").format(
            n=number(sum(count for _code, count in live.refusals))
        ),
        _("Approved by one person alone: {yes}.").format(
            yes=yes(bool(live.version and live.version.one_person))
        ),
    ]
    return (Points(tuple(lines)), *pieces.runs(live))


def _open() -> tuple[Block, ...]:
    return (
        Gap(_("What students and parents were asked, and what they said, has not been recorded.")),
        Gap(_("The privacy officer’s opinion has not been recorded.")),
        Gap(
            _("Who accepts what remains, and when this is looked at again, has not been recorded.")
        ),
    )
