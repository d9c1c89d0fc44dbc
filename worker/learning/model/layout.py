"""A model's first values, and its layout with this machine's base models. NumPy only.

Which modules there are and what they hold stands in `worker.protocol.layout`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path

import numpy as np

from worker.learning.faults import ModelMissing
from worker.learning.seeds import derive
from worker.protocol import layout
from worker.protocol.base_models import CONFIG, BaseShape
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
    Shapes,
    TaskColumns,
    features,
    fused,
    head,
    module_names,
    read_by_bases,
    reading,
)
from worker.protocol.manifest import ModelSpec, PinnedModel
from worker.protocol.policy import Modality
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
    "BaseShape",
    "Bases",
    "Features",
    "Shapes",
    "TaskColumns",
    "features",
    "fused",
    "head",
    "initial",
    "is_pinned",
    "module_names",
    "read_by_bases",
    "reading",
    "shapes",
    "shapes_of",
]
Bases = Mapping[Modality, Path]
"""Folders of base models by what they read."""


def is_pinned(folder: Path, base: PinnedModel) -> bool:
    """Whether the folder holds every pinned file with its digest."""
    try:
        for name, wanted in base.files.items():
            with (folder / name).open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != wanted:
                    return False
    except OSError:
        return False
    return True


def shapes_of(folders: Bases) -> dict[Modality, BaseShape]:
    """From each folder's config.json. Raises ModelMissing."""
    return {modality: _shape(modality, folder) for modality, folder in folders.items()}


def _shape(modality: Modality, folder: Path) -> BaseShape:
    try:
        found = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        return BaseShape.of(found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelMissing(f"the {modality} model's config cannot be read: {error}") from error


def shapes(
    model: ModelSpec, tasks: Sequence[TaskSheet], bases: Shapes
) -> dict[str, dict[str, Shape]]:
    """`layout.shapes`. Raises ModelMissing where the model reads by a base model and none is given."""
    lacking = [one for one in read_by_bases(model, tasks) if one not in bases]
    if lacking:
        raise ModelMissing(f"this model reads {lacking[0]} by a base model and none was given")
    return layout.shapes(model, tasks, bases)


def initial(model: ModelSpec, tasks: Sequence[TaskSheet], bases: Shapes) -> dict[str, Tensors]:
    """First values, from `model.seed` and the tensor's own name: adding a task changes no other module."""
    return {
        module: {name: _first(model.seed, module, name, shape) for name, shape in tensors.items()}
        for module, tensors in shapes(model, tasks, bases).items()
    }


def _first(seed: int, module: str, name: str, shape: Shape) -> Array:
    if not shape.spread:
        return np.full(shape.size, shape.start, dtype=np.float32)
    source = np.random.default_rng(derive("weights", seed, module, name))
    drawn = source.standard_normal(prod(shape.size)).reshape(shape.size) * shape.spread
    return drawn.astype(np.float32)
