"""The run's page, put together: state in a sentence, whom we wait for, rounds, figures, what it may do."""

from dataclasses import dataclass

from app.access.actor import allows
from app.access.permissions import Permission
from app.institutions import queries as institutions
from app.releases import queries as releases
from app.runs import queries
from app.runs.models import Run
from app.runs.progress import look
from app.runs.queries import Seen
from app.runs.states import RUN_ENDED, RoundState, RunState
from app.runs.views import Progress, RoundView
from app.text import _, ngettext
from app.web import looking, refusals
from app.web.moments import clock, in_words, sentence
from app.web.pages import run_about, run_words
from app.web.pages.federations import crumbs
from app.web.pages.run_sites import Card, card
from app.web.parts import Button, Facts, Form, Link, Status, Step, Steps
from app.web.visit import Visit


@dataclass(frozen=True)
class Mark:
    """One cell of the strip of rounds."""

    number: int
    look: str
    label: str
    href: str


@dataclass(frozen=True)
class Key:
    """One look of the strip, said in words; only those that appear in it."""

    look: str
    word: str


@dataclass(frozen=True)
class RunPage:
    menu: str
    title: str
    status: Status
    says: str
    asof: str
    crumbs: tuple[Link, ...]
    look: looking.Look
    milestone: str
    actions: tuple[Link, ...]
    lead: tuple[Form, ...]
    not_lead: str
    waited: tuple[Card, ...]
    waited_lead: str
    others: tuple[Card, ...]
    others_title: str
    others_lead: str
    rounds: tuple[Mark, ...]
    key: tuple[Key, ...]
    rounds_lead: str
    round_title: str
    round_steps: Steps | None
    figures: tuple[run_about.FigurePanel, ...]
    no_figures: str
    facts: Facts
    foot: tuple[Link, ...]


def build(visit: Visit, got: Seen) -> RunPage:
    run, federation = got.run, got.federation
    found = look(visit.session, got, seen_recently_s=visit.settings.seen_recently_s)
    seen = found.progress
    live = run.state not in RUN_ENDED
    made = [card(row, leads=seen.leads) for row in seen.sites]
    waited = tuple(c for c in made if c.waited)
    others = tuple(c for c in made if not c.waited)
    brief = run_words.brief(run, found.stage)
    marks = _marks(seen)
    may_lead = allows(visit.who.unheld, Permission.RUN_LEAD, federation.lead_id)
    may_start = allows(visit.who, Permission.RUN_LEAD, federation.lead_id)
    return RunPage(
        menu="runs",
        title=_("Run {n}: {federation}").format(n=run.number, federation=federation.name),
        status=brief.status,
        says=brief.sentence,
        asof=_("As of {time}.").format(time=clock(seen.as_of)),
        crumbs=crumbs(federation, _("Run {n}").format(n=run.number)),
        look=looking.at(visit, f"/runs/{run.id}", live),
        milestone=_milestone(run, brief),
        actions=_release(visit, run),
        lead=_acts(run, may_start) if may_lead else (),
        not_lead=_not_lead(visit, run, federation.lead_id),
        waited=waited,
        waited_lead=_needed(seen),
        others=others,
        others_title=_others_title(len(others), bool(waited)) if live else _("Who took part"),
        others_lead=_others_lead(seen),
        rounds=marks,
        key=_key(marks),
        rounds_lead=_rounds_lead(seen.rounds),
        round_title=_("Round {n}").format(n=seen.current.number) if seen.current else "",
        round_steps=_round_steps(seen, seen.current) if seen.current else None,
        figures=run_about.figures(visit, seen),
        no_figures=run_about.no_figures(queries.plan_of(run), over=run.state in RUN_ENDED),
        facts=run_about.facts(visit, got, seen),
        foot=_foot(run, may_lead),
    )


def _milestone(run: Run, brief: run_words.Brief) -> str:
    """Changes when the state does, and at each quarter of the rounds: what a screen reader hears unasked."""
    return f"{run.state.value}-{4 * brief.done // max(1, brief.rounds)}"


def _needed(seen: Progress) -> str:
    if seen.current is None or seen.current.state is not RoundState.TRAINING:
        return ""
    return run_words.quorum_sentence(seen.missing, seen.awaited, seen.current.deadline)


