"""The whole model: tensors by module, and how a batch becomes predictions. Modules in, modules out."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import numpy as np
import torch
from torch.nn import functional

from worker.learning.faults import StateMismatch
from worker.learning.model import fusion, table, text
from worker.learning.model.batch import Batch, TextBatch
from worker.learning.model.layout import (
    ADAPTER,
    FUSION,
    TABLE,
    TEXT,
    Features,
    TextShape,
    features,
    head,
    shapes,
)
from worker.protocol import slices
from worker.protocol.codec import Tensors
from worker.protocol.manifest import ModelSpec
from worker.protocol.tasks import TaskSheet

MODALITY_DROPOUT = 0.2
"""In training, this share of records with several modalities loses one of them."""


class Network:
    """Tensors by module name, ready to train. `encoder` is needed only where a record has text."""

    def __init__(
        self,
        spec: ModelSpec,
        tasks: Sequence[TaskSheet],
        modules: Mapping[str, Tensors],
        encoder: text.TextEncoder | None = None,
        text_shape: TextShape | None = None,
    ) -> None:
        self.spec = spec
        self.encoder = encoder
        self.features: Features = features(spec, tasks)
        self.columns = {sheet.name: self.features.columns(sheet) for sheet in tasks}
        self.kinds = {sheet.name: sheet.kind for sheet in tasks}
        self._pooled: dict[int, torch.Tensor] = {}
        _check(spec, tasks, modules, text_shape)
        self.parts = {
            module: {
                name: torch.tensor(array, dtype=torch.float32).requires_grad_()
                for name, array in sorted(tensors.items())
            }
            for module, tensors in sorted(modules.items())
        }

    def parameters(self) -> Iterable[tuple[str, torch.Tensor]]:
        """(`<module>::<tensor>`, tensor) in a fixed order."""
        for module, tensors in self.parts.items():
            for name, tensor in tensors.items():
                yield f"{module}::{name}", tensor

    def train_rank(self, rank: int | None) -> None:
        """Only the first `rank` columns of each adapter's B learn; the others work as they are. None: all."""
        for name, tensor in self.parts.get(ADAPTER, {}).items():
            if rank is not None and slices.sliced(name):
                tensor.register_hook(partial(_first_rows, rank))  # type: ignore[no-untyped-call]

    def state(self) -> dict[str, Tensors]:
        """A copy of every module as float32 arrays."""
        return {
            module: {name: tensor.detach().numpy().copy() for name, tensor in tensors.items()}
            for module, tensors in self.parts.items()
        }

    def forward(self, batch: Batch, *, training: bool) -> torch.Tensor:
        """(b, outputs): logits, or scaled values for a regression."""
        tokens, mask = self._tokens(batch, training)
        fused = fusion.fuse(
            self.parts[FUSION],
            tokens,
            mask,
            layers=self.spec.layers,
            heads=self.spec.heads,
            dropout=self.spec.dropout if training else 0.0,
        )
        part = self.parts[head(batch.task)]
        return functional.linear(fused, part["weight"], part["bias"])

    def predict(self, batch: Batch) -> torch.Tensor:
        """`forward` outside of training."""
        self._pooled.clear()
        return self.forward(batch, training=False)

    def loss(self, batches: Sequence[Batch], *, training: bool = True) -> torch.Tensor:
        """Sum of the batches' losses. A text that several of them hold (the same object) is encoded once."""
        self._pooled.clear()
        try:
            return torch.stack([self._loss(batch, training) for batch in batches]).sum()
        finally:
            self._pooled.clear()

    def _loss(self, batch: Batch, training: bool) -> torch.Tensor:
        """Mean over the batch: cross-entropy for classes, squared error of the scaled value."""
        given = self.forward(batch, training=training)
        kind = self.kinds[batch.task]
        if kind == "multiclass":
            return functional.cross_entropy(given, batch.label)
        label = batch.label.to(torch.float32)
        if kind == "binary":
            return functional.binary_cross_entropy_with_logits(given[:, 0], label)
        return functional.mse_loss(given[:, 0], label)

    def _tokens(self, batch: Batch, training: bool) -> tuple[torch.Tensor, torch.Tensor]:
        columns = self.columns[batch.task]
        groups: list[tuple[torch.Tensor, torch.Tensor]] = []
        for index in columns.modalities:
            if self.features.modalities[index] == "table":
                groups.append(self._table(batch))
            else:
                groups.append(self._texts(batch))
        present = torch.stack([mask.any(dim=1) for _, mask in groups], dim=1)
        if training and len(groups) > 1:
            present = present & _kept(present)
        rows = torch.tensor(columns.modalities)
        absent = self.parts[FUSION]["absent"][rows].expand(batch.size, -1, -1)
        masks = [mask & present[:, place, None] for place, (_, mask) in enumerate(groups)]
        tokens = torch.cat([*(found for found, _ in groups), absent], dim=1)
        return tokens, torch.cat([*masks, ~present], dim=1)

    def _table(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        columns = self.columns[batch.task]
        found = table.tokens(self.parts[TABLE], columns, batch.numeric, batch.categorical)
        some = table.present(batch.numeric, batch.categorical)
        return found, some[:, None].expand(-1, found.shape[1])

    def _texts(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        rows = self.columns[batch.task].text
        found = [self._text(given, row) for given, row in zip(batch.text, rows, strict=True)]
        return torch.stack(found, dim=1), torch.stack(
            [given.present for given in batch.text], dim=1
        )

    def _text(self, given: TextBatch, row: int) -> torch.Tensor:
        """A token per record; records without text get zeros and are masked, so nothing is computed for them."""
        token = torch.zeros(given.present.shape[0], self.spec.width)
        if not bool(given.present.any()):
            return token
        return token.masked_scatter(
            given.present[:, None].expand_as(token),
            text.project(self.parts[TEXT], self._pool(given), row),
        )

    def _pool(self, given: TextBatch) -> torch.Tensor:
        """(records with text, hidden): the adapted layers' mean. Kept within one `loss`, by the batch itself."""
        if self.encoder is None:
            raise StateMismatch("a record has text and no text encoder was loaded")
        if id(given) not in self._pooled:
            states, mask = given.states[given.present], given.mask[given.present]
            self._pooled[id(given)] = (
                states[:, 0]
                if self.encoder.pooled_below
                else self.encoder.above(states, mask, self.parts.get(ADAPTER, {}))
            )
        return self._pooled[id(given)]


def _kept(present: torch.Tensor) -> torch.Tensor:
    """Modality dropout: some records with all their modalities lose one, never the last."""
    whole = present.all(dim=1)
    struck = torch.rand(present.shape[0]) < MODALITY_DROPOUT
    chosen = torch.randint(present.shape[1], (present.shape[0],))
    losing = functional.one_hot(chosen, present.shape[1]).bool() & (whole & struck)[:, None]
    return ~losing


def _first_rows(rank: int, gradient: torch.Tensor) -> torch.Tensor:
    """The gradient with zeros below its first `rank` rows."""
    found = gradient.clone()
    found[rank:] = 0.0
    return found


def _check(
    spec: ModelSpec,
    tasks: Sequence[TaskSheet],
    modules: Mapping[str, Tensors],
    text_shape: TextShape | None,
) -> None:
    """Given modules fit the layout. Without a text model here, text modules are taken as they are."""
    if text_shape is None and TEXT in modules:
        text_shape = TextShape(int(modules[TEXT]["weight"].shape[1]), spec.adapter_layers)
        skipped: frozenset[str] = frozenset({ADAPTER})
    else:
        skipped = frozenset()
    wanted = shapes(spec, tasks, text_shape)
    if wanted.keys() != modules.keys():
        raise StateMismatch(f"modules {sorted(modules)} are not {sorted(wanted)}")
    for module, tensors in wanted.items():
        if module in skipped:
            continue
        given = {name: array.shape for name, array in modules[module].items()}
        if given != {name: shape.size for name, shape in tensors.items()}:
            raise StateMismatch(f"the tensors of {module} do not fit the model")
        if not all(np.isfinite(array).all() for array in modules[module].values()):
            raise StateMismatch(f"{module} holds a value that is not a finite number")
