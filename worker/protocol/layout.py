"""Which modules a model has and which tensors they hold: sites learn by it, the hub tells bytes by it.

A module's state is `dict[tensor name, float32 array]`. The names here are the contract between versions and
between sites: nothing is named after a library's internals.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

from worker.protocol import shapes as parts
from worker.protocol import slices
from worker.protocol.adapters import LORA_TARGETS
from worker.protocol.base_models import BaseShape
from worker.protocol.manifest import ModelSpec
from worker.protocol.policy import Modality
from worker.protocol.shapes import Shape
from worker.protocol.tasks import Input, TaskSheet

TABLE, TEXT, ADAPTER, FUSION = "encoder/table", "encoder/text", "adapter/text", "fusion"
AUDIO, IMAGE, EVENTS = "encoder/audio", "encoder/image", "encoder/events"
Shapes = Mapping[Modality, BaseShape]
"""Of the base models, by what they read."""


@dataclass(frozen=True)
class TaskColumns:
    """Where a task's columns stand among the features of the whole model."""

    numeric: tuple[int, ...]
    categorical: tuple[str, ...]
    text: tuple[int, ...]
    modalities: tuple[int, ...]
    """Indices into `Features.modalities`."""
    audio: tuple[int, ...] = ()
    image: tuple[int, ...] = ()
    events: tuple[str, ...] = ()


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
        """Each becomes a part of what the model reads; a text that another is read beside does not."""
        texts = sheet.texts if self.with_text else ()
        return tuple(i for i in sheet.inputs if i.kind != "text" or i in texts)

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
    def audio(self) -> tuple[str, ...]:
        return self._of("audio")

    @cached_property
    def image(self) -> tuple[str, ...]:
        return self._of("image")

    @cached_property
    def events(self) -> tuple[str, ...]:
        return self._of("events")

    def inputs(self, keys: Sequence[str]) -> dict[str, Input]:
        return {key: self._keys[key] for key in keys}

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
            audio=tuple(self.audio.index(k) for c, k in keyed if c.kind == "audio"),
            image=tuple(self.image.index(k) for c, k in keyed if c.kind == "image"),
            events=tuple(k for c, k in keyed if c.kind == "events"),
            modalities=tuple(self.modalities.index(m) for m in present),
        )


def head(task: str) -> str:
    return f"head/{task}"


def reading(modality: Modality) -> tuple[str, ...]:
    """The modules that what is given in this modality goes through before the fusion."""
    return (TEXT, ADAPTER) if modality == "text" else (f"encoder/{modality}",)


def fused(sheet: TaskSheet) -> bool:
    """Whether the task reads the fusion. A next answer is read off the sequence itself."""
    return sheet.kind != "next_answer"


def features(model: ModelSpec, tasks: Sequence[TaskSheet]) -> Features:
    return Features(tasks, with_text=model.text is not None)


def read_by_bases(model: ModelSpec, tasks: Sequence[TaskSheet]) -> tuple[Modality, ...]:
    """Modalities that these tasks read by a base model."""
    asked = {modality for sheet in tasks for modality in sheet.modalities}
    return tuple(modality for modality in model.bases if modality in asked)


def module_names(model: ModelSpec, tasks: Sequence[TaskSheet]) -> tuple[str, ...]:
    """Sorted names of every module of this model."""
    known = features(model, tasks)
    own = ((AUDIO, known.audio), (IMAGE, known.image), (EVENTS, known.events))
    names = [head(sheet.name) for sheet in tasks] + [name for name, keys in own if keys]
    if any(fused(sheet) for sheet in tasks):
        names.append(FUSION)
    if known.numeric or known.categorical:
        names.append(TABLE)
    if known.text:
        names.append(TEXT)
        if model.adapter_layers:
            names.append(ADAPTER)
    return tuple(sorted(names))


def shapes(
    model: ModelSpec, tasks: Sequence[TaskSheet], bases: Shapes
) -> dict[str, dict[str, Shape]]:
    """Every tensor of every module. Raises ValueError where the specification contradicts itself."""
    if model.width % model.heads:
        raise ValueError(f"width {model.width} is not a multiple of {model.heads} heads")
    known = features(model, tasks)
    layout = {}
    if any(fused(sheet) for sheet in tasks):
        layout[FUSION] = parts.fusion(model.width, model.layers, len(known.modalities))
    if known.numeric or known.categorical:
        layout[TABLE] = _table(known, model.width)
    if known.text:
        text = _shape(bases, "text")
        outputs = text.outputs("text")
        layout[TEXT] = parts.mixed(text.hidden, outputs, len(known.text), model.width)
        if model.adapter_layers:
            layout[ADAPTER] = _adapter(model, text)
    layout |= _media(model, known, bases)
    if known.events:
        layout[EVENTS] = parts.events(known.inputs(known.events), model.width)
    for sheet in tasks:
        layout[head(sheet.name)] = parts.head(sheet, model.width)
    return layout


def _shape(bases: Shapes, modality: Modality) -> BaseShape:
    if modality not in bases:
        raise ValueError(f"this model reads {modality} by a base model and none was given")
    return bases[modality]


def _media(model: ModelSpec, known: Features, bases: Shapes) -> dict[str, dict[str, Shape]]:
    """What reads recordings and images: a small encoder, or the projection of what a base model makes of them."""
    small = (
        ("audio", AUDIO, known.audio, parts.audio),
        ("image", IMAGE, known.image, parts.image),
    )
    made: dict[str, dict[str, Shape]] = {}
    for modality, module, keys, encoder in small:
        if keys and modality in model.bases:
            base = _shape(bases, modality)
            outputs = base.outputs(modality)
            made[module] = parts.mixed(base.hidden, outputs, len(keys), model.width)
        elif keys:
            made[module] = encoder(list(known.inputs(keys).values()), model.width)
    return made


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


def _adapter(model: ModelSpec, text: BaseShape) -> dict[str, Shape]:
    """B transposed, so that what the hub averages, holds and keeps row by row is a column of B (a rank)."""
    first = text.layers - min(model.adapter_layers, text.layers)
    return {
        f"layer{layer}.{target}{slices.SUFFIX}": Shape((model.rank, text.hidden))
        for layer in range(first, text.layers)
        for target in LORA_TARGETS
    }


def sizes(model: ModelSpec, tasks: Sequence[TaskSheet], bases: Shapes) -> dict[str, int]:
    """Module to the bytes of its numbers, as float32. A file adds some hundred bytes of names."""
    return {
        module: 4 * sum(prod(shape.size) for shape in tensors.values())
        for module, tensors in shapes(model, tasks, bases).items()
    }


def trained(
    model: ModelSpec, sheet: TaskSheet, modalities: Collection[Modality]
) -> tuple[str, ...]:
    """The modules that records of this task move if they have something of these modalities, sorted."""
    if not modalities:
        return ()
    known = module_names(model, (sheet,))
    moved = {head(sheet.name), *((FUSION,) if fused(sheet) else ())}
    moved |= {module for one in modalities for module in reading(one)}
    return tuple(sorted(moved & set(known)))
