"""A model's first values, and its layout with this machine's text model. NumPy only.

Which modules there are and what they hold stands in `worker.protocol.layout`.
"""

import json
from collections.abc import Sequence
from math import prod
from pathlib import Path

import numpy as np

from worker.learning.faults import ModelMissing
from worker.learning.seeds import derive
from worker.protocol import layout
from worker.protocol.codec import Array, Tensors
from worker.protocol.layout import (
    ADAPTER,
    AUDIO,
    EVENTS,
    FUSION,
    IMAGE,
    TABLE,
    TEXT,
    Features,
    TaskColumns,
    features,
    fused,
    head,
    module_names,
    reading,
)
from worker.protocol.manifest import ModelSpec
from worker.protocol.shapes import Shape
from worker.protocol.tasks import TaskSheet

__all__ = [
    "ADAPTER",
    "AUDIO",
    "EVENTS",
    "FUSION",
    "IMAGE",
    "TABLE",
    "TEXT",
    "Features",
    "TaskColumns",
    "TextShape",
    "features",
    "fused",
    "head",
    "initial",
    "module_names",
    "reading",
    "shapes",
]


class TextShape(layout.TextShape):
    """With how it is read from a folder."""

    @classmethod
    def read(cls, text_dir: Path | None) -> "TextShape":
        """From the folder's config.json. Raises ModelMissing."""
        try:
            if text_dir is None:
                raise FileNotFoundError("no folder given")
            found = layout.TextShape.of(
                json.loads((text_dir / "config.json").read_text(encoding="utf-8"))
            )
            return cls(found.hidden, found.layers)
        except (OSError, ValueError, KeyError) as error:
            raise ModelMissing(f"the text model's config cannot be read: {error}") from error


def shapes(
    model: ModelSpec, tasks: Sequence[TaskSheet], text: layout.TextShape | None
) -> dict[str, dict[str, Shape]]:
    """`layout.shapes`. Raises ModelMissing where the model reads text and none is given."""
    if text is None and features(model, tasks).text:
        raise ModelMissing("this model reads text and no text model was given")
    return layout.shapes(model, tasks, text)


def initial(
    model: ModelSpec, tasks: Sequence[TaskSheet], text: layout.TextShape | None
) -> dict[str, Tensors]:
    """First values, from `model.seed` and the tensor's own name: adding a task changes no other module."""
    return {
        module: {name: _first(model.seed, module, name, shape) for name, shape in tensors.items()}
        for module, tensors in shapes(model, tasks, text).items()
    }


def _first(seed: int, module: str, name: str, shape: Shape) -> Array:
    if not shape.spread:
        return np.full(shape.size, shape.start, dtype=np.float32)
    source = np.random.default_rng(derive("weights", seed, module, name))
    drawn = source.standard_normal(prod(shape.size)).reshape(shape.size) * shape.spread
    return drawn.astype(np.float32)
