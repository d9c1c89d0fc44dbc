"""A page that refreshes itself: where it looks, and how a person stops it."""

from dataclasses import dataclass

from app.web.visit import Visit


@dataclass(frozen=True)
class Look:
    """`on` while the page looks by itself; `can` while there is something to look for."""

    path: str
    quiet: str
    on: bool
    can: bool


def at(visit: Visit, path: str, can: bool) -> Look:
    mark = "&" if "?" in path else "?"
    stopped = visit.request.query_params.get("look") == "no"
    return Look(path, f"{path}{mark}look=no", can and not stopped, can)
