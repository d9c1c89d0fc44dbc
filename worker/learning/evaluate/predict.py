"""A model's predictions for some records of one task, in the form the scores read."""

import numpy as np
import numpy.typing as npt
import torch

from worker.learning.evaluate.quality import Judged
from worker.learning.model.network import Network
from worker.learning.training.batches import Rows, Source
from worker.learning.training.frozen import ProgressHook
from worker.protocol.codes import Phase

BATCH = 512
TEXT_BATCH = 32


@torch.no_grad()
def predict(
    network: Network, source: Source, rows: Rows, on_progress: ProgressHook
) -> npt.NDArray[np.float64]:
    """As `quality.Judged.prediction`, one entry per row."""
    sheet = source.data.sheet
    size = TEXT_BATCH if source.texts else BATCH
    order = np.argsort(source.lengths()[rows], kind="stable")
    found = np.zeros((len(rows), max(1, len(sheet.labels) if sheet.kind == "multiclass" else 1)))
    for start in range(0, len(rows), size):
        chosen = order[start : start + size]
        given = network.predict(source.batch(rows[chosen])).double()
        if sheet.kind == "multiclass":
            given = torch.softmax(given, dim=1)
        elif sheet.kind == "binary":
            given = torch.sigmoid(given)
        else:
            given = given * sheet.label_sd + sheet.label_mean
        found[chosen] = given.numpy()
        on_progress(Phase.EVALUATING, min(start + size, len(rows)), len(rows))
    return found if sheet.kind == "multiclass" else found[:, 0]


def judge(source: Source, rows: Rows, prediction: npt.NDArray[np.float64]) -> Judged:
    """`prediction` beside the labels, both in the sheet's unit."""
    data = source.data
    label = data.label[rows]
    if data.sheet.kind == "regression":
        label = label.astype(np.float64) * data.sheet.label_sd + data.sheet.label_mean
    return Judged(data.sheet, label, prediction, data.student[rows])
