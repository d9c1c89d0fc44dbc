"""Two releases side by side, and where one comes from."""

from app.clock import now
from app.federations.models import Federation
from app.releases.models import Release
from app.runs import queries as runs
from app.runs import series, tallies
from app.runs.states import RoundState
from app.runs.views import Series
from app.text import _, ngettext
from app.web import run_figures
from app.web.moments import full, number
from app.web.pages import run_words
from app.web.pages.federations import crumbs
from app.web.parts import (
    Button,
    Cell,
    Column,
    Empty,
    Facts,
    Field,
    Form,
    Link,
    Nothing,
    Option,
    Panel,
    Part,
    Sheet,
    Table,
)
from app.web.visit import Visit
from worker.protocol.words import choice_in_words


def lineage(visit: Visit, row: Release) -> Panel:
    """The run behind it, how often it was combined, and what it stands on."""
    run = runs.by_id(visit.session, row.run_id)
    assert run is not None
    plan = runs.plan_of(run)
    closed = [r for r in runs.rounds(visit.session, run.id) if r.state is RoundState.CLOSED]
    named = [
        _("{name} for {modality}, digest {digest}").format(
            name=base.name, modality=choice_in_words(modality), digest=base.digest[:12]
        )
        for modality, base in plan.model.bases.items()
    ]
    rounds = ngettext("{count} round", "{count} rounds", len(closed)).format(count=len(closed))
    lines: tuple[tuple[str, Cell], ...] = (
        (_("Trained in"), Link(_("Run {n}").format(n=run.number), f"/runs/{run.id}")),
        (_("Combined"), rounds),
        (_("Begun from"), run_words.begins(plan)),
        (_("Base models"), "; ".join(named) or _("none")),
    )
    return Panel(_("Where it comes from"), (Facts(lines),))


def sheet(
    visit: Visit,
    federation: Federation,
    every: tuple[Release, ...],
    old: Release | None,
    new: Release | None,
) -> Sheet:
    base = f"/federations/{federation.id}/releases"
    panels: tuple[Panel, ...]
    if old is None or new is None or old.id == new.id:
        text = _("Two releases are needed, and there are not two to compare.")
        if len(every) > 1:
            text = _("Choose two different releases.")
        panels = (Panel(_("Nothing to compare"), (Empty(text),)),)
        says = ""
    else:
        before, after = _series(visit, old), _series(visit, new)
        panels = (
            Panel(_("How good they are"), (_figures(before, after, old, new),)),
            *_own_models(before, after, old, new),
            Panel(_("What changed"), (_parts(old, new),)),
        )
        says = _("Release {new} against release {old}.").format(new=new.number, old=old.number)
    chooser = (Panel(_("Which two"), (_form(base, every, old, new),)),) if len(every) > 1 else ()
    return Sheet(
        title=_("Compare releases of {name}").format(name=federation.name),
        says=says,
        asof=_("As of {time}").format(time=full(now())),
        crumbs=(*crumbs(federation), Link(_("Releases"), base), Link(_("Compare"), "")),
        panels=(*chooser, *panels),
        menu="federations",
    )


def _form(base: str, every: tuple[Release, ...], old: Release | None, new: Release | None) -> Form:
    options = tuple(Option(r.id, _("Release {n}").format(n=r.number)) for r in every)
    fields = tuple(
        Field(name, label, "select", value=shown.id if shown else "", options=options, short=True)
        for name, label, shown in (("old", _("Older"), old), ("new", _("Newer"), new))
    )
    return Form(f"{base}/compare", fields, (Button(_("Compare")),), method="get")


def _series(visit: Visit, row: Release) -> dict[str, Series]:
    run = runs.by_id(visit.session, row.run_id)
    assert run is not None
    figures = tallies.sums(visit.session, run.id)
    found = series.of_plan(
        runs.plan_of(run),
        figures,
        central=run.reference,
        choices=tallies.choices(visit.session, run.id),
    )
    return {one.task: one for one in found}


def _figures(
    before: dict[str, Series], after: dict[str, Series], old: Release, new: Release
) -> Part:
    """A task that only one of them knows has an empty cell; figures are each of its own run's hold-out records."""
    rows: list[tuple[Cell, ...]] = []
    for task in sorted(before.keys() | after.keys()):
        known = after.get(task) or before[task]
        rows.append(
            (
                known.target,
                known.metric.upper().replace("_", " "),
                _latest(before.get(task)),
                _latest(after.get(task)),
                _verdict(before.get(task), after.get(task)),
            )
        )
    columns = (
        Column(_("Task")),
        Column(_("Metric")),
        Column(_("Release {n}").format(n=old.number), True),
        Column(_("Release {n}").format(n=new.number), True),
        Column(_("So")),
    )
    return Table(_("On the sites’ hold-out records, after the last round"), columns, tuple(rows))


def _own_models(
    before: dict[str, Series], after: dict[str, Series], old: Release, new: Release
) -> tuple[Panel, ...]:
    """How many sites were better off with the model each of them uses; nothing where neither run had such models."""
    if not any(one.personal for one in (*before.values(), *after.values())):
        return ()
    rows: list[tuple[Cell, ...]] = [
        ((after.get(task) or before[task]).target, _told(before.get(task)), _told(after.get(task)))
        for task in sorted(before.keys() | after.keys())
    ]
    columns = (
        Column(_("Task")),
        Column(_("Release {n}").format(n=old.number)),
        Column(_("Release {n}").format(n=new.number)),
    )
    table = Table(
        _("Sites better off, unchanged, worse off than with the shared model"), columns, tuple(rows)
    )
    return (Panel(_("What the sites’ own models did"), (table,)),)


def _told(one: Series | None) -> Cell:
    if one is None or one.personal is None or one.personal.against_shared is None:
        return Nothing()
    told = one.personal.against_shared
    return _("{helped}, {unchanged}, {hurt} of {n} sites").format(
        helped=told.helped, unchanged=told.unchanged, hurt=told.hurt, n=told.count
    )


def _latest(one: Series | None) -> Cell:
    return Nothing() if one is None or one.latest is None else number(one.latest.value, 3)


def _verdict(before: Series | None, after: Series | None) -> Cell:
    if before is None or after is None or before.latest is None or after.latest is None:
        return Nothing()
    gap = after.latest.value - before.latest.value
    if abs(gap) <= run_figures.chance(before.latest, after.latest):
        return _("cannot be told apart")
    return (
        _("the newer is better")
        if (gap > 0) == after.higher_is_better
        else _("the older is better")
    )


def _parts(old: Release, new: Release) -> Part:
    rows: list[tuple[Cell, ...]] = []
    for name in sorted(old.modules.keys() | new.modules.keys()):
        if name not in old.modules:
            said = _("new")
        elif name not in new.modules:
            said = _("gone")
        else:
            said = _("the same") if old.modules[name] == new.modules[name] else _("changed")
        rows.append((name, said))
    columns = (Column(_("Model part")), Column(_("Between the two")))
    return Table(_("Model parts"), columns, tuple(rows))
