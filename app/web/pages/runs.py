"""Runs: the list, the live page, what the lead does, and one round."""

from collections.abc import Sequence

from starlette.responses import Response

from app.access.permissions import Permission
from app.clock import now
from app.federations import tallies as federations
from app.runs import queries, service
from app.runs.models import Run
from app.runs.progress import round_view
from app.runs.standings import standing
from app.runs.states import RUN_ENDED, RoundState
from app.runs.views import ModuleLine, RoundView, UpdateLine
from app.text import _, ngettext
from app.web import render
from app.web.moments import as_of, clock, day_clock, full, in_words, sentence, size, span
from app.web.moments import number as number_
from app.web.pages import run_page, run_receipts, run_words
from app.web.parts import (
    Button,
    Cell,
    Code,
    Column,
    Empty,
    Facts,
    Form,
    Link,
    Nothing,
    Panel,
    Part,
    Sheet,
    Status,
    Table,
    Text,
    When,
)
from app.web.visit import Here, Visit, page_router, see_other
from worker.protocol import code_words

router = page_router(prefix="/runs")


@router.get("")
def every(visit: Here) -> Response:
    found = queries.visible_to(visit.session, visit.who)
    rows: list[tuple[Cell, ...]] = []
    shown = found[:100]
    briefs = run_words.briefs(visit.session, shown)
    named = federations.by_ids(visit.session, {run.federation_id for run in shown})
    for run in shown:
        federation, brief = named[run.federation_id], briefs[run.id]
        name = _("Run {n}").format(n=run.number)
        rows.append(
            (
                Link(f"{federation.name}, {name}", f"/runs/{run.id}"),
                brief.status,
                _("{done} of {all}").format(done=brief.done, all=brief.rounds),
                When(run.created, day_clock(run.created)),
            )
        )
    columns = (Column(_("Run")), Column(_("State")), Column(_("Rounds")), Column(_("Proposed")))
    link = Link(_("See the federations"), "/federations", "btn")
    empty = Empty(_("No run yet. A federation’s lead proposes one."), link)
    body = Table(_("Runs, newest first"), columns, tuple(rows)) if rows else empty
    sheet = Sheet(
        title=_("Runs"),
        says=_says(found),
        asof=as_of(),
        panels=(Panel(_("Of your federations"), (body,)),),
        menu="runs",
    )
    return render.sheet(visit, sheet)


def _says(found: Sequence[Run]) -> str:
    running = sum(run.state not in RUN_ENDED for run in found)
    if not running:
        return _("No run is in progress.")
    said = ngettext("{n} run is in progress.", "{n} runs are in progress.", running)
    return sentence(said.format(n=in_words(running)))


@router.get("/{run_id}")
def show(visit: Here, run_id: str) -> Response:
    page = run_page.build(
        visit, queries.seen(visit.session, visit.who, Permission.RUN_READ, run_id)
    )
    block = visit.asks_for("live")
    return render.page(visit.request, "runs/run.html", page, block=block, session=visit.session)


def _led(visit: Visit, run_id: str) -> Run:
    """Found whatever holds the institution back: pausing and cancelling are always its right."""
    return queries.get(visit.session, visit.who.unheld, Permission.RUN_LEAD, run_id)


@router.post("/{run_id}/start")
def start(visit: Here, run_id: str) -> Response:
    service.start(visit.session, visit.who, _led(visit, run_id))
    return see_other(f"/runs/{run_id}", "started")


@router.post("/{run_id}/pause")
def pause(visit: Here, run_id: str) -> Response:
    service.pause(visit.session, visit.who, _led(visit, run_id))
    return see_other(f"/runs/{run_id}", "paused")


@router.post("/{run_id}/resume")
def resume(visit: Here, run_id: str) -> Response:
    service.resume(visit.session, visit.who, _led(visit, run_id))
    return see_other(f"/runs/{run_id}", "resumed")


@router.get("/{run_id}/cancel")
def ask_cancel(visit: Here, run_id: str) -> Response:
    run = _led(visit, run_id)
    form = Form(
        f"/runs/{run_id}/cancel", (), (Button(_("Cancel this run"), look="primary"),), inline=True
    )
    text = _(
        "Sites stop at their next word to the hub. Nothing of the open round is kept, and no model is released."
    )
    sheet = Sheet(
        title=_("Cancel run {n}?").format(n=run.number),
        says=_("This cannot be taken back."),
        crumbs=(
            Link(_("Run {n}").format(n=run.number), f"/runs/{run_id}"),
            Link(_("Cancel"), ""),
        ),
        panels=(Panel(_("What happens"), (Text(text), form)),),
        foot=(Link(_("Leave it running"), f"/runs/{run_id}"),),
        menu="runs",
    )
    return render.sheet(visit, sheet)


@router.post("/{run_id}/cancel")
def cancel(visit: Here, run_id: str) -> Response:
    service.cancel(visit.session, visit.who, _led(visit, run_id))
    return see_other(f"/runs/{run_id}", "cancelled")


