"""How long the rest takes, by the speed so far: the one way in which any progress tells time left. It has no clock."""

from collections.abc import Hashable

from worker.protocol.text import _, ngettext

ENOUGH_S = 1.0
"""Of a shorter stretch than this nothing is told: the first steps are seldom like the others."""


class Pace:
    """Follows one piece of work after another. What is told first is where a piece begins: resumed work is not at 0."""

    def __init__(self) -> None:
        self._work: tuple[Hashable, int] | None = None
        self._begun = (0.0, 0)
        self._done = 0

    def left(self, work: Hashable, done: int, whole: int, now: float) -> int | None:
        """Seconds until `done` reaches `whole`; None before enough is done. `now` in seconds, of any clock that only
        rises. Another `work`, another `whole` or a step back begins anew."""
        if self._work != (work, whole) or done < self._done:
            self._work, self._begun = (work, whole), (now, done)
        self._done = done
        since, first = self._begun
        if done <= first or done > whole or now - since < ENOUGH_S:
            return None
        return round((now - since) / (done - first) * (whole - done))


def span(seconds: float) -> str:
    """`40 seconds`, `6 minutes`, `3 hours`."""
    whole = max(0, round(seconds))
    if whole < 90:
        return ngettext("{n} second", "{n} seconds", whole).format(n=whole)
    if whole < 5400:
        minutes = round(whole / 60)
        return ngettext("{n} minute", "{n} minutes", minutes).format(n=minutes)
    hours = round(whole / 3600)
    return ngettext("{n} hour", "{n} hours", hours).format(n=hours)


def in_words(left: int | None) -> str:
    """`about 6 minutes to go`; `…` while nobody knows."""
    return "…" if left is None else _("about {span} to go").format(span=span(left))
