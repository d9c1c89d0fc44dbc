"""The guard's second look: an update before it is stored holds the plan's parts and tensors, and no others."""

from typing import Any

import numpy as np

from tests.site.test_guard import manifest
from worker.protocol.codes import Refusal
from worker.protocol.manifest import ModelSpec, ModuleRef
from worker.protocol.rules import Objection
from worker.site import guard


def part(name: str, *shape: int) -> dict[str, Any]:
    return {name: np.zeros(shape, np.float32)}


def test_an_update_holds_the_plan_s_tensors_and_no_others() -> None:
    wanted = manifest(model=ModelSpec(width=4, heads=1, layers=0))
    head = {"head/pass": {**part("weight", 1, 4), **part("bias", 1)}}
    named = wanted.model_copy(
        update={"modules": {"head/pass": ModuleRef(digest="c" * 64, bytes=8)}}
    )
    assert guard.leaving(named, head, {}) is None
    wider = Objection(Refusal.OTHER_PARTS, "head/pass")
    assert guard.leaving(wanted, head, {}) == wider, "a part the job does not name"
    more = {"head/pass": head["head/pass"] | part("records", 1, 4)}
    assert guard.leaving(named, more, {}) == wider
    larger = {"head/pass": head["head/pass"] | part("weight", 9, 4)}
    assert guard.leaving(named, larger, {}) == wider
