"""Which modules a model has, which tensors they hold, and their first values. NumPy only.

A module's state is `dict[tensor name, float32 array]`. The names here are the contract between versions and
between sites: nothing is named after a library's internals.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path

import numpy as np

from worker.learning.faults import ModelMissing
from worker.learning.seeds import derive
from worker.protocol import slices
from worker.protocol.codec import Array, Tensors
from worker.protocol.manifest import ModelSpec
from worker.protocol.tasks import Input, TaskSheet

TABLE, TEXT, ADAPTER, FUSION = "encoder/table", "encoder/text", "adapter/text", "fusion"
LORA_TARGETS = ("query", "value")


@dataclass(frozen=True)
class Shape:
    """One tensor: its dimensions and the spread of its first, normally distributed values (0 = zeros)."""

    size: tuple[int, ...]
    spread: float = 0.0
    start: float = 0.0


@dataclass(frozen=True)
class TextShape:
    """What the layout needs to know of a text model."""

    hidden: int
    layers: int

    @classmethod
    def read(cls, text_dir: Path | None) -> "TextShape":
        """From the folder's config.json. Raises ModelMissing."""
        try:
            if text_dir is None:
                raise FileNotFoundError("no folder given")
            config = json.loads((text_dir / "config.json").read_text(encoding="utf-8"))
            hidden = config.get("hidden_size") or config["dim"]
            layers = config.get("num_hidden_layers") or config["n_layers"]
            return cls(int(hidden), int(layers))
        except (OSError, ValueError, KeyError) as error:
            raise ModelMissing(f"the text model's config cannot be read: {error}") from error


@dataclass(frozen=True)
class TaskColumns:
    """Where a task's columns stand among the features of the whole model."""

    numeric: tuple[int, ...]
    categorical: tuple[str, ...]
    text: tuple[int, ...]
    modalities: tuple[int, ...]
    """Indices into `Features.modalities`."""


class Features:
    """The inputs of all tasks together. Tasks share an input if name and definition are the same."""

    def __init__(self, tasks: Sequence[TaskSheet], *, with_text: bool) -> None:
        self.tasks = tuple(tasks)
        self.with_text = with_text
        self._keys: dict[str, Input] = {}
        for sheet in self.tasks:
            for column in self._used(sheet):
                self._keys.setdefault(self._key(sheet, column), column)

    def _used(self, sheet: TaskSheet) -> tuple[Input, ...]:
        known = {"table", "text"} if self.with_text else {"table"}
        return tuple(i for i in sheet.inputs if i.modality in known)

    def _key(self, sheet: TaskSheet, column: Input) -> str:
        same = self._keys.get(column.name, column) == column
        return column.name if same else f"{column.name}@{sheet.name}"

    def _of(self, kind: str) -> tuple[str, ...]:
        return tuple(key for key, column in self._keys.items() if column.kind == kind)

    @cached_property
    def numeric(self) -> tuple[str, ...]:
        return self._of("numeric")

    @cached_property
    def text(self) -> tuple[str, ...]:
        return self._of("text")

    @cached_property
    def categorical(self) -> dict[str, int]:
        """Feature to number of listed values; index 0 of its embedding stands for missing or unseen."""
        return {key: len(self._keys[key].values) for key in self._of("categorical")}

    @cached_property
    def modalities(self) -> tuple[str, ...]:
        return tuple(sorted({column.modality for column in self._keys.values()}))

    def columns(self, sheet: TaskSheet) -> TaskColumns:
        keyed = [(column, self._key(sheet, column)) for column in self._used(sheet)]
        present = sorted({column.modality for column, _ in keyed})
        return TaskColumns(
            numeric=tuple(self.numeric.index(k) for c, k in keyed if c.kind == "numeric"),
            categorical=tuple(k for c, k in keyed if c.kind == "categorical"),
            text=tuple(self.text.index(k) for c, k in keyed if c.kind == "text"),
            modalities=tuple(self.modalities.index(m) for m in present),
        )


def head(task: str) -> str:
    return f"head/{task}"


def outputs(sheet: TaskSheet) -> int:
    """Numbers a head gives: one logit, one logit per label value, or one scaled value."""
    return len(sheet.labels) if sheet.kind == "multiclass" else 1


def features(model: ModelSpec, tasks: Sequence[TaskSheet]) -> Features:
    return Features(tasks, with_text=model.text is not None)


def module_names(model: ModelSpec, tasks: Sequence[TaskSheet]) -> tuple[str, ...]:
    """Sorted names of every module of this model."""
    known = features(model, tasks)
    names = [FUSION, *(head(sheet.name) for sheet in tasks)]
    if known.numeric or known.categorical:
        names.append(TABLE)
    if known.text:
        names.append(TEXT)
        if model.adapter_layers:
            names.append(ADAPTER)
    return tuple(sorted(names))


