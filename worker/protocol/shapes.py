"""Which tensors the parts hold: encoders, projections of what base models make of a record, the fusion, the heads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from worker.protocol.sound import heard
from worker.protocol.tasks import EventColumn, Input, TaskSheet


@dataclass(frozen=True)
class Shape:
    """One tensor: its dimensions and the spread of its first, normally distributed values (0 = all `start`)."""

    size: tuple[int, ...]
    spread: float = 0.0
    start: float = 0.0


def audio(inputs: Sequence[Input], width: int) -> dict[str, Shape]:
    """Two layers over the numbers of a recording. Raises ValueError: bands differ."""
    bands = {one.bands for one in inputs}
    if len(bands) > 1:
        raise ValueError("recordings of one federation have the same number of mel bands")
    read = heard(bands.pop())
    layers = {
        "rise.weight": Shape((2 * width, read), read**-0.5),
        "rise.bias": Shape((2 * width,)),
    }
    return layers | _out(2 * width, len(inputs), width)


def image(inputs: Sequence[Input], width: int) -> dict[str, Shape]:
    """Three convolutions that halve the sides, then the pixels' mean and largest values."""
    layers: dict[str, Shape] = {}
    for k, size in enumerate((3, width, width)):
        layers[f"conv{k}.weight"] = Shape((width, size, 3, 3), (size * 9) ** -0.5)
        layers[f"conv{k}.bias"] = Shape((width,))
    return layers | _out(2 * width, len(inputs), width)


def _out(read: int, inputs: int, width: int) -> dict[str, Shape]:
    """`bias` has a row for each input of the modality."""
    return {
        "out.weight": Shape((width, read), read**-0.5),
        "out.bias": Shape((inputs, width), width**-0.5),
    }


def mixed(hidden: int, outputs: int, inputs: int, width: int) -> dict[str, Shape]:
    """A projection of the weighted sum of what a base model's layers make of a record, the weights learnt: softmax of
    `mix`, at first all the same (SUPERB, Yang et al., Interspeech 2021, arXiv 2105.01051, section 3.2). `bias` has a
    row for each input of the modality."""
    return {
        "mix": Shape((outputs,)),
        "weight": Shape((width, hidden), hidden**-0.5),
        "bias": Shape((inputs, width), width**-0.5),
    }


def events(inputs: Mapping[str, Input], width: int) -> dict[str, Shape]:
    """For each input what an event is, and a recurrent layer (LSTM) over them.

    A listed value v that comes with numbers x is E[v] + sum_x x S_x[v]: with an answer of 0 or 1 that is a vector for
    each pair of skill and answer, as in deep knowledge tracing (Piech et al., NeurIPS 2015, arXiv 1506.05908).
    """
    made: dict[str, Shape] = {}
    for key, one in inputs.items():
        listed, numbers = of_kind(one, "categorical"), of_kind(one, "numeric")
        for column in listed:
            rows = (len(column.values) + 1, width)
            made[f"{key}.{column.name}"] = Shape(rows, 1.0)
            for number in numbers:
                made[f"{key}.{column.name}.{number.name}"] = Shape(rows, 1.0)
        if not listed:
            made[f"{key}.number"] = Shape((len(numbers), width), 1.0)
            made[f"{key}.bias"] = Shape((width,))
        for name in ("read", "recur"):
            made[f"{key}.{name}"] = Shape((4 * width, width), (3 * width) ** -0.5)
        made[f"{key}.gates"] = Shape((4 * width,))
    return made


def of_kind(one: Input, kind: str) -> tuple[EventColumn, ...]:
    return tuple(column for column in one.columns if column.kind == kind)


def fusion(width: int, layers: int, modalities: int) -> dict[str, Shape]:
    layout = {
        "absent": Shape((modalities, width), width**-0.5),
        "query": Shape((width,), 0.02),
        "norm.scale": Shape((width,), start=1.0),
        "norm.shift": Shape((width,)),
        **_mlp("out", width),
    }
    for layer in range(layers):
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


def outputs(sheet: TaskSheet) -> int:
    """Numbers a head gives: one logit, one per label value or step between them, one scaled value or one per trait."""
    if sheet.kind in ("multiclass", "ordinal"):
        return len(sheet.labels) - (sheet.kind == "ordinal")
    return len(sheet.answers)


def asked(sheet: TaskSheet) -> EventColumn:
    """Of a next answer: the event column that says what is asked."""
    return of_kind(sheet.inputs[0], "categorical")[0]


def head(sheet: TaskSheet, width: int) -> dict[str, Shape]:
    """An ordinal one has one score and a bias for each step up (CORAL, arXiv 1901.07884); that of a next answer has a
    row for each value that may be asked, the first for an unlisted one.
    """
    rows = steps = outputs(sheet)
    if sheet.kind == "ordinal":
        rows = 1
    if sheet.kind == "next_answer":
        rows = steps = len(asked(sheet).values) + 1
    return {"weight": Shape((rows, width), 0.5 * width**-0.5), "bias": Shape((steps,))}
