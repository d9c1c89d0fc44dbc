"""A run's state as a shape, a word and a sentence; the same words on home, in lists and on the run's page."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.runs import standings, words
from app.runs.models import Round, Run
from app.runs.schemas import Plan
from app.runs.standings import Stage, Standing
from app.runs.states import RoundState, RunState
from app.text import _, ngettext
from app.web.moments import clock, in_words, known, sentence
from app.web.parts import Status
from worker.protocol.kept import Kept


@dataclass(frozen=True)
class Brief:
    """`done` rounds of `rounds`, void ones included: they are not run again."""

    status: Status
    sentence: str
    done: int
    rounds: int


def briefs(session: Session, runs: Collection[Run]) -> dict[str, Brief]:
    """By run."""
    stages = standings.stages(session, runs)
    return {run.id: brief(run, stages[run.id]) for run in runs}


def brief(run: Run, stage: Stage) -> Brief:
    planned = standings.rounds_planned(run)
    if run.state is RunState.RUNNING and stage.current and stage.standing:
        said = round_sentence(stage.current, stage.standing)
    else:
        said = state_sentence(run, stage.over, planned, stage.unanswered)
    return Brief(status(run, stage.current, planned), said, stage.over, planned)


def noise() -> str:
    return _("Off. No privacy figure applies to this run.")


def begins(plan: Plan) -> str:
    """What the run's model starts from."""
    if plan.begin is None:
        return _("first weights of seed {n}").format(n=plan.model.seed)
    return _("the last model of run {n}; parts that are new from seed {seed}").format(
        n=plan.begin.number, seed=plan.model.seed
    )


def one_update() -> str:
    """Who can read a single site's update, and for how long."""
    return _("Can be read by the hub. Deleted when its round is closed and checked.")


def rounds_done(found: Brief) -> str:
    return _("{done} of {all} rounds done").format(done=found.done, all=found.rounds)


def kept_sentences(kept: Kept) -> str:
    """What stays at sites, part by part; empty if nothing does."""
    said = []
    for module, rows in sorted(kept.items()):
        if rows.whole:
            said.append(_("{part} stays with the sites that train it.").format(part=module))
        else:
            words_ = ngettext(
                "{n} row of {part} stays with the site that trains it.",
                "{n} rows of {part} stay with the sites that train them.",
                rows.count,
            )
            said.append(words_.format(n=rows.count, part=module))
    return " ".join(said)


def status(run: Run, current: Round | None, planned: int) -> Status:
    """Shape and word for the state, and when it changed."""
    age = known(current.opened if current else run.changed)
    if run.state is RunState.RUNNING and current:
        said = _("Round {n} of {all}").format(n=current.number, all=planned)
        return Status("busy", said, age)
    return {
        RunState.DRAFT: Status("wait", _("Draft"), age),
        RunState.PROPOSED: Status("wait", _("Proposed"), age),
        RunState.APPROVED: Status("wait", _("Approved"), age),
        RunState.RUNNING: Status("wait", _("Between rounds"), age),
        RunState.PAUSED: Status("act", _("Paused"), age),
        RunState.COMPLETED: Status("good", _("Completed"), age),
        RunState.FAILED: Status("stop", _("Failed"), age),
        RunState.CANCELLED: Status("off", _("Cancelled"), age),
    }[run.state]


def state_sentence(run: Run, over: int, planned: int, waiting: int) -> str:
    """For a run without an open round; `waiting` institutions have not answered."""
    why = words.reason(run.reason)
    if run.state is RunState.PROPOSED:
        said = ngettext(
            "It waits for the answer of {n} institution.",
            "It waits for the answers of {n} institutions.",
            waiting,
        ).format(n=in_words(waiting))
        return " ".join(filter(None, (said if waiting else "", why)))
    if run.state is RunState.COMPLETED:
        return _("Every round is over and the model is released.")
    said = {
        RunState.DRAFT: _("It is being written."),
        RunState.APPROVED: _("It is approved. The first weights are being made."),
        RunState.RUNNING: _("The next round opens soon."),
        RunState.PAUSED: _("It is paused after {done} of {all} rounds. The lead can let it go on."),
        RunState.FAILED: _("It failed after {done} of {all} rounds."),
        RunState.CANCELLED: _(
            "It was cancelled after {done} of {all} rounds. Nothing of the open round was kept."
        ),
    }[run.state].format(done=over, all=planned)
    if run.state is RunState.RUNNING and why:
        return why
    return f"{said} {why}".strip()


def round_sentence(current: Round, stands: Standing) -> str:
    """What is in, whom we wait for, until when."""
    if current.state is RoundState.AGGREGATING:
        return _("The updates of round {n} are being combined. That takes seconds.").format(
            n=current.number
        )
    came = ngettext("{n} update is in", "{n} updates are in", stands.updates).format(
        n=in_words(stands.updates)
    )
    wait = ngettext("we wait for {n} site", "we wait for {n} sites", stands.awaited).format(
        n=in_words(stands.awaited)
    )
    said = _("{came} and {wait}, until {time} at the latest.").format(
        came=came, wait=wait, time=clock(current.deadline)
    )
    return sentence(said)


def quorum_sentence(lacking: int, awaited: int, deadline: datetime) -> str:
    """How far the round is from being able to close."""
    if lacking <= 0:
        return _(
            "Enough updates are in. The round closes when the rest has come, or at {time}."
        ).format(time=clock(deadline))
    said = ngettext(
        "{n} more update is needed by {time}.", "{n} more updates are needed by {time}.", lacking
    ).format(n=in_words(lacking), time=clock(deadline))
    can = (
        _("The sites that still work are enough for it.")
        if awaited >= lacking
        else _("Fewer sites still work than it needs.")
    )
    return f"{sentence(said)} {can}"
