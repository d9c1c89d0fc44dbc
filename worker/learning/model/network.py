"""The whole model: tensors by module, and how a batch becomes predictions. Modules in, modules out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from functools import partial

import torch
from torch.nn import functional

from worker.learning.faults import StateMismatch
from worker.learning.model import (
    audio,
    class_adapter,
    events,
    fusion,
    image,
    losses,
    pretrained,
    table,
    text,
)
from worker.learning.model.batch import Batch, States, moved, partners
from worker.learning.model.checking import check
from worker.learning.model.layout import (
    ADAPTER,
    AUDIO,
    EVENTS,
    FUSION,
    IMAGE,
    TABLE,
    TEXT,
    Features,
    Shapes,
    features,
    fused,
    head,
)
from worker.protocol import slices
from worker.protocol.codec import Tensors
from worker.protocol.manifest import ModelSpec
from worker.protocol.tasks import TaskSheet

CPU = torch.device("cpu")


class Network:
    """Tensors by module name, ready to train, on `device`, as `encoder`, which only texts need. Batches are moved."""

    def __init__(
        self,
        spec: ModelSpec,
        tasks: Sequence[TaskSheet],
        modules: Mapping[str, Tensors],
        encoder: text.TextEncoder | None = None,
        shapes: Shapes | None = None,
        device: torch.device = CPU,
    ) -> None:
        self.spec = spec
        self.device = device
        self.encoder = encoder
        self.features: Features = features(spec, tasks)
        self.columns = {sheet.name: self.features.columns(sheet) for sheet in tasks}
        self.sheets = {sheet.name: sheet for sheet in tasks}
        self._pooled: dict[int, torch.Tensor] = {}
        self._class_adapters: Mapping[str, Mapping[str, torch.Tensor]] = {}
        check(spec, tasks, modules, shapes or {})
        self.parts = {
            module: {
                name: torch.tensor(array, dtype=torch.float32, device=device).requires_grad_()
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
        """A copy of every module as float32 arrays, in the processor's memory."""
        return {
            module: {name: tensor.detach().cpu().numpy().copy() for name, tensor in tensors.items()}
            for module, tensors in self.parts.items()
        }

    def forward(self, batch: Batch, *, training: bool) -> torch.Tensor:
        """(b, outputs): logits, or scaled values. Of a next answer (b, events - 1): a logit for each but the first."""
        dropout = self.spec.dropout if training else 0.0
        if self.sheets[batch.task].kind == "next_answer":
            return self._next(batch, dropout)
        found = self._fuse(*self._tokens(batch, training), training)
        bent = self._class_adapters.get(batch.task)
        if bent is not None:
            found = class_adapter.adapted(found, bent)
        return self._headed(found, self.parts[head(batch.task)])

    def fused(self, batch: Batch) -> torch.Tensor:
        """(b, width): what the head of a task reads outside of training, but of a next answer."""
        self._pooled.clear()
        return self._fuse(*self._tokens(moved([batch], self.device)[0], False), False)

    def _fuse(self, tokens: torch.Tensor, mask: torch.Tensor, training: bool) -> torch.Tensor:
        return fusion.fuse(
            self.parts[FUSION],
            tokens,
            mask,
            layers=self.spec.layers,
            heads=self.spec.heads,
            dropout=self.spec.dropout if training else 0.0,
        )

    @staticmethod
    def _headed(fused: torch.Tensor, part: Mapping[str, torch.Tensor]) -> torch.Tensor:
        return functional.linear(fused, part["weight"]) + part["bias"]

    def with_class(
        self,
        task: str,
        own_head: Mapping[str, torch.Tensor],
        adapter: Mapping[str, torch.Tensor] | None = None,
    ) -> "Network":
        """The same network with a class's head, and adapter, for one task; everything else is shared with this one.
        It is for predicting: `loss` and `state` know no adapter of a class."""
        other = copy(self)
        other.parts = self.parts | {head(task): self._here(own_head)}
        if adapter is not None:
            other._class_adapters = {**self._class_adapters, task: self._here(adapter)}
        return other

    def _here(self, part: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {name: tensor.to(self.device) for name, tensor in part.items()}

    def _next(self, batch: Batch, dropout: float) -> torch.Tensor:
        """Each state read by the row of what is asked next."""
        key, given = self.columns[batch.task].events[0], batch.events[0]
        one = self.features.inputs([key])[key]
        found = events.states(self.parts[EVENTS], key, one, given, dropout)[:, :-1]
        asked, part = given.categorical[:, 1:, 0], self.parts[head(batch.task)]
        return (found * part["weight"][asked]).sum(dim=-1) + part["bias"][asked]

    def predict(self, batch: Batch) -> torch.Tensor:
        """`forward` outside of training."""
        self._pooled.clear()
        return self.forward(*moved([batch], self.device), training=False)

    def loss(
        self, batches: Sequence[Batch], *, training: bool = True, mixup: float = 0.0
    ) -> torch.Tensor:
        """The sum of `losses`."""
        return self.losses(batches, training=training, mixup=mixup).sum()

    def losses(
        self, batches: Sequence[Batch], *, training: bool = True, mixup: float = 0.0
    ) -> torch.Tensor:
        """(batches,): of each. A text that several of them hold (the same object) is encoded once."""
        self._pooled.clear()
        try:
            here = moved(batches, self.device)
            return torch.stack([self._loss(batch, training, mixup) for batch in here])
        finally:
            self._pooled.clear()

    def _loss(self, batch: Batch, training: bool, mixup: float) -> torch.Tensor:
        sheet = self.sheets[batch.task]
        if not (training and mixup and fused(sheet)):
            return losses.of(sheet, self.forward(batch, training=training), batch)
        tokens, mask = self._tokens(batch, training)
        share, other = partners(mask, mixup)
        both = torch.lerp(tokens[other], tokens, share[:, None, None])
        given = self._headed(self._fuse(both, mask, training), self.parts[head(batch.task)])
        return losses.mixed(sheet, given, batch.label, batch.label[other], share)

    def _tokens(self, batch: Batch, training: bool) -> tuple[torch.Tensor, torch.Tensor]:
        columns = self.columns[batch.task]
        dropout = self.spec.dropout if training else 0.0
        names = [self.features.modalities[index] for index in columns.modalities]
        groups = [self._of(name, batch, dropout) for name in names]
        present = torch.stack([mask.any(dim=1) for _, mask in groups], dim=1)
        if training and len(groups) > 1:
            present = present & _kept(present, self.spec.modality_dropout)
        masks = [mask & present[:, place, None] for place, (_, mask) in enumerate(groups)]
        tokens = torch.cat([found for found, _ in groups], dim=1)
        if not self.spec.absent_tokens:
            return _never_empty(tokens, torch.cat(masks, dim=1))
        rows = torch.tensor(columns.modalities, device=tokens.device)
        absent = self.parts[FUSION]["absent"][rows].expand(batch.size, -1, -1)
        return torch.cat([tokens, absent], dim=1), torch.cat([*masks, ~present], dim=1)

    def _of(self, modality: str, batch: Batch, dropout: float) -> tuple[torch.Tensor, torch.Tensor]:
        """(b, tokens, width) and (b, tokens): of one modality, one token an input."""
        if modality == "table":
            return self._table(batch)
        columns = self.columns[batch.task]
        given: Sequence[States]
        if modality == "text":
            given = batch.text
            found = self._perceived(TEXT, given, columns.text, dropout)
        elif modality == "audio":
            given = batch.audio
            found = self._perceived(AUDIO, given, columns.audio, dropout)
        elif modality == "image":
            given = batch.image
            found = self._perceived(IMAGE, given, columns.image, dropout)
        else:
            return self._events(batch, dropout)
        return torch.stack(found, dim=1), torch.stack([one.present for one in given], dim=1)

    def _perceived(
        self, module: str, given: Sequence[States], rows: Sequence[int], dropout: float
    ) -> list[torch.Tensor]:
        """(b, width) of each text, recording or image: by a frozen model's outputs, the adapted layers, or the small
        encoder."""
        part = self.parts[module]
        if module == TEXT:
            bias, read = (
                part["bias"],
                lambda x, m: pretrained.tokens(part, self._read(x, m), dropout),
            )
        elif "mix" in part:
            bias, read = part["bias"], lambda x, _m: pretrained.tokens(part, x, dropout)
        elif module == AUDIO:
            bias, read = part["out.bias"], lambda x, _m: audio.tokens(part, x, dropout)
        else:
            bias, read = part["out.bias"], lambda x, _m: image.tokens(part, x, dropout)
        return [self._token(one, read) + bias[row] for one, row in zip(given, rows, strict=True)]

    def _events(self, batch: Batch, dropout: float) -> tuple[torch.Tensor, torch.Tensor]:
        keys, part = self.columns[batch.task].events, self.parts[EVENTS]
        inputs = self.features.inputs(keys)
        found = [
            events.last(events.states(part, key, inputs[key], one, dropout), one.mask)
            for key, one in zip(keys, batch.events, strict=True)
        ]
        some = [one.mask.any(dim=1) for one in batch.events]
        return torch.stack(found, dim=1), torch.stack(some, dim=1)

    def _table(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        columns = self.columns[batch.task]
        found = table.tokens(self.parts[TABLE], columns, batch.numeric, batch.categorical)
        some = table.present(batch.numeric, batch.categorical)
        return found, some[:, None].expand(-1, found.shape[1])

    def _read(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(records with text, places, hidden) to (records with text, outputs, hidden)."""
        if self.encoder is None:
            raise StateMismatch("a record has text and no text encoder was loaded")
        return self.encoder.above(states, mask, self.parts.get(ADAPTER, {}))

    def _token(
        self, given: States, read: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    ) -> torch.Tensor:
        """(b, width): zeros for a record without, and masked, so nothing is computed for it."""

        def compute() -> torch.Tensor:
            shown = given.present
            token = torch.zeros(shown.shape[0], self.spec.width, device=self.device)
            if not bool(shown.any()):
                return token
            made = read(given.states[shown], given.mask[shown])
            return token.masked_scatter(shown[:, None].expand_as(token), made)

        return self._once(given, compute)

    def _once(self, given: States, compute: Callable[[], torch.Tensor]) -> torch.Tensor:
        """What several tasks of one `loss` ask of the same input is computed for the first of them."""
        if id(given) not in self._pooled:
            self._pooled[id(given)] = compute()
        return self._pooled[id(given)]


def _never_empty(tokens: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Without absent tokens: a record with nothing at all reads its first token, zeroed."""
    empty = ~mask.any(dim=1)
    shown = mask.clone()
    shown[empty, 0] = True
    return tokens * mask.unsqueeze(-1), shown


def _kept(present: torch.Tensor, share: float) -> torch.Tensor:
    """Modality dropout: some records with all their modalities lose one, never the last."""
    whole = present.all(dim=1)
    struck = (torch.rand(present.shape[0]) < share).to(present.device)
    chosen = torch.randint(present.shape[1], (present.shape[0],)).to(present.device)
    losing = functional.one_hot(chosen, present.shape[1]).bool() & (whole & struck)[:, None]
    return ~losing


def _first_rows(rank: int, gradient: torch.Tensor) -> torch.Tensor:
    """The gradient with zeros below its first `rank` rows."""
    found = gradient.clone()
    found[rank:] = 0.0
    return found
