"""The run's page, put together: state in a sentence, whom we wait for, rounds, figures, what it may do."""

from dataclasses import dataclass, replace

from app.access.actor import allows
from app.access.permissions import Permission
from app.institutions import queries as institutions
from app.runs import queries
from app.runs.models import Run
from app.runs.progress import progress
from app.runs.schemas import Plan
from app.runs.states import RUN_ENDED, RoundState, RunState
from app.runs.views import ApprovalView, Progress, RoundView
from app.text import _, ngettext
from app.web import run_figures
from app.web.charts import LineChart
from app.web.moments import clock, day, in_words, sentence, size
from app.web.pages import run_words
from app.web.pages.run_sites import Card, card
from app.web.parts import Button, Facts, Form, Link, Said, Status, Step, Steps, Table
from app.web.visit import Visit


@dataclass(frozen=True)
class Mark:
    """One cell of the strip of rounds."""

    number: int
    look: str
    label: str
    href: str


@dataclass(frozen=True)
class FigurePanel:
    id: str
    title: str
    finding: str
    explained: str
    chart: LineChart | None
    table: Table
    simulated: str


@dataclass(frozen=True)
class RunPage:
    """`looks` while the page refreshes itself; `can_look` while there is something to look for."""

    menu: str
    title: str
    status: Status
    says: str
    asof: str
    crumbs: tuple[Link, ...]
    path: str
    looks: bool
    can_look: bool
    milestone: str
    lead: tuple[Form, ...]
    not_lead: str
    waited: tuple[Card, ...]
    waited_lead: str
    others: tuple[Card, ...]
    others_title: str
    rounds: tuple[Mark, ...]
    rounds_lead: str
    round_title: str
    round_steps: Steps | None
    figures: tuple[FigurePanel, ...]
    no_figures: str
    facts: Facts
    foot: tuple[Link, ...]


def build(visit: Visit, run: Run) -> RunPage:
    seen = progress(visit.session, run, visit.who, seen_recently_s=visit.settings.seen_recently_s)
    federation = queries.federation_of(visit.session, run)
    live = run.state not in RUN_ENDED
    made = [card(row, leads=seen.leads) for row in seen.sites]
    waited = tuple(c for c in made if c.waited)
    others = tuple(c for c in made if not c.waited)
    brief = run_words.brief(visit.session, run)
    may_lead = allows(visit.who, Permission.RUN_LEAD, federation.lead_id)
    return RunPage(
        menu="runs",
        title=_("Run {n}: {federation}").format(n=run.number, federation=federation.name),
        status=brief.status,
        says=brief.sentence,
        asof=_("As of {time}.").format(time=clock(seen.as_of)),
        crumbs=(
            Link(_("Federations"), "/federations"),
            Link(federation.name, f"/federations/{federation.id}"),
            Link(_("Run {n}").format(n=run.number), ""),
        ),
        path=f"/runs/{run.id}",
        looks=live and visit.request.query_params.get("look") != "no",
        can_look=live,
        milestone=f"{run.state.value}-{brief.done}",
        lead=_acts(run) if may_lead else (),
        not_lead=_not_lead(visit, run, federation.lead_id),
        waited=waited,
        waited_lead=_needed(seen),
        others=others,
        others_title=_others_title(len(others), bool(waited)) if live else _("Who took part"),
        rounds=_marks(seen),
        rounds_lead=_rounds_lead(seen.rounds),
        round_title=_("Round {n}").format(n=seen.current.number) if seen.current else "",
        round_steps=_round_steps(seen, seen.current) if seen.current else None,
        figures=_figures(visit, seen),
        no_figures=_no_figures(queries.plan_of(run)),
        facts=_facts(visit, run, seen),
        foot=_foot(run, may_lead),
    )


def _needed(seen: Progress) -> str:
    if seen.current is None or seen.current.state is not RoundState.TRAINING:
        return ""
    return run_words.quorum_sentence(seen.missing, seen.awaited, seen.current.deadline)


