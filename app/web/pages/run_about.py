"""What a run's page says below its rounds: its figures, and what the run may do."""

from dataclasses import dataclass, replace

from app.runs import module_states, pins, queries
from app.runs.models import RunPolicy
from app.runs.queries import Seen
from app.runs.schemas import Plan
from app.runs.states import RoundState
from app.runs.views import ApprovalView, Participation, Progress
from app.text import _
from app.web import own_models, run_figures
from app.web.charts import LineChart
from app.web.moments import day, in_words, size
from app.web.pages import erasure_words, federation_words, run_words
from app.web.parts import Facts, Link, Said, Table
from app.web.visit import Visit


@dataclass(frozen=True)
class FigurePanel:
    id: str
    title: str
    finding: str
    explained: str
    chart: LineChart | None
    table: Table
    simulated: str
    own_models: tuple[str, ...]


def figures(visit: Visit, seen: Progress) -> tuple[FigurePanel, ...]:
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
            own_models.sentences(one.personal),
        )
        for one in found
    )


def no_figures(plan: Plan, *, over: bool) -> str:
    if "metrics" not in plan.leaves:
        return _("No site sends figures in this federation: its terms keep them at home.")
    if over:
        return _(
            "No figure came. Sites measure after a closed round, and only if their policies let figures leave."
        )
    return _(
        "No figure yet. Sites measure after a round is closed, if their policies let figures leave."
    )


def facts(visit: Visit, got: Seen, seen: Progress) -> Facts:
    run = got.run
    since = erasure_words.of_run(visit, got)
    sheet = Link(_("Task sheet"), f"/federations/{run.federation_id}/task")
    last = max((r.number for r in seen.rounds), default=0)
    states = queries.states_after(visit.session, run.id, last)
    said = _("The model parts it trained and a receipt. No student record.")
    if states:
        said = _("About {size} a round: {n} model parts and a receipt. No student record.").format(
            size=size(sum(s.bytes for s in states.values())), n=in_words(len(states))
        )
    stays = run_words.kept_sentences(module_states.kept(states))
    judged = _judged(pins.own(visit.session, visit.who, run.id))
    return Facts(
        (
            (_("Predicts"), Said(" ".join(s.target for s in seen.series), sheet)),
            (_("Begins from"), run_words.begins(queries.plan_of(run))),
            (_("Training at a site"), federation_words.training(queries.plan_of(run).training)),
            (_("Noise"), run_words.noise()),
            (
                _("One site’s update"),
                run_words.one_update(),
            ),
            (_("Leaves each site"), said),
            *(((_("Stays at a site"), stays),) if stays else ()),
            *(((_("Withdrawn since"), since),) if since else ()),
            *(((_("Was heard"), _heard(seen.participation)),) if seen.participation else ()),
            *(((_("Laws it was judged by"), judged),) if judged else ()),
            *((_("Approved by"), _approved(a)) for a in seen.approvals if a.own and a.approved),
        )
    )


def _judged(rows: list[RunPolicy]) -> str:
    """The reader's own institutions only: the profile versions in force at their sites when a round asked them."""
    return " ".join(
        _("From round {n}: {list}.").format(
            n=row.round, list=", ".join(f"{p['profile']} {p['number']}" for p in row.profiles)
        )
        for row in rows
        if row.profiles
    )


def _heard(found: Participation) -> str:
    """The reader's own sites, or all of them not always heard for the lead; and the least heard, unnamed."""
    told = [
        _("{site}: {n} of {all} rounds").format(
            site=f"{one.institution_name}, {one.site_name}", n=one.counted, all=one.offered
        )
        for one in found.sites
        if one.own or one.counted < one.offered
    ]
    least = {
        0: _("The site heard least was heard in fewer than a quarter of the rounds that asked it."),
        1: _("The site heard least was heard in a quarter of the rounds that asked it, or more."),
        2: _("The site heard least was heard in half of the rounds that asked it, or more."),
        3: _(
            "The site heard least was heard in three quarters of the rounds that asked it, or more."
        ),
        4: _("Every site was heard in every round that asked it."),
    }[int(4 * found.least)]
    return " ".join((*(f"{line}." for line in told[:_MANY]), least))


_MANY = 12


def _approved(given: ApprovalView) -> str:
    said = _("{who} for {where}, {day}").format(
        who=given.by or _("Someone"),
        where=given.institution_name,
        day=day(given.decided) if given.decided else "",
    )
    if given.policy_number:
        said += _(", under policy version {n}").format(n=given.policy_number)
    return said
