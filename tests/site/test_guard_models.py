"""The guard holds a policy's list of base models against each one a run's model is built on."""

from typing import Any

import pytest

from tests.site.test_guard import claimed, judge, manifest, with_policy
from worker.protocol.codes import Refusal
from worker.protocol.manifest import ModelSpec, PinnedModel
from worker.protocol.rules import Objection


def named(letter: str) -> PinnedModel:
    files = {"model.safetensors": letter * 64}
    return PinnedModel(name=f"Model {letter}", digest=letter * 64, files=files, bytes=1)


@pytest.mark.parametrize(
    ("bases", "listed", "refused"),
    [
        ({"text": "a"}, "", "a"),
        ({"image": "b"}, "", "b"),
        ({"audio": "c"}, "", "c"),
        ({"text": "a", "image": "b", "audio": "c"}, "ab", "c"),
        ({"text": "a", "image": "b", "audio": "c"}, "ac", "b"),
        ({"text": "a", "image": "b", "audio": "c"}, "abc", ""),
        ({}, "", ""),
    ],
)
def test_every_base_model_is_on_the_list(bases: dict[str, str], listed: str, refused: str) -> None:
    chosen: dict[str, Any] = {modality: named(letter) for modality, letter in bases.items()}
    wanted = manifest(model=ModelSpec(**chosen))
    found = judge(claimed(wanted), with_policy(models=tuple(one * 64 for one in listed)))
    assert found == (Objection(Refusal.MODEL, refused * 12) if refused else wanted)
