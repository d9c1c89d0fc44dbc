"""Everything a job needs on the table before the first batch: the text encoder, its cache, the records."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from worker.learning.data.records import SiteData
from worker.learning.faults import ModelMissing
from worker.learning.model import layout
from worker.learning.model.network import Network
from worker.learning.model.text import TextEncoder
from worker.learning.training import determinism
from worker.learning.training.batches import Source, sources
from worker.learning.training.frozen import ProgressHook, encode, has_text
from worker.learning.training.perceiving import Perceived
from worker.learning.training.state_cache import StateCache
from worker.protocol.codec import Tensors
from worker.protocol.codes import Phase
from worker.protocol.manifest import ModelSpec
from worker.protocol.tasks import TaskSheet


@dataclass(frozen=True)
class Desk:
    """`encoder` and the sources' cache are None where no record has text."""

    spec: ModelSpec
    tasks: tuple[TaskSheet, ...]
    sources: list[Source]
    encoder: TextEncoder | None
    text_shape: layout.TextShape | None

    def network(self, modules: Mapping[str, Tensors]) -> Network:
        return Network(self.spec, self.tasks, modules, self.encoder, self.text_shape)

    def first(self) -> Network:
        """The model before any training. A site without text needs no text model to build it."""
        shape = self.text_shape or layout.TextShape(1, self.spec.adapter_layers)
        return self.network(layout.initial(self.spec, self.tasks, shape))


@contextmanager
def laid(
    spec: ModelSpec,
    tasks: tuple[TaskSheet, ...],
    data: SiteData,
    *,
    text_dir: Path | None,
    cache_dir: Path,
    on_progress: ProgressHook,
) -> Iterator[Desk]:
    """Runs the frozen layers for texts not seen before. Raises ModelMissing if text needs a model not here."""
    determinism.prepare()
    on_progress(Phase.LOADING, 0, 1)
    encoder, cache, shape = None, None, None
    if spec.text is not None and has_text(data):
        if text_dir is None:
            raise ModelMissing("the records have text and there is no text model here")
        encoder, shape = TextEncoder(text_dir, spec), layout.TextShape.read(text_dir)
        cache = StateCache(cache_dir, spec.text.digest, encoder.split, encoder.max_tokens)
    media = Perceived(cache_dir, data)
    try:
        media.prepare(data, on_progress)
        if encoder is not None and cache is not None:
            encode(encoder, cache, data, on_progress)
        names = [sheet.name for sheet in tasks]
        given = sources(data, names, cache, media, text=spec.text is not None)
        yield Desk(spec, tasks, given, encoder, shape)
    finally:
        media.close()
        if cache is not None:
            cache.close()