def _acts(run: Run) -> tuple[Form, ...]:
    path = f"/runs/{run.id}"
    if run.state is RunState.PROPOSED:
        return (
            Form(f"{path}/start", (), (Button(_("Start with those who said yes")),), inline=True),
        )
    if run.state is RunState.PAUSED or (run.state is RunState.RUNNING and run.pause_asked):
        return (Form(f"{path}/resume", (), (Button(_("Let it go on")),), inline=True),)
    if run.state is RunState.RUNNING:
        return (Form(f"{path}/pause", (), (Button(_("Pause after this round")),), inline=True),)
    return ()


def _not_lead(visit: Visit, run: Run, lead: str) -> str:
    if run.state in RUN_ENDED or allows(visit.who, Permission.RUN_LEAD, lead):
        return ""
    name = institutions.names(visit.session, {lead}).get(lead, "")
    return _("An administrator of {name}, which leads, can pause or cancel it.").format(name=name)


def _foot(run: Run, may_lead: bool) -> tuple[Link, ...]:
    if run.state in RUN_ENDED:
        return (
            Link(_("Releases of this federation"), f"/federations/{run.federation_id}/releases"),
        )
    return (Link(_("Cancel this run"), f"/runs/{run.id}/cancel"),) if may_lead else ()


def _others_title(count: int, some_waited: bool) -> str:
    if not some_waited:
        return _("Who takes part")
    said = ngettext("The other one", "The other {n}", count)
    return said.format(n=in_words(count))


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


def _figures(visit: Visit, seen: Progress) -> tuple[FigurePanel, ...]:
    """Central training is shown for simulated records only, whatever a row says."""
    void = {r.number for r in seen.rounds if r.state is RoundState.VOID}
    found = [s for s in seen.series if s.shared or s.local or s.rule]
    if not visit.settings.simulated:
        found = [replace(s, central=None) for s in found]
    simulated = _(
        "Central training pools all records in one place. It can be shown only because these records are simulated."
    )
    band = _("The shaded band is the 95 % interval.")
    now_at = seen.current.number if seen.current else None
    return tuple(
        FigurePanel(
            f"h-metric-{one.task}",
            _("Is the model getting better?") if len(found) == 1 else one.target,
            run_figures.finding(one),
            f"{run_figures.metric_words(one.metric)} {band}",
            run_figures.chart(one, seen.rounds_planned, now_at),
            run_figures.table(one, void),
            simulated if one.central is not None else "",
        )
        for one in found
    )


def _no_figures(plan: Plan) -> str:
    if "metrics" not in plan.leaves:
        return _("No site sends figures in this federation: its terms keep them at home.")
    return _(
        "No figure yet. Sites measure after a round is closed, if their policies let figures leave."
    )


def _facts(visit: Visit, run: Run, seen: Progress) -> Facts:
    sheet = Link(_("Task sheet"), f"/federations/{run.federation_id}/task")
    states = queries.states_after(visit.session, run.id, 0)
    said = _("The model parts it trained and a receipt. No student record.")
    if states:
        said = _("About {size} a round: {n} model parts and a receipt. No student record.").format(
            size=size(sum(s.bytes for s in states.values())), n=in_words(len(states))
        )
    return Facts(
        (
            (_("Predicts"), Said(" ".join(s.target for s in seen.series), sheet)),
            (_("Noise"), _("Off. No privacy figure applies to this run.")),
            (
                _("One site’s update"),
                _("Can be read by the hub. Deleted when its round is closed and checked."),
            ),
            (_("Leaves each site"), said),
            *((_("Approved by"), _approved(a)) for a in seen.approvals if a.own and a.approved),
        )
    )


def _approved(given: ApprovalView) -> str:
    said = _("{who} for {where}, {day}").format(
        who=given.by or _("Someone"),
        where=given.institution_name,
        day=day(given.decided) if given.decided else "",
    )
    if given.policy_number:
        said += _(", under policy version {n}").format(n=given.policy_number)
    return said
