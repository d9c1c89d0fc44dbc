"""An institution's policy as a document: the same fields at the hub, in the browser and at the site.

The hub drafts, checks and shows it; the site stores the version a person accepted there and obeys that.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from worker.protocol.bounds import Bounds
from worker.protocol.categories import Category

Modality = Literal["table", "text", "image", "audio", "events"]
TaskKind = Literal["binary", "multiclass", "ordinal", "regression", "rubric", "next_answer"]
Purpose = Literal["early-support", "feedback", "assessment-quality", "curriculum", "research"]
Protection = Literal["noise", "secure-aggregation"]
Withdrawals = Literal["no", "that_one_happened"]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

SUPPORTED_PROTECTIONS: frozenset[Protection] = frozenset()
"""Protections this version really applies. A policy that asks for another one makes the site refuse."""


class Leaves(BaseModel):
    """What may leave the site. Each flow is closed until the policy opens it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    updates: bool = True
    metrics: bool = False
    counts: bool = False
    class_codes: bool = False
    class_reports: bool = False
    group_gaps: bool = False
    """Within class reports: how groups of students compare. A site with it closed leaves them out of its report."""


class PolicyDocument(BaseModel):
    """Everything a policy says. Its digest is `canonical.digest_of(document)`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    modalities: tuple[Modality, ...] = ("table",)
    task_kinds: tuple[TaskKind, ...] = ("binary",)
    purposes: tuple[Purpose, ...] = ("early-support",)
    blocked_inputs: tuple[str, ...] = ()
    minimum_cohort: int = Field(default=3, ge=2, le=200)
    minimum_cell: int = Field(default=10, ge=5, le=1000)
    minimum_records: int = Field(default=20, ge=1)
    approval: Literal["hub", "site"] = "hub"
    leaves: Leaves = Leaves()
    protections: tuple[Protection, ...] = ()
    models: tuple[Digest, ...] | None = None
    keep_updates: bool = False
    student_lists: bool = False
    """People at the site may have predictions listed student by student, there, each time with a reason."""
    tell_withdrawals: Withdrawals = Field(default="no", exclude_if=lambda told: told == "no")
    """Whether the hub may be told that someone here withdrew consent. Left out where it is `no`: documents written
    before this field was known keep their digests, and an older site reads them."""
    categories: tuple[Category, ...] = ()
    """Special categories of data that may be used although a profile names them."""
    abroad: bool = False
    """Someone reviewed that updates go to a hub, and the model to members, in other countries."""
    bounds: Bounds = Bounds()
