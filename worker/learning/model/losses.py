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
    each, judged = _each(sheet, given, known)
    return each[judged].mean()


def mixed(
    sheet: TaskSheet,
    given: torch.Tensor,
    known: torch.Tensor,
    others: torch.Tensor,
    share: torch.Tensor,
) -> torch.Tensor:
    """`labelled` of records mixed with others: `share` (b,) of its own label, the rest of the other's."""
    (own, judged), (theirs, judged_too) = (_each(sheet, given, one) for one in (known, others))
    mine = share[:, None]
    return (mine * own)[judged].mean() + ((1 - mine) * theirs)[judged_too].mean()


def _each(
    sheet: TaskSheet, given: torch.Tensor, known: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """(b, answers) and (b, answers): the losses, and False for a trait that was not judged."""
    if sheet.kind == "multiclass":
        each = functional.cross_entropy(given, known, reduction="none")[:, None]
        return each, torch.ones_like(each, dtype=torch.bool)
    label = known.to(torch.float32)
    if label.ndim == 1:
        label = label[:, None]
    judged = ~torch.isnan(label).expand_as(given)
    if sheet.numeric_answer:
        return functional.mse_loss(given, label.nan_to_num(), reduction="none"), judged
    if sheet.kind == "ordinal":
        label = (label > torch.arange(given.shape[1], device=given.device)).float()
    return functional.binary_cross_entropy_with_logits(given, label, reduction="none"), judged


def answers(sheet: TaskSheet, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """(b, events - 1): the answers after the first, and which of them are real."""
    given = batch.events[0]
    numbers = [c.name for c in sheet.inputs[0].columns if c.kind == "numeric"]
    return given.numeric[:, 1:, numbers.index(sheet.label)], given.mask[:, 1:]
