"""Who would train which model part, from what sites told; others' sites without their names."""

from app.federations import parts
from app.federations.parts import TaskAt
from tests.learning import build
from worker.protocol import layout
from worker.protocol.codes import Fitness
from worker.protocol.messages import SheetFit

TEXT = {"text": layout.BaseShape(16, 3)}
MODEL = build.MODEL.model_copy(update={"text": build.TEXT_MODEL, "rank": 4})
SHEETS = (build.text_sheet(), build.binary_sheet())


def said(fitness: Fitness = Fitness.FITS, **more: object) -> SheetFit:
    return SheetFit.model_validate({"sheet": "a" * 64, "fitness": fitness, **more})


def test_a_site_trains_what_its_records_have_something_for() -> None:
    told = said(records_band="50-99", modalities={"text": "50-99"})
    tasks = (parts._task("correct", told), parts._task("at-risk", said(Fitness.TOO_FEW_RECORDS)))
    found = parts._parts(tasks, MODEL, SHEETS)
    assert found == ("adapter/text", "encoder/text", "fusion", "head/correct")


def test_what_is_not_told_or_stays_at_home_is_unknown() -> None:
    counted = TaskAt("at-risk", True, "50-99", {"table": "50-99"})
    for task in (parts._task("correct", None), parts._task("correct", said())):
        assert parts._parts((task, counted), MODEL, SHEETS) is None


def test_bytes_are_those_of_the_modules_a_site_starts_with() -> None:
    from worker.learning.model.layout import initial

    start = initial(MODEL, SHEETS, TEXT)
    wanted = {name: sum(a.nbytes for a in tensors.values()) for name, tensors in start.items()}
    assert layout.sizes(MODEL, SHEETS, TEXT) == wanted
