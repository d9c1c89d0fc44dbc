"""What a draft would change, in words: federations it leaves, runs it refuses, members it shuts out."""

from dataclasses import dataclass

from app.policies.floor import Fault
from app.runs.consequences import Consequence
from app.text import _, ngettext
from app.web.moments import in_words, sentence
from app.web.parts import Column, Empty, No, Part, Table, Yes


@dataclass(frozen=True)
class Effect:
    """What the draft does to one federation."""

    name: str
    state: Yes | No
    lines: tuple[str, ...]


def says(found: list[Consequence]) -> str:
    """The sentence below the heading."""
    stopped = sum(not one.fit.allowed for one in found)
    if not found:
        return _("You are in no federation yet, so nothing would stop.")
    if not stopped:
        return _("Every federation you are in fits this draft.")
    said = ngettext(
        "As it stands, this draft would stop us in {n} federation.",
        "As it stands, this draft would stop us in {n} federations.",
        stopped,
    )
    return sentence(said.format(n=in_words(stopped)))


def effects(found: list[Consequence]) -> tuple[Effect, ...]:
    return tuple(_effect(one) for one in found)


def _effect(one: Consequence) -> Effect:
    if one.fit.allowed:
        now = () if one.was else (_("The approved version is refused there today."),)
        return Effect(one.federation.name, Yes(_("Goes on")), now)
    lines = tuple(reason.sentence for reason in one.fit.reasons)
    if one.runs:
        numbers = ", ".join(str(run.number) for run in one.runs)
        lines += (_("Our sites would refuse these runs: {list}.").format(list=numbers),)
    if one.shuts_out:
        said = _(
            "It would shut out the other members too: a round needs {need} institutions, {left} would be left."
        )
        lines += (said.format(need=one.need, left=one.left),)
    return Effect(one.federation.name, No(_("Would stop")), lines)


def table(found: list[Consequence]) -> Part:
    rows = tuple(
        (
            one.federation.name,
            Yes(_("All fit"))
            if one.fit.allowed
            else No(" ".join(r.sentence for r in one.fit.reasons)),
            " ".join(r.change for r in one.fit.reasons if r.change) or _("none needed"),
        )
        for one in found
    )
    if not rows:
        return Empty(_("You are in no federation yet."))
    columns = (Column(_("Federation")), Column(_("Rules")), Column(_("Smallest change that helps")))
    return Table(_("Our federations against this draft"), columns, rows)


def loose(faults: tuple[Fault, ...]) -> tuple[str, ...]:
    """Why it could not be approved."""
    return tuple(fault.sentence for fault in faults)
