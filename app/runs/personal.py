"""What the sites' own models did, as far as a reader may see it: counts of sites, and the reader's own sites. Pure."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.runs.tallies import ChoiceLine
from worker.protocol.codes import Change, Chosen

FEWEST_SITES = 3
"""Counts over fewer sites would tell one member what another one's site found."""


@dataclass(frozen=True)
class Outcomes:
    """Sites, or classes, by what the model they use did on records that neither trained nor chose it."""

    helped: int
    unchanged: int
    hurt: int

    @property
    def count(self) -> int:
        return self.helped + self.unchanged + self.hurt


@dataclass(frozen=True)
class ClassParts:
    """How many classes use a head of their own, and how many a head and an adapter. Others have neither."""

    heads: int
    adapters: int


@dataclass(frozen=True)
class OwnChoice:
    """One of the reader's own sites."""

    site_name: str
    model: Chosen
    value: float
    against_shared: Change
    against_alone: Change


@dataclass(frozen=True)
class Personal:
    """None where fewer than three sites said what they use."""

    against_shared: Outcomes | None
    against_alone: Outcomes | None
    classes: Outcomes | None = None
    """Classes of all sites with enough records, by what a part of their own did."""
    class_parts: ClassParts | None = None
    """The same classes, by what they use."""
    students: Outcomes | None = None
    """Sites that calibrate by a student's own earlier records, by what that did."""
    own: tuple[OwnChoice, ...] = ()


def of_task(lines: Sequence[ChoiceLine], task: str, inside: Collection[str]) -> Personal | None:
    """`inside`: the reader's institutions. None where no site answered."""
    mine = [line for line in lines if line.task == task]
    if not mine:
        return None
    of_classes = [line.classes for line in mine if line.classes]
    return Personal(
        _outcomes([line.against_shared for line in mine]),
        _outcomes([line.against_alone for line in mine]),
        _of_classes(of_classes),
        _class_parts(of_classes),
        _outcomes([line.students for line in mine if line.students]),
        tuple(
            OwnChoice(
                line.site_name, line.chosen, line.value, line.against_shared, line.against_alone
            )
            for line in mine
            if line.institution in inside
        ),
    )


def _outcomes(changes: Sequence[Change]) -> Outcomes | None:
    if len(changes) < FEWEST_SITES:
        return None
    told = Counter(changes)
    return Outcomes(told[Change.HELPED], told[Change.UNCHANGED], told[Change.HURT])


def _of_classes(told: Sequence[dict[str, int]]) -> Outcomes | None:
    if len(told) < FEWEST_SITES:
        return None
    return Outcomes(
        *(sum(one[change] for one in told) for change in ("helped", "unchanged", "hurt"))
    )


def _class_parts(told: Sequence[dict[str, int]]) -> ClassParts | None:
    """A site of an earlier version says of neither."""
    if len(told) < FEWEST_SITES:
        return None
    return ClassParts(*(sum(one.get(use, 0) for one in told) for use in ("heads", "adapters")))
