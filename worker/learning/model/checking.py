"""Do given modules fit the model? Names, shapes and finite numbers, before anything is computed with them."""

from collections.abc import Mapping, Sequence

import numpy as np

from worker.learning.faults import StateMismatch
from worker.learning.model import layout
from worker.learning.model.layout import ADAPTER, BaseShape, Shapes
from worker.protocol.codec import Tensors
from worker.protocol.manifest import ModelSpec
from worker.protocol.policy import Modality
from worker.protocol.tasks import TaskSheet


def check(
    spec: ModelSpec,
    tasks: Sequence[TaskSheet],
    modules: Mapping[str, Tensors],
    known: Shapes,
) -> None:
    """Without a base model here (`known`), what reads by it is taken as it is. Raises StateMismatch."""
    found = {**_told(spec, modules), **known}
    skipped = ADAPTER if "text" not in known else ""
    wanted = layout.shapes(spec, tasks, found)
    if wanted.keys() != modules.keys():
        raise StateMismatch(f"modules {sorted(modules)} are not {sorted(wanted)}")
    for module, tensors in wanted.items():
        if module == skipped:
            continue
        given = {name: array.shape for name, array in modules[module].items()}
        if given != {name: shape.size for name, shape in tensors.items()}:
            raise StateMismatch(f"the tensors of {module} do not fit the model")
        if not all(np.isfinite(array).all() for array in modules[module].values()):
            raise StateMismatch(f"{module} holds a value that is not a finite number")


def _told(spec: ModelSpec, modules: Mapping[str, Tensors]) -> dict[Modality, BaseShape]:
    """Shapes of the base models as the modules that read by them have it."""
    found: dict[Modality, BaseShape] = {}
    for modality in spec.bases:
        part = modules.get(f"encoder/{modality}", {})
        hidden = part["weight"].shape[-1] if "weight" in part else 1
        layers = spec.adapter_layers
        if "mix" in part:
            layers = part["mix"].size - BaseShape(hidden, 0).outputs(modality)
        found[modality] = BaseShape(hidden, layers)
    return found