def shapes(
    model: ModelSpec, tasks: Sequence[TaskSheet], text: TextShape | None
) -> dict[str, dict[str, Shape]]:
    """Every tensor of every module. Raises ValueError where the specification contradicts itself."""
    if model.width % model.heads:
        raise ValueError(f"width {model.width} is not a multiple of {model.heads} heads")
    known = features(model, tasks)
    layout = {FUSION: _fusion(model, len(known.modalities))}
    if known.numeric or known.categorical:
        layout[TABLE] = _table(known, model.width)
    if known.text:
        if text is None:
            raise ModelMissing("this model reads text and no text model was given")
        layout[TEXT] = {
            "weight": Shape((model.width, text.hidden), text.hidden**-0.5),
            "bias": Shape((len(known.text), model.width), model.width**-0.5),
        }
        if model.adapter_layers:
            layout[ADAPTER] = _adapter(model, text)
    for sheet in tasks:
        layout[head(sheet.name)] = {
            "weight": Shape((outputs(sheet), model.width), 0.5 * model.width**-0.5),
            "bias": Shape((outputs(sheet),)),
        }
    return layout


def _table(known: Features, width: int) -> dict[str, Shape]:
    spread = width**-0.5
    embeddings = {
        f"values.{key}": Shape((count + 1, width), spread)
        for key, count in known.categorical.items()
    }
    if not known.numeric:
        return embeddings
    rows = (len(known.numeric), width)
    return embeddings | {
        "weight": Shape(rows, spread),
        "bias": Shape(rows, spread),
        "missing": Shape(rows, spread),
    }


def _fusion(model: ModelSpec, modalities: int) -> dict[str, Shape]:
    width = model.width
    layout = {
        "absent": Shape((modalities, width), width**-0.5),
        "query": Shape((width,), 0.02),
        "norm.scale": Shape((width,), start=1.0),
        "norm.shift": Shape((width,)),
        **_mlp("out", width),
    }
    for layer in range(model.layers):
        name = f"layer{layer}"
        layout |= {
            f"{name}.norm.scale": Shape((width,), start=1.0),
            f"{name}.norm.shift": Shape((width,)),
            f"{name}.attention.weight": Shape((3 * width, width), width**-0.5),
            f"{name}.attention.bias": Shape((3 * width,)),
            f"{name}.join.weight": Shape((width, width), 0.5 * width**-0.5),
            f"{name}.join.bias": Shape((width,)),
            **_mlp(name, width),
        }
    return layout


def _mlp(name: str, width: int) -> dict[str, Shape]:
    return {
        f"{name}.mlp.norm.scale": Shape((width,), start=1.0),
        f"{name}.mlp.norm.shift": Shape((width,)),
        f"{name}.mlp.rise.weight": Shape((2 * width, width), width**-0.5),
        f"{name}.mlp.rise.bias": Shape((2 * width,)),
        f"{name}.mlp.fall.weight": Shape((width, 2 * width), 0.5 * (2 * width) ** -0.5),
        f"{name}.mlp.fall.bias": Shape((width,)),
    }


def _adapter(model: ModelSpec, text: TextShape) -> dict[str, Shape]:
    """B transposed, so that what the hub averages, holds and keeps row by row is a column of B (a rank)."""
    first = text.layers - min(model.adapter_layers, text.layers)
    return {
        f"layer{layer}.{target}{slices.SUFFIX}": Shape((model.rank, text.hidden))
        for layer in range(first, text.layers)
        for target in LORA_TARGETS
    }


def initial(
    model: ModelSpec, tasks: Sequence[TaskSheet], text: TextShape | None
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


def common_a(model: ModelSpec, layer: int, target: str, width: int) -> Array:
    """The A of one adapter, shape (rank, width), rows orthonormal. Common to all sites, so never sent.

    FFA-LoRA (arXiv 2403.12313): with A common, the mean of B_k A is exactly mean(B_k) A. Rows come from the QR
    decomposition of a Gaussian; signs are fixed so that every LAPACK gives the same A.
    """
    source = np.random.default_rng(derive("adapter-a", model.seed, layer, target))
    if model.rank > width:
        raise ValueError(f"rank {model.rank} is above the text model's width {width}")
    q, r = np.linalg.qr(source.standard_normal((width, model.rank)))
    return np.ascontiguousarray((q * np.sign(np.diag(r))).T.astype(np.float32))
