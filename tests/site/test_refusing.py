"""A refusal is said before a record is read or a model touched, and the site's own log has the rule."""

import logging

import pytest

from app.sites.states import JobState
from tests.runs.world import POLICY
from tests.site import homes
from tests.site.test_work import CANARY, Bench, bench  # noqa: F401  (a fixture)
from worker.learning import local
from worker.protocol.codes import JobKind, Refusal
from worker.protocol.policy import Leaves
from worker.site import records
from worker.site.sent import OutboundLog


def test_a_refused_job_reaches_no_learning_code(
    bench: Bench,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reached: list[str] = []
    for name in ("train", "evaluate", "baseline", "personal", "report"):
        monkeypatch.setattr(local, name, lambda *_, **__: reached.append("learning"))
    monkeypatch.setattr(records, "load", lambda *_: reached.append("records"))
    homes.accept(bench.home, POLICY.model_copy(update={"leaves": Leaves(updates=False)}), 2)
    bench.work(JobKind.TRAIN)
    assert bench.job(JobKind.TRAIN)[0] is JobState.REFUSED
    assert reached == []


def test_too_few_records_are_known_here_only_and_said_on_both_sides(
    bench: Bench,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
) -> None:
    homes.records(bench.data, 15, canary=CANARY)
    with caplog.at_level(logging.WARNING):
        bench.work(JobKind.TRAIN)
    assert bench.job(JobKind.TRAIN) == (JobState.REFUSED, None, Refusal.TOO_FEW_RECORDS)
    assert "refused: too-few-records" in caplog.text
    assert [line.kind for line in OutboundLog(bench.home.sent).since() if line.reason == "refused"]
    assert not bench.canary_left()
