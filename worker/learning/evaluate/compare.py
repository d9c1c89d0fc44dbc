"""Three models over one task's test records; where the sheet names topics or groups, one of them over whole classes."""

from collections.abc import Sequence

import numpy as np

from worker.learning.evaluate.answers import rule_prediction
from worker.learning.evaluate.classes import Compared
from worker.learning.evaluate.predict import judge, predict
from worker.learning.model.network import Network
from worker.learning.training.batches import Source
from worker.learning.training.frozen import ProgressHook


def compared(
    shared: Network, local: Network, source: Source, asked: Sequence[str], on_progress: ProgressHook
) -> Compared:
    """`asked`: codes of the classes that a report is about."""
    rows = source.rows("test")
    ruled = rule_prediction(source, rows)
    every = np.flatnonzero(np.isin(source.data.class_code, asked) & bool(source.data.groupings))
    said = predict(shared, source, every, on_progress) if len(every) else None
    return Compared(
        source=source,
        rows=rows,
        shared=judge(source, rows, predict(shared, source, rows, on_progress)),
        local=judge(source, rows, predict(local, source, rows, on_progress)),
        rule=None if ruled is None else judge(source, rows, ruled),
        whole=None if said is None else judge(source, every, said),
        whole_rows=every,
    )
