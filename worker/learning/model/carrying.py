"""A run that goes on from an earlier one: what fits the new model is taken over, row by row by its name.

Whatever is new (a task, an input, a modality, a listed value) starts from the seed. NumPy only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from worker.learning.own import Modules
from worker.protocol import shapes as parts
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
    features,
    head,
)
from worker.protocol.manifest import ModelSpec
from worker.protocol.tasks import EventColumn, Input, TaskSheet

Names = tuple[str, ...]


@dataclass(frozen=True)
class Earlier:
    """The model an earlier run ended with."""

    model: ModelSpec
    tasks: tuple[TaskSheet, ...]
    modules: Modules


def carried(
    earlier: Earlier, model: ModelSpec, tasks: Sequence[TaskSheet], first: Modules
) -> Modules:
    """`first`, with what `earlier` knows in its place. A module that means something else now (another width, base
    model, label) starts anew as a whole."""
    made = {}
    for module, fresh in first.items():
        old = earlier.modules.get(module)
        same = _meaning(module, earlier.model, earlier.tasks) == _meaning(module, model, tasks)
        made[module] = (
            fresh if old is None or not same else _module(module, earlier, old, model, tasks, fresh)
        )
    return made


def _module(
    module: str,
    earlier: Earlier,
    old: Tensors,
    model: ModelSpec,
    tasks: Sequence[TaskSheet],
    fresh: Tensors,
) -> Tensors:
    before = _rows(module, features(earlier.model, earlier.tasks))
    now = _rows(module, features(model, tasks))
    return {
        name: _tensor(old.get(name), array, before.get(name), now.get(name))
        for name, array in fresh.items()
    }


def _tensor(old: Array | None, fresh: Array, before: Names | None, now: Names | None) -> Array:
    if old is None or old.shape[1:] != fresh.shape[1:]:
        return fresh
    if before is None or now is None:
        return old if old.shape == fresh.shape and before == now else fresh
    made = np.array(fresh, np.float32)
    places = {name: place for place, name in enumerate(before)}
    for place, name in enumerate(now):
        if name in places:
            made[place] = old[places[name]]
    return made


def _meaning(module: str, model: ModelSpec, tasks: Sequence[TaskSheet]) -> object:
    """What the numbers of a module rest on besides the names of its rows."""
    base = None
    if module in (TEXT, ADAPTER):
        base = model.text
    elif module in (AUDIO, IMAGE):
        base = model.audio if module == AUDIO else model.image
    own: object = None if base is None else sorted(base.files.items()) or base.digest
    if module == AUDIO and base is None:
        own = {
            (one.means, one.sds) for sheet in tasks for one in sheet.inputs if one.kind == "audio"
        }
    if module == ADAPTER:
        own = (own, model.rank, model.alpha, model.seed, model.adapter_layers)
    elif module == FUSION:
        own = (model.layers, model.heads)
    for sheet in tasks:
        if head(sheet.name) == module:
            scale = (sheet.label_mean, sheet.label_sd)
            own = (sheet.kind, sheet.label, sheet.traits, sheet.labels, scale)
    return (model.width, own)


def _rows(module: str, known: Features) -> dict[str, Names]:
    """Tensor to the names of its rows, where they have names; those of others are compared by shape."""
    if module == TABLE:
        numbers = dict.fromkeys(("weight", "bias", "missing"), _marks(known, known.numeric))
        listed = known.inputs(tuple(known.categorical))
        return numbers | {f"values.{key}": _values(one.values) for key, one in listed.items()}
    if module == FUSION:
        return {"absent": tuple(known.modalities)}
    if module == EVENTS:
        inputs = known.inputs(known.events)
        return {n: rows for key, one in inputs.items() for n, rows in _events(key, one).items()}
    keys = {TEXT: known.text, AUDIO: known.audio, IMAGE: known.image}.get(module)
    if keys is not None:
        return dict.fromkeys(("bias", "out.bias"), _marks(known, keys))
    for sheet in known.tasks:
        if head(sheet.name) == module and sheet.kind == "next_answer":
            return dict.fromkeys(("weight", "bias"), _values(parts.asked(sheet).values))
    return {}


def _marks(known: Features, keys: Names) -> Names:
    """An input is the same if its name is and its values are scaled as they were."""
    found = known.inputs(keys).values()
    return tuple(f"{o.name} {o.mean} {o.sd} {o.bands} {o.size} {o.beside}" for o in found)


def _values(values: Names) -> Names:
    """The first row is that of a missing or unlisted value."""
    return ("", *(f"={value}" for value in values))


def _events(key: str, one: Input) -> dict[str, Names]:
    listed, numbers = parts.of_kind(one, "categorical"), parts.of_kind(one, "numeric")
    found = {f"{key}.number": tuple(_scale(number) for number in numbers)}
    for column in listed:
        values = _values(column.values)
        found[f"{key}.{column.name}"] = values
        for number in numbers:
            rows = tuple(f"{value} {_scale(number)}" for value in values)
            found[f"{key}.{column.name}.{number.name}"] = rows
    return found


def _scale(number: EventColumn) -> str:
    return f"{number.name} {number.mean} {number.sd}"
