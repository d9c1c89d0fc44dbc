"""Two texts read in one pass, one beside the other."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.learning import build
from tests.learning.test_text import MODEL, SHEET, padded, whole_model
from worker.learning import references, simulate
from worker.learning.data.folder import digest_of_records
from worker.learning.data.records import SiteData
from worker.learning.evaluate import quality
from worker.learning.model.text import BESIDE, TextEncoder
from worker.learning.training.frozen import record_key, text_keys
from worker.learning.training.state_cache import StateCache
from worker.protocol.layout import features
from worker.protocol.manifest import Training
from worker.protocol.tasks import Input, TaskSheet


@pytest.mark.parametrize("model", ["tiny_text", "minilm"])
@pytest.mark.parametrize("adapter_layers", [0, 2])
def test_two_texts_read_together_are_what_the_library_reads(
    request: pytest.FixtureRequest, model: str, adapter_layers: int
) -> None:
    folder = request.getfixturevalue(model)
    pairs = [("the closed path", "open switch"), ("battery", "gap voltage bulb battery")]
    encoder = TextEncoder(folder, MODEL.model_copy(update={"adapter_layers": adapter_layers}))
    states, mask = padded(encoder, [BESIDE.join(pair) for pair in pairs])
    whole = whole_model(folder, [pair[0] for pair in pairs], [pair[1] for pair in pairs])
    found = encoder.above(states, mask, {})
    assert torch.allclose(found, whole, atol=1e-4)
    joined = encoder.above(*padded(encoder, [" ".join(pair) for pair in pairs]), {})
    assert not torch.allclose(joined, whole, atol=1e-2)


def test_a_text_read_beside_another_is_no_input_of_its_own(tiny_text: Path) -> None:
    alone = Input(name="answer", modality="text", kind="text")
    first = Input(name="question", modality="text", kind="text")
    apart = SHEET.model_copy(update={"inputs": (alone, first)})
    beside = alone.model_copy(update={"beside": "question"})
    sheet = apart.model_copy(update={"inputs": (beside, first)})
    assert features(MODEL, [apart]).text == ("answer", "question")
    assert features(MODEL, [sheet]).text == ("answer",)
    texts = {"question": ["the gap", "", "the gap"], "answer": [f"no{BESIDE}t", "yes", " "]}
    data = replace(build.records(sheet.model_copy(update={"inputs": (Input(name="n"),)}), 3, 1))
    data = replace(data, sheet=sheet, text=texts)
    [stored] = text_keys(data, StateCache(tiny_text.parent / "beside", "m", 0))
    wanted = (record_key(f"the gap{BESIDE}no t"), record_key("yes"), "")
    assert stored.keys == wanted


@pytest.mark.parametrize(
    ("kind", "beside", "wrong"),
    [
        ("text", "answer", "only a text is read beside another"),
        ("numeric", "question", "only a text is read beside another"),
        ("text", "score", "score is no text input"),
        ("text", "missing", "missing is no text input"),
        ("text", "pair", "pair is no text input that stands by itself"),
    ],
)
def test_only_a_text_of_the_sheet_is_read_beside(kind: Any, beside: str, wrong: str) -> None:
    def text(name: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "kind": "text", "modality": "text", **more}

    modality = {"modality": "text"} if kind == "text" else {}
    odd = {"name": "answer", "kind": kind, "beside": beside, **modality}
    inputs = [odd, text("question"), text("pair", beside="question"), {"name": "score"}]
    with pytest.raises(ValueError, match=wrong):
        TaskSheet.model_validate(SHEET.model_dump() | {"inputs": inputs})


def test_what_stands_beside_a_text_is_learnt_from(tiny_text: Path, tmp_path: Path) -> None:
    """All give the same answer: whether it is right, the question alone says."""
    asked = np.random.default_rng(5).integers(0, 4, 200)
    words = ("closed path", "gap", "bulb voltage", "battery")
    answer = Input(name="answer", modality="text", kind="text", beside="question")
    first = Input(name="question", modality="text", kind="text")
    sheet = SHEET.model_copy(update={"inputs": (answer, first)})
    data = replace(
        build.records(SHEET, 200, 5),
        sheet=sheet,
        numeric=np.zeros((200, 0), np.float32),
        label=(asked > 1).astype(np.int64),
        text={"question": [words[k] for k in asked], "answer": ["switch"] * 200},
    )
    site = SiteData({sheet.name: data}, digest_of_records({sheet.name: data}))
    plan = simulate.Plan((sheet,), MODEL, Training(epochs=12, lr=0.01), 1)
    folders = simulate.Folders(tmp_path, tiny_text)
    modules = references.alone(plan, {"a": site}, folders)["a"]
    found = simulate.judged(plan, modules, site, folders)[sheet.name]
    assert (quality.value(found) or 0.0) > 0.95
