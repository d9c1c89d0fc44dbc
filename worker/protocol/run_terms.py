"""What stays the same in every job of a run. A site that said yes to it, or began to work by it, takes no other.

A round changes the cohort, the parts' digests, the seed and the rank; nothing else of what a job asks.
"""

from pydantic import BaseModel, ConfigDict

from worker.protocol.canonical import digest_of
from worker.protocol.manifest import Manifest, ModelSpec, Training
from worker.protocol.policy import Protection
from worker.protocol.tasks import TaskSheet


class RunTerms(BaseModel):
    """Its digest is what a person at a site approves."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    federation: str
    tasks: tuple[TaskSheet, ...]
    model: ModelSpec
    training: Training
    """Its seed is 0: each site and round has one of its own."""
    minimum_cell: int
    protections: tuple[Protection, ...] = ()

    @property
    def digest(self) -> str:
        return digest_of(self)


def of(manifest: Manifest) -> RunTerms:
    return RunTerms(
        federation=manifest.federation,
        tasks=manifest.tasks,
        model=manifest.model,
        training=manifest.training.model_copy(update={"seed": 0}),
        minimum_cell=manifest.minimum_cell,
        protections=manifest.protections,
    )
