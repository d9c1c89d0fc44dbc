"""What the description shows: whole, valid bodies of one made-up federation, and an answer of every operation.

The answers stand in `examples.json`, taken from a real hub by `python -m tests.api.examples`.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from fastapi import Body
from fastapi.openapi.models import Example

from app.federations.schemas import DraftSteps
from app.runs.schemas import Proposal
from worker.protocol.policy import PolicyDocument
from worker.protocol.tasks import TaskSheet

FILE = Path(__file__).with_name("examples.json")


@lru_cache
def of_operations() -> dict[str, dict[str, Any]]:
    """`METHOD /path` to what was `asked` and `told`."""
    found: dict[str, dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


_SHEET = {
    "name": "pass",
    "target": "Whether the student passes the course.",
    "purpose": "early-support",
    "kind": "binary",
    "label": "passed",
    "labels": ["no", "yes"],
    "cutoff_day": 60,
    "inputs": [
        {"name": "hours", "unit": "hours a week", "mean": 4.0, "sd": 2.5},
        {"name": "clicks", "mean": 120.0, "sd": 80.0},
    ],
    "metric": "auc",
    "simple_rule": "hours",
}
_POLICY = {
    "modalities": ["table"],
    "task_kinds": ["binary"],
    "purposes": ["early-support"],
    "minimum_cohort": 3,
    "minimum_cell": 10,
    "approval": "hub",
    "leaves": {"updates": True, "metrics": True},
}
_STEPS = {
    "terms": {"rounds": 10, "quorum": 2, "deadline_s": 3600, "leaves": ["updates", "metrics"]},
    "model": {"width": 32, "layers": 1, "heads": 4},
}


def _shown(name: str, value: object) -> dict[str, Example]:
    return {name: Example(summary=name, value=value)}


Sheet = Annotated[TaskSheet, Body(openapi_examples=_shown("Early support", _SHEET))]
Document = Annotated[PolicyDocument, Body(openapi_examples=_shown("A careful school", _POLICY))]
Steps = Annotated[DraftSteps, Body(openapi_examples=_shown("Terms and model", _STEPS))]
Proposed = Annotated[Proposal, Body(openapi_examples=_shown("Five rounds", {"rounds": 5}))]
