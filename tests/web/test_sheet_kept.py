"""What a pasted task sheet says beyond the questions of the form is kept when the questions are answered again."""

import pytest

from app.web.pages.sheet_form import kept_as
from worker.protocol.tasks import EventColumn, Input, TaskSheet

EVENTS = Input(
    name="answers",
    kind="events",
    modality="events",
    length=50,
    columns=(
        EventColumn(name="skill", values=("sums", "fractions")),
        EventColumn(name="seconds", kind="numeric", mean=30, sd=12),
    ),
)
PASTED = TaskSheet(
    name="grade",
    target="Which grade?",
    kind="regression",
    label="grade",
    unit="points",
    metric="rmse",
    label_mean=61,
    label_sd=14,
    inputs=(Input(name="drawing", kind="image", modality="image", size=64), EVENTS),
)
TYPED = PASTED.model_copy(
    update={
        "target": "Which grade at the end?",
        "label_mean": 0.0,
        "label_sd": 1.0,
        "inputs": (
            Input(name="drawing", kind="image", modality="image"),
            EVENTS.model_copy(
                update={
                    "length": 200,
                    "columns": (EVENTS.columns[0], EventColumn(name="seconds", kind="numeric")),
                }
            ),
        ),
    }
)


def test_it_is_taken_from_the_same_input_and_the_same_answer() -> None:
    found = kept_as(TYPED, [PASTED])
    assert found == PASTED.model_copy(update={"target": TYPED.target})


@pytest.mark.parametrize("change", [{"unit": "percent"}, {"label": "mark"}, {"name": "other"}])
def test_another_answer_has_no_scale_of_that_one(change: dict[str, str]) -> None:
    found = kept_as(TYPED.model_copy(update=change), [PASTED])
    assert (found.label_mean, found.label_sd) == (0.0, 1.0)
    assert found.inputs == PASTED.inputs


def test_another_input_is_as_it_was_typed() -> None:
    renamed = TYPED.inputs[0].model_copy(update={"name": "sketch"})
    typed = TYPED.model_copy(update={"inputs": (renamed,)})
    assert kept_as(typed, [PASTED]).inputs == (renamed,)
