"""An update of several chunks over a line that is cut: it goes on where the hub stands, not from its start."""

import threading
import time

import numpy as np
import pytest

from app.sites.states import JobState
from tests.site.test_work import Bench, bench  # noqa: F401  (a fixture)
from worker.learning import local
from worker.learning.local import Contribution
from worker.learning.own import Own
from worker.protocol import limits
from worker.protocol.codes import JobKind
from worker.site import guard

SIZE = 2_800_000


def test_a_cut_line_costs_at_most_the_chunk_under_way(
    bench: Bench,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    big = np.random.default_rng(1).normal(size=SIZE // 4).astype(np.float32)

    def trained(*_given: object, **_more: object) -> tuple[dict[str, Contribution], Own]:
        bench.wire.cut_after(int(1.6 * limits.CHUNK_BYTES))
        return {"fusion": Contribution({"weight": big}, 10.0)}, Own({}, {})

    def repair() -> None:
        while bench.wire.is_up:
            time.sleep(0.05)
        time.sleep(1)
        bench.wire.restore()

    monkeypatch.setattr(local, "take_part", trained)
    monkeypatch.setattr(guard, "leaving", lambda *_given: None)  # larger than the plan's parts
    repairing = threading.Thread(target=repair, daemon=True)
    repairing.start()
    before = len(bench.wire.sent)
    bench.work(JobKind.TRAIN)
    repairing.join(10)
    job = bench.live.jobs(bench.member)[0]
    assert (job.state, job.claim, bench.wire.cuts) == (JobState.DONE, 1, 1)
    (update,) = bench.live.updates(bench.run, bench.member)
    assert update.bytes > 2 * limits.CHUNK_BYTES
    spent = len(bench.wire.sent) - before
    assert update.bytes < spent < update.bytes + limits.CHUNK_BYTES, "it began again"
