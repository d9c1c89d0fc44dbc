"""The whole walk, in order: from an empty hub to a class report."""

from pathlib import Path

from app.demo import joining, rules
from app.demo.play import Play, Step


def steps(play: Play, data: Path | None, scale: float) -> list[Step]:
    """Every step of the scenario, whether or not it is done already."""
    return [*joining.steps(play), *rules.steps(play)]
