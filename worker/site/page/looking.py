"""`python -m worker.site.page.looking readiness|data LOCALE [tell]`: looks, prints one JSON object, ends."""

import json
import sys
from dataclasses import asdict
from typing import Any

from worker.protocol.text import use_locale
from worker.site import readiness, records, sheets
from worker.site.home import Home, find
from worker.site.site import open_site


def main() -> None:
    name, locale, *more = sys.argv[1:]
    use_locale(locale)
    said = {"readiness": _readiness, "data": _data}[name](find(), "tell" in more)
    json.dump(said, sys.stdout)


def _readiness(home: Home, tell: bool) -> dict[str, Any]:
    """The checks of `collegium-site check`; with `tell` the hub learns them, too."""
    site = open_site(home)
    found: list[readiness.Check] = []
    if tell:
        readiness.look_and_tell(site, found.append)
    else:
        found = list(readiness.checks(site))
    return {"checks": [asdict(check) for check in found]}


def _data(home: Home, tell: bool) -> dict[str, Any]:
    """Faults and fits, as `collegium-site data check` finds them. They may quote records: for the page only."""
    from worker.learning.data.check import inspect
    from worker.learning.data.findings import DataFault

    folder, known = home.config().data, sheets.known(home)
    if folder is None:
        return {"folder": None, "faults": [], "fits": []}
    try:
        found = inspect(folder, known, records.consent_age(home))
    except DataFault as fault:
        return {"folder": str(folder), "faults": [asdict(one) for one in fault.faults], "fits": []}
    fits = [
        {**asdict(fit), "target": sheet.target}
        for fit, sheet in zip(found.fits, known, strict=True)
    ]
    faults = [asdict(one) for one in found.faults]
    return {"folder": str(folder), "faults": faults, "fits": fits, "excluded": found.excluded}


if __name__ == "__main__":
    main()
