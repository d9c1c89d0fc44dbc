"""The three task sheets of the simulated campus. Means and deviations are round numbers chosen beforehand."""

from typing import Any

from worker.learning.data.importers.campus_topics import FIRST, TOPIC
from worker.protocol.tasks import Input, TaskSheet

BANDS = ("below", "developing", "secure", "strong")
BAND_EDGES = (50.0, 61.0, 73.0)
PROGRAMMES = ("general", "advanced", "technical", "arts")
DAY = 42

_INPUTS = (
    Input(name="mean_score", unit="points of 100", mean=62, sd=14),
    Input(name="days_late", unit="days", mean=2, sd=2),
    Input(name="logins_week", unit="per week", mean=5, sd=4),
    Input(name="prior_attempts", unit="attempts", mean=0.2, sd=0.5),
    Input(name="programme", kind="categorical", values=PROGRAMMES),
    Input(name="reflection", kind="text", modality="text"),
)
_COMMON: dict[str, Any] = {"cutoff_day": DAY, "inputs": _INPUTS, "simple_rule": "mean_score"}


def campus_sheets() -> tuple[TaskSheet, ...]:
    """At risk (binary), final band (four classes), next score (regression), from what is known in week six."""
    return (
        TaskSheet(
            name="at-risk-week6",
            target="Will the student end this class below the pass mark of 50 points?",
            kind="binary",
            label="outcome",
            labels=("on-track", "at-risk"),
            metric="auc",
            groups=(FIRST,),
            **_COMMON,
        ),
        TaskSheet(
            name="final-band",
            target="In which of four bands will the final mark of this class be?",
            kind="multiclass",
            label="final_band",
            labels=BANDS,
            metric="macro_f1",
            **_COMMON,
        ),
        TaskSheet(
            name="next-score",
            target="How many points will the student have in the next assessment of this class?",
            kind="regression",
            label="next_score",
            unit="points of 100",
            label_mean=62,
            label_sd=15,
            metric="rmse",
            topic=TOPIC,
            groups=(FIRST,),
            **_COMMON,
        ),
    )
