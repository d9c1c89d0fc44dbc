"""Are the records usable? Faults by file and row with a fix, and how the folder serves each task sheet.

What stands here may quote records: it is shown at the site and goes into no log.
"""

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from worker.protocol.text import _, ngettext
from worker.site.page import render
from worker.site.page.looks import Found, wait_until_done
from worker.site.page.moments import clock
from worker.site.page.visit import Visit, see_other

_FIRST_S = 4.0


@dataclass(frozen=True)
class Place:
    """A fault, with where it is in words."""

    fault: dict[str, Any]

    @property
    def where(self) -> str:
        file, row, column = (self.fault[name] for name in ("file", "row", "column"))
        table = file.endswith((".csv", ".gz", ".parquet"))
        parts = [file]
        if row is not None:
            parts.append(f"{_('row') if table else _('line')} {row}")
        if column is not None:
            parts.append(_("column {name}").format(name=column))
        return ", ".join(parts)


@dataclass(frozen=True)
class Records:
    """`fits` holds one entry per task sheet that this site has met."""

    title: str
    says: str
    asof: str
    folder: str
    faults: tuple[Place, ...]
    hints: tuple[Place, ...]
    fits: tuple[dict[str, Any], ...]
    excluded: dict[str, int]
    """Reason to students. It is shown here and told to nobody."""
    looked: bool
    looking: bool
    menu: str = "data"


def show(visit: Visit) -> Response:
    look = visit.state.look("data")
    found = look.found(within_s=_FIRST_S)
    said = (found.said if found else None) or {"folder": None, "faults": [], "fits": []}
    content = Records(
        title=_("Are the records usable?"),
        says=_says(found),
        asof=_("As of {time}").format(time=clock(found.at)) if found else "",
        folder=said["folder"] or "",
        faults=tuple(Place(fault) for fault in said["faults"] if fault["blocks"]),
        hints=tuple(Place(fault) for fault in said["faults"] if not fault["blocks"]),
        fits=tuple(said["fits"]),
        excluded=said.get("excluded", {}),
        looked=found is not None and found.said is not None,
        looking=look.is_running,
    )
    return render.page(visit.request, "site/data.html", content)


def _says(found: Found | None) -> str:
    if found is None:
        return _("They are being looked at.")
    if found.said is None:
        return _("The look broke off. Run “collegium-site data check FOLDER”: it says why.")
    if found.said["folder"] is None:
        return _("No data folder is named.")
    blocking = sum(fault["blocks"] for fault in found.said["faults"])
    if blocking:
        said = ngettext("Not yet: {n} fault.", "Not yet: {n} faults.", blocking)
        return said.format(n=blocking)
    unfit = [fit["task"] for fit in found.said["fits"] if not fit["usable"]]
    if unfit:
        return _("Yes, but not for: {names}.").format(names=", ".join(unfit))
    return _("Yes. The folder can be used.")


def check(visit: Visit) -> Response:
    """Looks again."""
    look = visit.state.look("data")
    look.start()
    wait_until_done(look, _FIRST_S)
    return see_other("/data")
