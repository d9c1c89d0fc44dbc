"""The metrics a site answers with: held-out records only, counts in bands, weights in whole cells."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from worker.learning.evaluate import quality, rule, suppression
from worker.learning.evaluate.predict import as_one, judge, predict
from worker.learning.evaluate.quality import Judged
from worker.learning.model.network import Network
from worker.learning.training.batches import Rows, Source
from worker.learning.training.frozen import ProgressHook
from worker.protocol.update import TaskMetrics

DIGITS = 3


def of_model(
    network: Network, given: Iterable[Source], minimum_cell: int, on_progress: ProgressHook
) -> tuple[TaskMetrics, ...]:
    """One entry per task with at least the minimum cell of test records and a defined metric."""
    held = [(source, source.rows("test")) for source in given]
    judged = [(source, rows) for source, rows in held if len(rows) >= minimum_cell]
    hook = as_one(sum(len(rows) for _, rows in judged), on_progress)
    found = [
        metrics(judge(source, rows, predict(network, source, rows, hook)), minimum_cell)
        for source, rows in judged
    ]
    return tuple(one for one in found if one is not None)


def of_rule(given: Iterable[Source], minimum_cell: int) -> tuple[TaskMetrics, ...]:
    """The simple rule, learnt on the training split, judged on the same test records."""
    found = []
    for source in given:
        rows = source.rows("test")
        prediction = rule_prediction(source, rows)
        if len(rows) >= minimum_cell and prediction is not None:
            found.append(metrics(judge(source, rows, prediction), minimum_cell))
    return tuple(one for one in found if one is not None)


def rule_prediction(source: Source, rows: Rows) -> npt.NDArray[np.float64] | None:
    """As `predict`; None without a training record."""
    trained = source.rows("train")
    if not len(trained):
        return None
    if source.data.sheet.kind == "next_answer":
        return rule.next_answers(source.data, trained, rows)
    found: npt.NDArray[np.float64] = rule.learn(source.data, trained).predict(source.data)[rows]
    return found


def metrics(judged: Judged, minimum_cell: int) -> TaskMetrics | None:
    value = quality.value(judged)
    if value is None:
        return None
    around = quality.interval(judged)
    return TaskMetrics(
        task=judged.sheet.name,
        metric=judged.sheet.metric,
        value=round(value, DIGITS),
        interval=None if around is None else (round(around[0], DIGITS), round(around[1], DIGITS)),
        records_band=suppression.band(judged.records, minimum_cell),
        weight=float(suppression.whole_cells(judged.records, minimum_cell)),
    )
