"""Predictions for records whose answer is not known yet, by the model in use. For the people of the site alone.

Importing this module loads no torch; calling it does.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from worker.learning.data.records import SiteData
from worker.learning.data.rows import ASKED
from worker.learning.local import ProgressHook
from worker.learning.model.layout import Bases
from worker.learning.own import Modules
from worker.protocol.manifest import Manifest
from worker.protocol.tasks import TaskSheet


@dataclass(frozen=True)
class Predicted:
    """One task's records. `prediction` as `evaluate.quality.Judged` has it; all others (n,)."""

    sheet: TaskSheet
    student: npt.NDArray[np.str_]
    class_code: npt.NDArray[np.str_]
    term: npt.NDArray[np.str_]
    prediction: npt.NDArray[np.float64]
    use: npt.NDArray[np.str_]
    """What the record's class goes by: a `ClassUse`."""
    known: npt.NDArray[np.int64]
    """How many records of the student, whose answer is known, moved the prediction; 0: none did."""


def predictions(
    manifest: Manifest,
    modules: Modules,
    data: SiteData,
    *,
    bases: Bases,
    cache_dir: Path,
    own_dir: Path,
    on_progress: ProgressHook,
) -> list[Predicted]:
    """`data` is `folder.load_asked`'s. A task that asks for nothing is left out. Raises a LearningFault."""
    from worker.learning import in_use
    from worker.learning.training.desk import laid

    with laid(
        manifest.model,
        manifest.tasks,
        data,
        bases=bases,
        cache_dir=cache_dir,
        on_progress=on_progress,
    ) as desk:
        where = in_use.Places(cache_dir, own_dir)
        found = in_use.find(manifest, desk, modules, data, where, on_progress)
        made = []
        for source in desk.sources:
            rows = source.rows(ASKED)
            if not len(rows):
                continue
            prediction, known = found.asked(source, rows, on_progress)
            one = source.data
            of = (one.student[rows], one.class_code[rows], one.term[rows])
            keys = zip(of[1].tolist(), of[2].tolist(), strict=True)
            uses = np.array([found.use(one.sheet.name, key).value for key in keys])
            made.append(Predicted(one.sheet, *of, prediction, uses, known))
    return made
