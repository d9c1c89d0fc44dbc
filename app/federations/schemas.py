"""What a federation agrees on: terms, and the steps a lead fills in before it opens."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from worker.protocol.manifest import ModelSpec, Ranks, Training
from worker.protocol.tasks import TaskSheet

Flow = Literal["updates", "metrics", "counts", "class_codes", "class_reports"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Terms(_Value):
    """Bounds every run of the federation holds to; a member accepts them. Times in seconds.

    The minimum cohort counts institutions without a common parent; `minimum_sites` is per model part.
    """

    rounds: int = Field(default=10, ge=1, le=500)
    quorum: int = Field(default=2, ge=2, le=1000)
    deadline_s: int = Field(default=3600, ge=5, le=14 * 24 * 3600)
    minimum_cohort: int = Field(default=2, ge=2, le=200)
    minimum_cell: int = Field(default=10, ge=5, le=1000)
    minimum_sites: int = Field(default=2, ge=2, le=200)
    leaves: tuple[Flow, ...] = ("updates", "metrics")
    training: Training = Training()
    evaluate_every: int = Field(default=1, ge=1, le=500)
    approval_days: int = Field(default=14, ge=1, le=90)
    """How long an institution has to answer when a run is proposed."""
    keep_updates: Literal[False] = False
    """This version always deletes one site's update when its round is closed and checked."""

    @model_validator(mode="after")
    def _updates_leave(self) -> Self:
        if "updates" not in self.leaves:
            raise ValueError("a run without updates trains nothing: let updates leave")
        if self.minimum_sites > self.quorum:
            raise ValueError("a quorum below the minimum of sites per model part changes nothing")
        return self


class PurposeStep(_Value):
    """Step 1."""

    name: str
    purpose: str = Field(min_length=10, max_length=2000)


class ModelStep(_Value):
    """Step 3. `text_model`, `image_model` and `audio_model` name an allowed base model by its digest, or none."""

    width: int = Field(default=32, ge=4, le=1024)
    layers: int = Field(default=1, ge=0, le=8)
    heads: int = Field(default=4, ge=1, le=16)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    text_model: str | None = None
    image_model: str | None = None
    audio_model: str | None = None
    rank: int = Field(default=8, ge=1, le=64)
    rank_small: int | None = Field(default=None, ge=1, le=64)
    """Of `rank`, what a site of the tier small trains and sends; None: all of it."""
    rank_medium: int | None = Field(default=None, ge=1, le=64)
    adapter_layers: int = Field(default=2, ge=0, le=48)
    seed: int = Field(default=1, ge=0, lt=2**31)

    @model_validator(mode="after")
    def _heads_divide(self) -> Self:
        if self.width % self.heads:
            raise ValueError("the width must be a multiple of the heads")
        return self

    @model_validator(mode="after")
    def _ranks_rise(self) -> Self:
        if not (self.rank_small or self.rank) <= (self.rank_medium or self.rank) <= self.rank:
            raise ValueError("a smaller site trains no larger rank: small, medium, then the rank")
        return self

    @property
    def tiers(self) -> Ranks | None:
        """None: one rank for all."""
        small, medium = self.rank_small or self.rank, self.rank_medium or self.rank
        if small == self.rank:
            return None
        return Ranks(small=small, medium=medium, large=self.rank)


class AgreementStep(_Value):
    """Step 6. Plain text that people read and accept."""

    agreement: str = Field(min_length=40, max_length=20000)


class DraftSteps(_Value):
    """What a lead may save at one step; None leaves a part as it is. Task sheets are added one by one."""

    purpose: PurposeStep | None = None
    model: ModelStep | None = None
    terms: Terms | None = None
    agreement: AgreementStep | None = None


class Accepted(_Value):
    """Everything a member accepts; `agreement_digest` is the digest of this."""

    purpose: str
    agreement: str
    terms: Terms
    model: ModelSpec
    sheets: tuple[TaskSheet, ...]
