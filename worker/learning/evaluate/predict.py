"""A model's predictions for some records of one task, in the form the scores read."""

import numpy as np
import numpy.typing as npt
import torch

from worker.learning.evaluate.quality import Judged
from worker.learning.model import losses
from worker.learning.model.batch import Batch
from worker.learning.model.network import Network
from worker.learning.training.batches import Rows, Source
from worker.learning.training.frozen import ProgressHook
from worker.protocol.codes import Phase
from worker.protocol.shapes import outputs
from worker.protocol.tasks import TaskSheet

BATCH = 512
TEXT_BATCH = 32


@torch.no_grad()
def predict(
    network: Network, source: Source, rows: Rows, on_progress: ProgressHook
) -> npt.NDArray[np.float64]:
    """As `quality.Judged.prediction`: one entry per row, of a next answer one per answer after the first."""
    sheet = source.data.sheet
    size = TEXT_BATCH if source.shared else BATCH
    order = np.argsort(source.lengths()[rows], kind="stable")
    found: dict[int, npt.NDArray[np.float64]] = {}
    for start in range(0, len(rows), size):
        chosen = order[start : start + size]
        batch = source.batch(rows[chosen])
        given = _in_unit(sheet, network.predict(batch).cpu().double(), batch)
        found |= dict(zip(chosen.tolist(), given, strict=True))
        on_progress(Phase.EVALUATING, min(start + size, len(rows)), len(rows))
    if not found:
        return (
            np.zeros((0, outputs(sheet)))[:, 0] if _single(sheet) else np.zeros((0, _width(sheet)))
        )
    placed = [found[place] for place in range(len(rows))]
    return np.concatenate(placed) if sheet.kind == "next_answer" else np.stack(placed)


def as_one(whole: int, on_progress: ProgressHook) -> ProgressHook:
    """Several calls of `predict` told as one work of `whole` records, so that its time left is that of all of them."""
    before = 0

    def hook(phase: Phase, step: int, steps: int) -> None:
        nonlocal before
        on_progress(phase, min(before + step, whole), whole)
        before += steps if step == steps else 0

    return hook


def _single(sheet: TaskSheet) -> bool:
    return sheet.kind in ("binary", "regression", "next_answer")


def _width(sheet: TaskSheet) -> int:
    return len(sheet.labels) or outputs(sheet)


def _in_unit(sheet: TaskSheet, given: torch.Tensor, batch: Batch) -> list[npt.NDArray[np.float64]]:
    """One entry for each record of the batch: a number, the labels' probabilities, the traits, or its answers."""
    if sheet.kind == "next_answer":
        shown = losses.answers(sheet, batch)[1]
        return [row[real].numpy() for row, real in zip(torch.sigmoid(given), shown, strict=True)]
    if sheet.kind == "multiclass":
        return list(torch.softmax(given, dim=1).numpy())
    if sheet.kind == "ordinal":
        above = torch.sigmoid(given)
        ends = torch.ones(len(above), 1, dtype=above.dtype)
        steps = torch.cat([ends, above], dim=1) - torch.cat([above, 0 * ends], dim=1)
        share = steps.clamp(min=0.0)
        return list((share / share.sum(dim=1, keepdim=True)).numpy())
    if sheet.kind == "binary":
        return list(torch.sigmoid(given)[:, 0].numpy())
    valued = given * sheet.label_sd + sheet.label_mean
    return list((valued if sheet.kind == "rubric" else valued[:, 0]).numpy())


def judge(source: Source, rows: Rows, prediction: npt.NDArray[np.float64]) -> Judged:
    """`prediction` beside the labels, both in the sheet's unit."""
    data = source.data
    if data.sheet.kind == "next_answer":
        return _answers(source, rows, prediction)
    label = data.label[rows]
    if data.sheet.numeric_answer:
        label = label.astype(np.float64) * data.sheet.label_sd + data.sheet.label_mean
    return Judged(data.sheet, label, prediction, data.student[rows])


def _answers(source: Source, rows: Rows, prediction: npt.NDArray[np.float64]) -> Judged:
    """Every answer but the first of each sequence."""
    data = source.data
    one = data.sheet.inputs[0]
    given = data.events[one.name]
    place = [c.name for c in one.columns if c.kind == "numeric"].index(data.sheet.label)
    spans = [given.numeric[given.offsets[r] + 1 : given.offsets[r + 1], place] for r in rows]
    label = np.concatenate(spans).astype(np.int64) if spans else np.empty(0, np.int64)
    of = np.repeat(np.arange(len(rows)), [len(span) for span in spans])
    return Judged(data.sheet, label, prediction, data.student[rows][of], of)
