"""What each kind of task is trained on: a mean over the records, or the answers, of a batch."""

import torch
from torch.nn import functional

from worker.learning.model.batch import Batch
from worker.protocol.tasks import TaskSheet


def of(sheet: TaskSheet, given: torch.Tensor, batch: Batch) -> torch.Tensor:
    """`given`: as `Network.forward`. Cross-entropy for classes and steps, squared error of scaled values.

    Records are batched by length, so a mean over a batch's answers would count those of short sequences many times:
    here every answer counts the same, as a share of the longest sequences' answers.
    """
    if sheet.kind == "next_answer":
        right, shown = answers(sheet, batch)
        each = functional.binary_cross_entropy_with_logits(
            given[shown], right[shown], reduction="sum"
        )
        return each / (batch.size * sheet.inputs[0].length)
    return labelled(sheet, given, batch.label)


def labelled(sheet: TaskSheet, given: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    """`of` for every kind but a next answer, from the labels alone."""
    if sheet.kind == "multiclass":
        return functional.cross_entropy(given, known)
    label = known.to(torch.float32)
    if sheet.kind == "binary":
        return functional.binary_cross_entropy_with_logits(given[:, 0], label)
    if sheet.kind == "ordinal":
        above = label[:, None] > torch.arange(given.shape[1])
        return functional.binary_cross_entropy_with_logits(given, above.float())
    if sheet.kind == "rubric":
        judged = ~torch.isnan(label)
        return functional.mse_loss(given[judged], label[judged])
    return functional.mse_loss(given[:, 0], label)


def answers(sheet: TaskSheet, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """(b, events - 1): the answers after the first, and which of them are real."""
    given = batch.events[0]
    numbers = [c.name for c in sheet.inputs[0].columns if c.kind == "numeric"]
    return given.numeric[:, 1:, numbers.index(sheet.label)], given.mask[:, 1:]
