"""The weights of updates and of figures where a policy keeps counts at the site (docs/decisions/0012): powers of two.

Such a weight says of a number of records that it is at least so large, and less than twice as large.
"""

from worker.protocol.update import MetricsAnswer, TaskMetrics


def rounded(records: float, unit: int = 1) -> float:
    """`records`, at least one unit, down to a power of two of units: 70 to 64; in units of 10 to 40."""
    return float(unit << (int(records // unit).bit_length() - 1))


def without_counts(metrics: MetricsAnswer, minimum_cell: int) -> MetricsAnswer:
    """Figures without bands of records. A weight stays whole minimum cells, so never falls below what the hub asks."""

    def blank(figures: tuple[TaskMetrics, ...]) -> tuple[TaskMetrics, ...]:
        return tuple(
            one.model_copy(update={"records_band": "", "weight": rounded(one.weight, minimum_cell)})
            for one in figures
        )

    return MetricsAnswer(
        shared=blank(metrics.shared),
        local=blank(metrics.local),
        rule=blank(metrics.rule),
        personal=blank(metrics.personal),
        choices=metrics.choices,
    )
