"""A run that goes on from an earlier one: what is taken over row by row, and what starts from the seed."""

from typing import Any

import numpy as np
import pytest

from tests.learning import build
from worker.learning.model import layout
from worker.learning.model.carrying import Earlier, carried
from worker.learning.own import Modules
from worker.protocol.manifest import ModelSpec
from worker.protocol.sound import heard
from worker.protocol.tasks import EventColumn, Input, TaskSheet

BAND = Input(name="band", kind="categorical", values=("low", "high"))
SCORE, LATE = Input(name="score"), Input(name="late")
SOUND = Input(name="recording", kind="audio", modality="audio", bands=8)
ANSWERS = Input(
    name="answers",
    kind="events",
    modality="events",
    columns=(
        EventColumn(name="skill", values=("sums", "angles")),
        EventColumn(name="correct", kind="numeric"),
    ),
)
OLD = build.binary_sheet(inputs=(SCORE, LATE, BAND))
NEXT = TaskSheet(
    name="next",
    target="Will the next answer be right?",
    kind="next_answer",
    label="correct",
    inputs=(ANSWERS,),
)


def first(model: ModelSpec, *tasks: TaskSheet) -> Modules:
    return layout.initial(model, tasks, {})


def trained(model: ModelSpec, *tasks: TaskSheet) -> Earlier:
    """As if every number had been moved."""
    made = {m: {n: a + 100 for n, a in part.items()} for m, part in first(model, *tasks).items()}
    return Earlier(model, tasks, made)


def after(earlier: Earlier, *tasks: TaskSheet, **changes: Any) -> tuple[Modules, Modules]:
    """The modules a next run starts with, and what they would be without the earlier one."""
    model = earlier.model.model_copy(update=changes)
    fresh = first(model, *tasks)
    return carried(earlier, model, tasks, fresh), fresh


def same(one: Any, other: Any) -> bool:
    return bool(np.array_equal(one, other))


def test_the_same_federation_goes_on_with_the_very_same_numbers() -> None:
    earlier = trained(build.MODEL, OLD, NEXT)
    found, _fresh = after(earlier, OLD, NEXT)
    assert found.keys() == earlier.modules.keys()
    for module, part in found.items():
        assert all(same(part[name], earlier.modules[module][name]) for name in part), module


def test_a_new_task_and_modality_start_from_the_seed_and_the_old_parts_go_on() -> None:
    """The fusion gets a row for the new modality, before that of the table by name; all else of it is known."""
    heard = build.binary_sheet(name="heard", inputs=(SOUND,), simple_rule=None)
    earlier = trained(build.MODEL, OLD)
    found, fresh = after(earlier, OLD, heard)
    assert all(same(found["encoder/audio"][n], a) for n, a in fresh["encoder/audio"].items())
    assert same(found["head/heard"]["weight"], fresh["head/heard"]["weight"])
    assert same(found["head/at-risk"]["weight"], earlier.modules["head/at-risk"]["weight"])
    absent, known = found["fusion"]["absent"], earlier.modules["fusion"]["absent"]
    assert absent.shape == (2, 8) and known.shape == (1, 8)
    assert same(absent[0], fresh["fusion"]["absent"][0]), "audio"
    assert same(absent[1], known[0]), "table"
    for name in fresh["fusion"].keys() - {"absent"}:
        assert same(found["fusion"][name], earlier.modules["fusion"][name]), name


def test_rows_are_found_by_the_name_of_their_input_and_value() -> None:
    wider = BAND.model_copy(update={"values": ("middle", "high", "low")})
    other = build.binary_sheet(inputs=(Input(name="age"), LATE, SCORE, wider))
    earlier = trained(build.MODEL, OLD)
    found, fresh = after(earlier, other)
    table, old = found["encoder/table"], earlier.modules["encoder/table"]
    for name in ("weight", "bias", "missing"):
        assert same(table[name][0], fresh["encoder/table"][name][0]), "age is new"
        assert same(table[name][1], old[name][1]) and same(table[name][2], old[name][0])
    values, known = table["values.band"], old["values.band"]
    assert same(values[[0, 2, 3]], known[[0, 2, 1]]), "missing, high, low"
    assert same(values[1], fresh["encoder/table"]["values.band"][1]), "middle"


