"""Three models over one task's test records; where the sheet names topics or groups, one of them over whole classes."""

from collections.abc import Sequence
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt

from worker.learning.evaluate.answers import rule_prediction
from worker.learning.evaluate.classes import Compared
from worker.learning.evaluate.predict import judge, predict
from worker.learning.model.network import Network
from worker.learning.training.batches import Rows, Source
from worker.learning.training.frozen import ProgressHook
from worker.protocol.codes import ClassUse

Class = tuple[str, str]


class Used(Protocol):
    """The model in use: `worker.learning.in_use.InUse`."""

    def predict(
        self, source: Source, rows: Rows, on_progress: ProgressHook
    ) -> npt.NDArray[np.float64]: ...

    def use(self, task: str, key: Class) -> ClassUse: ...


def compared(
    used: Used, local: Network, source: Source, asked: Sequence[str], on_progress: ProgressHook
) -> Compared:
    """`asked`: codes of the classes that a report is about."""
    rows = source.rows("test")
    every = _every(source, asked)
    ruled = rule_prediction(source, rows)
    said = used.predict(source, every, on_progress) if len(every) else None
    return Compared(
        source=source,
        rows=rows,
        shared=judge(source, rows, used.predict(source, rows, on_progress)),
        local=judge(source, rows, predict(local, source, rows, on_progress)),
        rule=None if ruled is None else judge(source, rows, ruled),
        whole=None if said is None else judge(source, every, said),
        whole_rows=every,
        use=partial(used.use, source.data.sheet.name),
    )


def predicted(given: Sequence[Source], asked: Sequence[str]) -> int:
    """How many records `compared` predicts for all these tasks, each time counted."""
    return sum(2 * len(one.rows("test")) + len(_every(one, asked)) for one in given)


def _every(source: Source, asked: Sequence[str]) -> Rows:
    """All records of the asked classes, where the sheet names topics or groups."""
    return np.flatnonzero(np.isin(source.data.class_code, asked) & bool(source.data.groupings))
