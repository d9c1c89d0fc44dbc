"""Sentences about runs. Rows keep codes and numbers; words are made in the reader's language."""

from collections.abc import Callable

from app.runs.states import FailReason, VoidReason
from app.text import _, ngettext

WAITS_FOR_SITES = "waits-for-sites"
WAITS_FOR_COHORT = "waits-for-cohort"
TOO_FEW_APPROVALS = "too-few-approvals"
PAUSED_BY_LEAD = "paused-by-lead"


def coded(code: str, *numbers: int) -> str:
    """What a `reason` column keeps: a code and its numbers."""
    return " ".join((code, *(str(n) for n in numbers)))


def reason(text: str) -> str:
    """The sentence for a `reason` column; empty for none."""
    code, *rest = text.split(" ") if text else [""]
    numbers = [int(n) for n in rest if n.isdigit()] + [0, 0]
    have, need = numbers[0], numbers[1]
    make = _SENTENCES.get(code)
    return make(have, need) if make else ""


def _by_deadline(have: int, need: int) -> str:
    said = ngettext(
        "Only {have} update came by the deadline and {need} were needed. Nothing of it was kept.",
        "Only {have} updates came by the deadline and {need} were needed. Nothing of it was kept.",
        have,
    )
    return said.format(have=have, need=need)


def _none_left(have: int, need: int) -> str:
    said = ngettext(
        "Every site answered, with {have} update, and {need} were needed. Nothing of it was kept.",
        "Every site answered, with {have} updates, and {need} were needed. Nothing of it was kept.",
        have,
    )
    return said.format(have=have, need=need)


def _unusable(have: int, need: int) -> str:
    return _(
        "Only {have} of the updates could be used and {need} were needed. Nothing of it was kept."
    ).format(have=have, need=need)


def _sites(have: int, need: int) -> str:
    said = ngettext(
        "{have} site can take part now and {need} are needed. The round opens as soon as they are there.",
        "{have} sites can take part now and {need} are needed. The round opens as soon as they are there.",
        have,
    )
    return said.format(have=have, need=need)


def _cohort(have: int, need: int) -> str:
    return _(
        "{have} independent institutions can take part now and {need} are needed. Institutions under one parent "
        "count once."
    ).format(have=have, need=need)


def _approvals(have: int, need: int) -> str:
    return _("{have} institutions approved and {need} are needed.").format(have=have, need=need)


def _void_rounds(have: int, need: int) -> str:
    return _("{have} rounds in a row were void, so the run ended.").format(have=have)


_SENTENCES: dict[str, Callable[[int, int], str]] = {
    VoidReason.NO_QUORUM_BY_DEADLINE.value: _by_deadline,
    VoidReason.NO_QUORUM_LEFT.value: _none_left,
    VoidReason.TOO_FEW_USABLE.value: _unusable,
    VoidReason.RUN_ENDED.value: lambda have, need: _("The run ended before this round did."),
    FailReason.VOID_ROUNDS.value: _void_rounds,
    FailReason.NO_CLOSED_ROUND.value: lambda have, need: _(
        "No round could be closed, so there is nothing to release."
    ),
    FailReason.CANNOT_PREPARE.value: lambda have, need: _(
        "The first weights could not be made. The hub's operators have the details."
    ),
    WAITS_FOR_SITES: _sites,
    WAITS_FOR_COHORT: _cohort,
    TOO_FEW_APPROVALS: _approvals,
    PAUSED_BY_LEAD: lambda have, need: _("The lead paused it."),
}