def _acts(run: Run, may_start: bool) -> tuple[Form, ...]:
    path = f"/runs/{run.id}"
    if run.state is RunState.PROPOSED and may_start:
        return (
            Form(f"{path}/start", (), (Button(_("Start with those who said yes")),), inline=True),
        )
    paused = run.state is RunState.PAUSED or (run.state is RunState.RUNNING and run.pause_asked)
    if paused and may_start:
        return (Form(f"{path}/resume", (), (Button(_("Let it go on")),), inline=True),)
    if run.state is RunState.RUNNING and not run.pause_asked:
        return (Form(f"{path}/pause", (), (Button(_("Pause after this round")),), inline=True),)
    return ()


def _release(visit: Visit, run: Run) -> tuple[Link, ...]:
    """What a finished run led to."""
    made = releases.of_run(visit.session, run.id) if run.state is RunState.COMPLETED else None
    if made is None:
        return ()
    path = f"/federations/{run.federation_id}/releases/{made.id}"
    return (Link(_("See release {n}").format(n=made.number), path, "primary"),)


def _not_lead(visit: Visit, run: Run, lead: str) -> str:
    if run.state in RUN_ENDED or allows(visit.who, Permission.RUN_LEAD, lead):
        return ""
    stopped = refusals.unverified(visit, lead)
    if stopped:
        return stopped.text
    name = institutions.names(visit.session, {lead}).get(lead, "")
    return _("An administrator of {name}, which leads, can pause or cancel it.").format(name=name)


def _foot(run: Run, may_lead: bool) -> tuple[Link, ...]:
    if run.state in RUN_ENDED:
        return ()
    return (Link(_("Cancel this run"), f"/runs/{run.id}/cancel"),) if may_lead else ()


def _others_title(count: int, some_waited: bool) -> str:
    if not some_waited:
        return _("Who takes part")
    said = ngettext("The other one", "The other {n}", count)
    return said.format(n=in_words(count))


def _others_lead(seen: Progress) -> str:
    """Said once, not on each card."""
    if all(row.part is not None for row in seen.sites):
        return ""
    return _(
        "Of other members you see whether they take part. Their own people and the lead see more."
    )


def _key(marks: tuple[Mark, ...]) -> tuple[Key, ...]:
    words_of = {
        "closed": _("closed"),
        "void": _("void"),
        "now": _("in progress"),
        "": _("to come"),
    }
    there = {mark.look for mark in marks}
    return tuple(Key(look, word) for look, word in words_of.items() if look in there)


def _marks(seen: Progress) -> tuple[Mark, ...]:
    known = {r.number: r for r in seen.rounds}
    words_of = {
        RoundState.CLOSED: ("closed", _("closed")),
        RoundState.VOID: ("void", _("void")),
        RoundState.TRAINING: ("now", _("in progress")),
        RoundState.AGGREGATING: ("now", _("in progress")),
    }
    made = []
    for n in range(1, max([seen.rounds_planned, *known]) + 1):
        look, word = words_of[known[n].state] if n in known else ("", _("to come"))
        label = _("Round {n}, {state}").format(n=n, state=word)
        made.append(Mark(n, look, label, f"/runs/{seen.run_id}/rounds/{n}" if n in known else ""))
    return tuple(made)


def _rounds_lead(every: tuple[RoundView, ...]) -> str:
    closed = sum(r.state is RoundState.CLOSED for r in every)
    said = ngettext("{n} round closed.", "{n} rounds closed.", closed).format(n=in_words(closed))
    void = [r for r in every if r.state is RoundState.VOID]
    more = [_("Round {n} was void. {why}").format(n=r.number, why=r.reason) for r in void[-2:]]
    return " ".join((sentence(said), *more)).strip()


def _round_steps(seen: Progress, current: RoundView) -> Steps:
    asked = ngettext("{n} site asked", "{n} sites asked", current.asked)
    opened = _("{time}, {asked}").format(
        time=clock(current.opened), asked=asked.format(n=in_words(current.asked))
    )
    training = current.state is RoundState.TRAINING
    until = _("now, until {time}").format(time=clock(current.deadline))
    last = current.number >= seen.rounds_planned
    after = (
        _("the model is released") if last else _("round {n} opens").format(n=current.number + 1)
    )
    return Steps(
        (
            Step(_("Opened"), "done", opened),
            Step(_("Training"), "now" if training else "done", until if training else ""),
            Step(_("Combining"), "to-come" if training else "now", _("takes seconds")),
            Step(_("Closed"), "to-come", after),
        ),
        across=True,
        label=_("Round {n}, step by step").format(n=current.number),
    )
