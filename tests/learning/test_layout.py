"""Modules, their names and first values."""

import numpy as np
import pytest

from tests.learning import build
from worker.learning import local
from worker.learning.faults import ModelMissing
from worker.learning.model import layout
from worker.protocol import adapters
from worker.protocol.tasks import Input


def with_text(**changes: object) -> object:
    return build.MODEL.model_copy(update={"text": build.TEXT_MODEL, **changes})


def test_a_table_model_has_these_modules() -> None:
    names = local.module_names(build.MODEL, [build.binary_sheet(), build.regression_sheet()])
    assert names == ("encoder/table", "fusion", "head/at-risk", "head/next-score")


def test_text_adds_its_projection_and_its_adapter() -> None:
    assert local.module_names(with_text(), [build.text_sheet()]) == (
        "adapter/text",
        "encoder/table",
        "encoder/text",
        "fusion",
        "head/correct",
    )
    without_adapter = local.module_names(with_text(adapter_layers=0), [build.text_sheet()])
    assert "adapter/text" not in without_adapter


def test_first_values_depend_on_the_seed_and_the_name_only() -> None:
    one = local.initial_modules(build.MODEL, [build.binary_sheet()], bases={})
    again = local.initial_modules(build.MODEL, [build.binary_sheet()], bases={})
    more = local.initial_modules(
        build.MODEL, [build.multiclass_sheet(), build.binary_sheet()], bases={}
    )
    other = local.initial_modules(
        build.MODEL.model_copy(update={"seed": 4}), [build.binary_sheet()], bases={}
    )
    for module in one:
        for name, array in one[module].items():
            assert array.dtype == np.float32
            assert np.array_equal(array, again[module][name])
            if module != "encoder/table":
                assert np.array_equal(array, more[module][name]), "a new task leaves the rest alone"
    assert not np.array_equal(one["fusion"]["query"], other["fusion"]["query"])


def test_tasks_share_an_input_only_if_they_define_it_alike() -> None:
    first = build.binary_sheet()
    scaled = build.binary_sheet(
        name="other",
        inputs=(Input(name="score", mean=50, sd=10), Input(name="late")),
        simple_rule=None,
    )
    features = layout.Features([first, scaled], with_text=False)
    assert features.numeric == ("score", "late", "score@other")
    assert features.columns(scaled).numeric == (2, 1)
    assert features.columns(first).categorical == ("band",)


def test_rows_of_the_common_a_are_orthonormal_and_its_own_for_every_place() -> None:
    model = with_text(rank=4)
    a = adapters.common_a(model, 2, "query", 16)
    assert np.allclose(a @ a.T, np.eye(4), atol=1e-6)
    assert np.array_equal(a, adapters.common_a(model, 2, "query", 16))
    assert not np.allclose(a, adapters.common_a(model, 2, "value", 16))
    assert not np.allclose(a, adapters.common_a(model, 1, "query", 16))


def test_b_starts_at_zero() -> None:
    modules = layout.initial(with_text(), [build.text_sheet()], {"text": layout.BaseShape(16, 3)})
    assert sorted(modules["adapter/text"]) == [
        "layer1.query.Bt",
        "layer1.value.Bt",
        "layer2.query.Bt",
        "layer2.value.Bt",
    ]
    assert all(not array.any() for array in modules["adapter/text"].values())


def test_a_specification_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="not a multiple"):
        local.initial_modules(
            build.MODEL.model_copy(update={"heads": 3}), [build.binary_sheet()], bases={}
        )


def test_a_text_model_that_is_not_there_has_a_name() -> None:
    with pytest.raises(ModelMissing):
        local.initial_modules(with_text(), [build.text_sheet()], bases={})