@router.get("/{run_id}/rounds/{number}")
def one_round(visit: Here, run_id: str, number: int) -> Response:
    run = queries.get(visit.session, visit.who, Permission.RUN_READ, run_id)
    federation = queries.federation_of(visit.session, run)
    row = queries.round_by_number(visit.session, run, number)
    view = round_view(visit.session, run, row, visit.who)
    says = {
        RoundState.CLOSED: _closed(view),
        RoundState.VOID: _("Void. {why}").format(why=view.reason),
    }.get(view.state) or run_words.round_sentence(row, standing(visit.session, row))
    stays = run_words.kept_sentences({m.module: m.kept for m in view.modules if m.kept})
    sheet = Sheet(
        title=_("Round {n} of run {run}").format(n=number, run=run.number),
        says=says,
        asof=_("As of {time}").format(time=clock(now())),
        crumbs=(
            Link(federation.name, f"/federations/{federation.id}"),
            Link(_("Run {n}").format(n=run.number), f"/runs/{run.id}"),
            Link(_("Round {n}").format(n=number), ""),
        ),
        panels=(
            Panel(_("Updates"), _updates(view)),
            *run_receipts.panels(view),
            Panel(_("Times"), (_times(view),)),
            Panel(_("Model parts"), (_parts(view),), lead=stays),
        ),
        menu="runs",
    )
    return render.sheet(visit, sheet)


def _closed(view: RoundView) -> str:
    if view.taken == view.asked:
        return _("Closed: every site asked sent an update, and all were taken.")
    return _("Closed with the updates of {taken} of {asked} sites.").format(
        taken=view.taken, asked=view.asked
    )


def _times(view: RoundView) -> Facts:
    needed = ngettext("{n} update", "{n} updates", view.quorum).format(n=view.quorum)
    asked = ngettext("{n} site asked", "{n} sites asked", view.asked).format(n=view.asked)
    lines: list[tuple[str, Cell]] = [
        (_("Opened"), full(view.opened)),
        (_("Deadline"), full(view.deadline)),
        (_("Needed"), f"{needed}, {asked}"),
    ]
    if view.complete and view.closed:
        seconds = (view.closed - view.complete).total_seconds()
        lines.append((_("Combined in"), span(seconds) if seconds >= 1 else _("under a second")))
    if view.closed:
        lines.append((_("Closed"), full(view.closed)))
    return Facts(tuple(lines))


def _updates(view: RoundView) -> tuple[Part, ...]:
    """Counts for every member; one by one for the site's own institution and the lead."""
    counts: list[tuple[str, Cell]] = [
        (_("Received"), str(view.received)),
        (_("Taken"), str(view.taken)),
        *((code_words.upload_refusal(r.reason), str(r.count)) for r in view.refused),
    ]
    if not view.updates:
        hidden = _("Single updates are shown to their own institution and the lead.")
        return (Facts(tuple(counts)), Text(hidden, muted=True, small=True))
    columns = [
        Column(_("Site of")),
        Column(_("Update")),
        Column(_("Size"), True),
        Column(_("Digest")),
        Column(_("Deleted")),
    ]
    rows = [_update(u) for u in view.updates]
    if any(u.refusal for u in view.updates):
        columns.append(Column(_("Why not")))
        rows = [(*row, _why(u)) for row, u in zip(rows, view.updates, strict=True)]
    table = Table(_("Updates you may see one by one"), tuple(columns), tuple(rows))
    if not any(u.late for u in view.updates):
        return (Facts(tuple(counts)), table)
    late = _(
        "A late update was begun in the round before, from the model of that round. It counts 0.71 of its weight."
    )
    return (Facts(tuple(counts)), table, Text(late, muted=True, small=True))


def _update(line: UpdateLine) -> tuple[Cell, ...]:
    age = clock(line.received)
    status = Status("good", _("Taken") if line.taken else _("Received"), age)
    if line.late:
        said = _("Taken, late") if line.taken else _("Received, late")
        status = Status("good", said, age)
    if line.refusal:
        status = Status("stop", _("Refused"), age)
    return (
        line.institution_name,
        status,
        size(line.bytes),
        Code(line.digest, True),
        clock(line.deleted) if line.deleted else _("when the round is over"),
    )


def _why(line: UpdateLine) -> Cell:
    return code_words.upload_refusal(line.refusal) if line.refusal else Nothing()


def _became(part: ModuleLine) -> str:
    if part.kept.whole:
        return _("stays with the sites that train it")
    return _("held: too few sites trained it") if part.held else _("combined")


def _parts(view: RoundView) -> Part:
    rows: list[tuple[Cell, ...]] = [
        (
            code_words.module(part.module),
            _became(part),
            number_(part.sites or 0),
            size(part.bytes or 0),
            Code(part.digest or part.base or "", True),
        )
        for part in view.modules
        if part.digest
    ]
    columns = (
        Column(_("Model part")),
        Column(_("This round")),
        Column(_("Sites"), True),
        Column(_("Size"), True),
        Column(_("Digest")),
    )
    if not rows:
        return Empty(_("No model part has been made in this round."))
    return Table(_("The shared model after this round"), columns, tuple(rows))
