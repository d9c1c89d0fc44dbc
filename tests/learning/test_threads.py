"""How many threads train: fixed for a machine, so that digests never depend on its load."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from worker.learning.training import determinism

TRAINED = """
import hashlib, os, sys, torch
from pathlib import Path
from worker.learning.model.text import TextEncoder
from worker.learning.training import determinism
from worker.protocol.manifest import ModelSpec
determinism.prepare()
assert torch.get_num_threads() == int(os.environ["OMP_NUM_THREADS"])
torch.manual_seed(1)
encoder = TextEncoder(Path(sys.argv[1]), ModelSpec(rank=8))
adapter = {name: (torch.randn(8, encoder.hidden) / 50).requires_grad_() for name in encoder._adapters}
whole = hashlib.sha256()
for words in (40, 90, 200):
    states = torch.from_numpy(encoder.below("the closed path of a bulb " * (words // 6)))[None]
    whole.update(states.numpy().tobytes())
    encoder.above(states.repeat(3, 1, 1), torch.ones(3, states.shape[1]).bool(), adapter).square().sum().backward()
for tensor in adapter.values():
    whole.update(tensor.grad.numpy().tobytes())
print(whole.hexdigest())
"""


def test_the_count_is_the_given_one_else_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert determinism.threads() == 3
    for given in ("", "0", "many"):
        monkeypatch.setenv("OMP_NUM_THREADS", given)
        assert determinism.threads() == min(4, len(os.sched_getaffinity(0)))


@pytest.mark.slow
def test_two_threads_give_the_same_bytes_whatever_else_runs(minilm: Path) -> None:
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(3)]
    try:
        loaded = _digest(minilm)
    finally:
        for one in busy:
            one.kill()
            one.wait()
    assert _digest(minilm) == loaded


def _digest(minilm: Path) -> str:
    environment = os.environ | {"OMP_NUM_THREADS": "2", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", TRAINED, str(minilm)],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.split()[-1]