def test_an_input_that_is_scaled_otherwise_is_another_input() -> None:
    scaled = build.binary_sheet(inputs=(Input(name="score", mean=50, sd=20), LATE, BAND))
    found, fresh = after(trained(build.MODEL, OLD), scaled)
    weight, new = found["encoder/table"]["weight"], fresh["encoder/table"]["weight"]
    assert same(weight[0], new[0]) and not same(weight[1], new[1])


def test_recordings_that_are_scaled_otherwise_are_heard_anew() -> None:
    size = heard(SOUND.bands)
    scale = {"means": (0.5,) * size, "sds": (2.0,) * size}
    old = build.binary_sheet(name="heard", inputs=(SOUND,), simple_rule=None)
    new = build.binary_sheet(
        name="heard", inputs=(SOUND.model_copy(update=scale),), simple_rule=None
    )
    for sheet, anew in ((old, False), (new, True)):
        found, fresh = after(trained(build.MODEL, old), sheet)
        assert (
            same(found["encoder/audio"]["rise.weight"], fresh["encoder/audio"]["rise.weight"])
            is anew
        )


def test_events_go_on_value_by_value() -> None:
    columns = (EventColumn(name="skill", values=("angles", "powers")), ANSWERS.columns[1])
    other = NEXT.model_copy(update={"inputs": (ANSWERS.model_copy(update={"columns": columns}),)})
    earlier = trained(build.MODEL, NEXT)
    found, fresh = after(earlier, other)
    for module, name in (("encoder/events", "answers.skill"), ("head/next", "weight")):
        part, old = found[module][name], earlier.modules[module][name]
        assert same(part[0], old[0]) and same(part[1], old[2])
        assert same(part[2], fresh[module][name][2]), "powers"
    assert same(
        found["encoder/events"]["answers.read"], earlier.modules["encoder/events"]["answers.read"]
    )


@pytest.mark.parametrize(
    ("sheet", "changes", "anew"),
    [
        (build.binary_sheet(labels=("fail", "pass")), {}, {"head/at-risk"}),
        (OLD, {"heads": 4}, {"fusion"}),
        (OLD, {"layers": 2}, {"fusion"}),
        (OLD, {"width": 16}, {"fusion", "encoder/table", "head/at-risk"}),
        (OLD, {"seed": 9}, set()),
    ],
)
def test_a_part_that_means_something_else_starts_anew(
    sheet: TaskSheet, changes: dict[str, Any], anew: set[str]
) -> None:
    found, fresh = after(trained(build.MODEL, OLD), sheet, **changes)
    started = {m for m, part in found.items() if all(same(part[n], fresh[m][n]) for n in part)}
    assert started == anew


def test_another_base_model_or_rank_starts_what_reads_by_it_anew() -> None:
    shapes: layout.Shapes = {"text": layout.BaseShape(16, 3)}
    spec = build.MODEL.model_copy(update={"text": build.TEXT_MODEL, "rank": 4})
    tasks = (build.text_sheet(),)
    start = layout.initial(spec, tasks, shapes)
    moved = {m: {n: a + 100 for n, a in part.items()} for m, part in start.items()}
    other = build.TEXT_MODEL.model_copy(update={"digest": "b" * 64})
    for changes, anew in (
        ({"text": other}, {"encoder/text", "adapter/text"}),
        ({"alpha": 2.0}, {"adapter/text"}),
        ({"seed": 5}, {"adapter/text"}),
        ({}, set()),
    ):
        model = spec.model_copy(update=changes)
        fresh = layout.initial(model, tasks, shapes)
        found = carried(Earlier(spec, tasks, moved), model, tasks, fresh)
        started = {m for m, part in found.items() if all(same(part[n], fresh[m][n]) for n in part)}
        assert started == anew, changes
