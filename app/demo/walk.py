"""The whole walk, in order: from an empty hub to a class report."""

from pathlib import Path

from app.demo import enrolling, founding, joining, models, reference, rules, running, teaching
from app.demo.play import Play, Step


def steps(play: Play, data: Path | None, scale: float) -> list[Step]:
    """Every step of the scenario, whether or not it is done already."""
    return [
        *joining.steps(play),
        *rules.steps(play),
        *models.steps(play),
        enrolling.data_step(play, data, scale),
        *founding.steps(play),
        *enrolling.steps(play),
        *teaching.steps(play),
        *running.steps(play),
        reference.step(play),
    ]
