"""A run's plan, frozen when it is proposed, and what a lead may choose within the federation's terms."""

from pydantic import BaseModel, ConfigDict, Field

from app.federations.schemas import Flow, Terms
from worker.protocol.manifest import ModelSpec, Training
from worker.protocol.policy import Digest
from worker.protocol.tasks import TaskSheet


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Begin(_Value):
    """The earlier run of the federation whose last model a run goes on from, pinned part by part."""

    run: str
    number: int = Field(ge=1)
    modules: dict[str, Digest] = Field(min_length=1)


class Plan(_Value):
    """Everything a run does. Its digest is what institutions approve. Times in seconds."""

    sheets: tuple[TaskSheet, ...] = Field(min_length=1)
    model: ModelSpec
    training: Training
    rounds: int = Field(ge=1, le=500)
    quorum: int = Field(ge=2, le=1000)
    deadline_s: int = Field(ge=1, le=14 * 24 * 3600)
    minimum_cohort: int = Field(ge=2, le=200)
    minimum_sites: int = Field(ge=2, le=200)
    minimum_cell: int = Field(ge=5, le=1000)
    leaves: tuple[Flow, ...]
    evaluate_every: int = Field(ge=1, le=500)
    approval_days: int = Field(ge=1, le=90)
    keep_updates: bool = False
    seed: int = Field(ge=0, lt=2**31)
    begin: Begin | None = None
    """None: from first weights, by the model's seed."""


class Proposal(_Value):
    """What a lead chooses; None takes the federation's terms. Only stricter than the terms is possible."""

    sheets: tuple[str, ...] | None = None
    """Names of task sheets; None takes all."""
    rounds: int | None = Field(default=None, ge=1, le=500)
    quorum: int | None = Field(default=None, ge=2, le=1000)
    deadline_s: int | None = Field(default=None, ge=1, le=14 * 24 * 3600)
    evaluate_every: int | None = Field(default=None, ge=1, le=500)
    training: Training | None = None
    seed: int = Field(default=1, ge=0, lt=2**31)
    begin: str | None = None
    """Id of a completed run of the federation whose last model this one goes on from; parts that are new start from
    the model's seed. None: all of them do."""


def plan(
    proposal: Proposal,
    terms: Terms,
    model: ModelSpec,
    sheets: tuple[TaskSheet, ...],
    begin: Begin | None = None,
) -> Plan:
    """The plan a proposal makes. `beyond` says whether it keeps to the terms."""
    wanted = sheets
    if proposal.sheets is not None:
        wanted = tuple(s for s in sheets if s.name in proposal.sheets)
    return Plan(
        sheets=wanted,
        model=model,
        training=proposal.training or terms.training,
        rounds=proposal.rounds or terms.rounds,
        quorum=proposal.quorum or terms.quorum,
        deadline_s=proposal.deadline_s or terms.deadline_s,
        minimum_cohort=terms.minimum_cohort,
        minimum_sites=terms.minimum_sites,
        minimum_cell=terms.minimum_cell,
        leaves=terms.leaves,
        evaluate_every=proposal.evaluate_every or terms.evaluate_every,
        approval_days=terms.approval_days,
        keep_updates=terms.keep_updates,
        seed=proposal.seed,
        begin=begin,
    )


def beyond(plan: Plan, terms: Terms) -> tuple[str, ...]:
    """Fields in which the plan asks more of members than they accepted."""
    asked = {
        "rounds": plan.rounds > terms.rounds,
        "quorum": plan.quorum < terms.quorum,
        "training.personal": plan.training.personal not in (None, terms.training.personal),
    }
    return tuple(name for name, too_much in asked.items() if too_much)
