"""The run's figure for a task from the sites' own: their mean, weighing by held-out records."""

from collections.abc import Iterable

from worker.protocol.update import TaskMetrics


def overall(found: Iterable[TaskMetrics]) -> dict[str, float]:
    """Task to weighted mean. A mean of sites' AUCs is not the AUC of the records together, and never called so."""
    sums: dict[str, tuple[float, float]] = {}
    for one in sorted(found, key=lambda metrics: (metrics.task, metrics.weight, metrics.value)):
        total, weight = sums.get(one.task, (0.0, 0.0))
        sums[one.task] = (total + one.weight * one.value, weight + one.weight)
    return {task: total / weight for task, (total, weight) in sums.items()}
