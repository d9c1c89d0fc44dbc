"""Before a run is proposed: who can take part and why not, what it costs, whether the sites' hours leave the time."""

from app.federations import compatibility, queries
from app.federations.compatibility import Matrix, Row
from app.federations.models import Federation
from app.policies import fit
from app.runs.forecast import Fits, Forecast, SiteForecast
from app.text import _, ngettext
from app.web.moments import in_words, sentence, size, span
from app.web.pages import run_words
from app.web.parts import (
    Cell,
    Column,
    Empty,
    Facts,
    Link,
    Links,
    No,
    Note,
    Nothing,
    Part,
    Table,
    Yes,
)


def who(federation: Federation, matrix: Matrix) -> tuple[Part, ...]:
    """The lead reads the names of the rules that refuse."""
    rows = tuple((r.member.institution.name, _allows(r)) for r in matrix.rows)
    columns = (Column(_("Member")), Column(_("Policy allows it")))
    link = Link(_("See the rules"), f"/federations/{federation.id}/compatibility")
    return (Table(_("A forecast"), columns, rows), Links((link,)))


def _allows(row: Row) -> Cell:
    if row.allows:
        return Yes(_("Yes"))
    return No(" ".join((_("No."), *(fit.sentence(code) for code in row.rules or ()))))


def cost(federation: Federation, found: Forecast, rounds: int) -> Facts:
    terms, amount = queries.terms(federation), _("known once the first weights are made")
    if found.bytes_up is not None:
        amount = _("about {each} a round, {all} in all").format(
            each=size(found.bytes_up), all=size(found.bytes_up * rounds)
        )
    return Facts(
        (
            (_("Longest it can take"), span(rounds * found.deadline_s)),
            (_("Leaves each site"), amount),
            (_("Noise"), run_words.noise()),
            (
                _("Asks for approval of"),
                _("each member whose policy says so, within {n} days").format(
                    n=terms.approval_days
                ),
            ),
        ),
        stacked=True,
    )


def hours(found: Forecast) -> tuple[Part, ...]:
    """A line per site, after a warning for those that can never answer in time."""
    if not found.sites:
        return (Empty(_("No member that may take part has a site that is ready.")),)
    never = [one for one in found.sites if one.fits is Fits.NEVER]
    warned: tuple[Part, ...] = ()
    if never:
        said = ngettext(
            "{n} site can never answer in time: before a round’s deadline it is open for less than its last updates "
            "took. Give a round more time, or ask it for other hours.",
            "{n} sites can never answer in time: before a round’s deadline they are open for less than their last "
            "updates took. Give a round more time, or ask them for other hours.",
            len(never),
        )
        warned = (Note(sentence(said.format(n=in_words(len(never))))),)
    columns = (
        Column(_("Site")),
        Column(_("Working hours")),
        Column(_("Open before a deadline")),
        Column(_("Took before")),
        Column(_("In time?")),
    )
    text = _("A round of {span}, whenever it starts").format(span=span(found.deadline_s))
    return (*warned, Table(text, columns, tuple(_line(one) for one in found.sites)))


def _line(one: SiteForecast) -> tuple[Cell, ...]:
    said = one.site.readiness
    window: str = _("always")
    if said.get("hours_from") and said.get("hours_to"):
        window = _("{start} to {end} ({zone})").format(
            start=said["hours_from"], end=said["hours_to"], zone=said.get("time_zone") or "UTC"
        )
    open_for = span(one.least_s)
    if round(one.least_s) != round(one.most_s):
        open_for = _("{least} to {most}").format(least=span(one.least_s), most=span(one.most_s))
    fits: dict[Fits, Cell] = {
        Fits.ALWAYS: Yes(_("Yes")),
        Fits.SOMETIMES: No(_("Only if a round starts at a good moment")),
        Fits.NEVER: No(_("Never")),
    }
    took: Cell = Nothing() if one.work_s is None else span(one.work_s)
    return (f"{one.institution.name}, {one.site.name}", window, open_for, took, fits[one.fits])


def lacking(matrix: compatibility.Matrix) -> str:
    """Why no round could open now."""
    if matrix.enough:
        return ""
    text = _(
        "A run needs {need} independent institutions, and {have} allow it now. The invited count once they accept."
    )
    return " " + text.format(need=matrix.minimum_cohort, have=matrix.cohort)
