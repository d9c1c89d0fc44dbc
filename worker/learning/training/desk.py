"""Everything a job needs on the table before the first batch: base models' outputs, the text encoder, the records."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from worker.learning import device as devices
from worker.learning.data.records import SiteData
from worker.learning.faults import ModelMissing
from worker.learning.model import layout
from worker.learning.model.network import Network
from worker.learning.model.text import TextEncoder
from worker.learning.training import determinism
from worker.learning.training.batches import Source, sources
from worker.learning.training.frozen import ProgressHook, encode, has_text
from worker.learning.training.perceiving import Perceived, has
from worker.learning.training.state_cache import StateCache
from worker.protocol.base_models import READ
from worker.protocol.codec import Tensors
from worker.protocol.codes import Phase
from worker.protocol.manifest import ModelSpec
from worker.protocol.tasks import TaskSheet


@dataclass(frozen=True)
class Desk:
    """`encoder` and the sources' cache are None where no record has text; `shapes` are of the base models at hand."""

    spec: ModelSpec
    tasks: tuple[TaskSheet, ...]
    sources: list[Source]
    encoder: TextEncoder | None
    shapes: layout.Shapes
    device: torch.device

    def network(self, modules: Mapping[str, Tensors]) -> Network:
        return Network(
            self.spec, self.tasks, modules, self.encoder, self.shapes, device=self.device
        )

    def first(self) -> Network:
        """The model before any training. A site needs no base model for what its records do not have."""
        lacking = {one: layout.BaseShape(1, self.spec.adapter_layers or 1) for one in READ}
        shapes = {**lacking, **self.shapes}
        return self.network(layout.initial(self.spec, self.tasks, shapes))


@contextmanager
def laid(
    spec: ModelSpec,
    tasks: tuple[TaskSheet, ...],
    data: SiteData,
    *,
    bases: layout.Bases,
    cache_dir: Path,
    on_progress: ProgressHook,
) -> Iterator[Desk]:
    """Runs the frozen layers for texts, images and recordings not seen before. Raises ModelMissing where one of them
    needs a base model that is not here, NoCard."""
    determinism.prepare()
    device = devices.chosen()
    on_progress(Phase.LOADING, 0, 1)
    used = _used(spec, data, bases)
    encoder, cache = None, None
    if spec.text is not None and "text" in used:
        encoder = TextEncoder(used["text"], spec, device)
        cache = StateCache(cache_dir, spec.text.digest, encoder.split, encoder.max_tokens)
    media = Perceived(cache_dir, data, spec, used, device)
    try:
        on_progress(Phase.LOADING, 1, 1)
        media.prepare(data, on_progress)
        if encoder is not None and cache is not None:
            encode(encoder, cache, data, on_progress)
        names = [sheet.name for sheet in tasks]
        given = sources(data, names, cache, media, text=spec.text is not None)
        yield Desk(spec, tasks, given, encoder, layout.shapes_of(used), device)
    finally:
        media.close()
        if cache is not None:
            cache.close()
        devices.release(device)


def _used(spec: ModelSpec, data: SiteData, bases: layout.Bases) -> layout.Bases:
    """The folders of the base models that some record here is read by."""
    some = {"text": has_text(data), "audio": has(data, "audio"), "image": has(data, "image")}
    wanted = [modality for modality in spec.bases if some[modality]]
    for modality in wanted:
        if modality not in bases:
            raise ModelMissing(
                f"the records have {modality} and its base model is not here: give its folder by --{modality}"
            )
    return {modality: bases[modality] for modality in wanted}
