"""Where a job computes: the setting, and that nothing is left behind on the processor when it is a card."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.learning import every_part, media_models
from tests.learning.pretend_card import CARD, PretendCard, is_on
from tests.learning.test_pretrained_training import Models
from worker.learning import device
from worker.learning.faults import NoCard
from worker.learning.model import chance
from worker.protocol.codes import Failure


@pytest.fixture
def models(tmp_path: Path) -> Models:
    return Models(media_models.vit(tmp_path / "vit"), media_models.wav2vec2(tmp_path / "speech"))


@pytest.mark.parametrize("asked", ["", "auto", "cpu"])
def test_without_a_card_it_is_the_processor(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("COLLEGIUM_COMPUTE", asked)
    assert device.chosen() == torch.device("cpu")


def test_a_card_is_used_unless_the_processor_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for asked, found in (("", "cuda"), ("auto", "cuda"), ("cuda", "cuda"), ("cpu", "cpu")):
        monkeypatch.setenv("COLLEGIUM_COMPUTE", asked)
        assert device.chosen().type == found


def test_a_card_that_is_not_there_is_a_fault_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for asked, said in (
        ("cuda", "set compute to auto or cpu"),
        ("gpu", "may be auto, cpu or cuda"),
    ):
        monkeypatch.setenv("COLLEGIUM_COMPUTE", asked)
        with pytest.raises(NoCard, match=said) as fault:
            device.chosen()
        assert fault.value.code is Failure.NO_CARD


def test_a_child_says_it_to_the_site() -> None:
    given = os.environ | {"COLLEGIUM_COMPUTE": "cuda", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-m", "worker.learning.device"]
    done = subprocess.run(command, env=given, capture_output=True, text=True)
    assert done.returncode == 1 and "no graphics card can be used" in done.stdout
    done = subprocess.run(
        command, env=given | {"COLLEGIUM_COMPUTE": "cpu"}, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "cpu\n")


def test_a_job_on_a_card_leaves_no_tensor_behind_and_makes_the_same(
    tiny_text: Path, models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Training, predictions, own models and heads, for every modality and kind of task; and with the processor asked
    for, the bytes of no setting at all."""
    plain = _every(tmp_path / "plain", tiny_text, models)
    monkeypatch.setenv("COLLEGIUM_COMPUTE", "cpu")
    told = every_part.trained_alone(tmp_path / "told")
    monkeypatch.delenv("COLLEGIUM_COMPUTE")
    assert every_part.digests(told) == every_part.digests(every_part.trained_alone(tmp_path / "2"))
    monkeypatch.setattr(device, "chosen", lambda: CARD)
    with PretendCard() as card:
        found = _every(tmp_path / "card", tiny_text, models)
    assert card.moved > 1000
    assert found.keys() == plain.keys()
    for name, wanted in plain.items():
        assert np.allclose(found[name], wanted, atol=1e-5), name


def _every(root: Path, text: Path, models: Models) -> every_part.Found:
    return every_part.everything(root, text) | every_part.pretrained(root / "seen", models)


def test_the_pretended_card_refuses_what_a_real_one_does() -> None:
    here = torch.ones(2)
    with PretendCard():
        there = here.to(CARD)
        assert is_on(there) and there.device == CARD and not is_on(there.cpu())
        assert is_on(torch.zeros(2, device=there.device) + 1) and is_on(there * torch.tensor(2.0))
        for wrong in (
            lambda: there + here,
            lambda: there[torch.tensor([0])],
            lambda: there.numpy(),
            lambda: torch.stack([there, here]),
        ):
            with pytest.raises((RuntimeError, TypeError)):
                wrong()


@pytest.mark.parametrize("turned", [False, True])
def test_a_card_drops_what_a_processor_drops(turned: bool) -> None:
    """Also of what is laid out by columns, as the states of sequences are."""
    x = torch.ones(40, 30).T if turned else torch.ones(40, 30)
    torch.manual_seed(3)
    wanted = chance.dropout(x, 0.3)
    with PretendCard():
        torch.manual_seed(3)
        found = chance.dropout(x.to(CARD), 0.3)
        assert is_on(found)
    assert torch.equal(found, wanted) and 0 < int((wanted == 0).sum()) < x.numel()
