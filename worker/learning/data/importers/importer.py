"""The one shape of all importers: options are read, the set is made into sites, and all is written or nothing."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from worker.learning.data.importers.download import Download
from worker.learning.data.importers.results import (
    Chosen,
    Imported,
    Made,
    Option,
    SiteFolder,
    SourceFault,
)
from worker.learning.data.write import place, whole_folder, write_dataset, write_sheets
from worker.protocol.meter import Told, silent
from worker.protocol.tasks import TaskSheet
from worker.protocol.text import _

RECORDS = "records.csv.gz"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class Importer:
    """One public set. `make` reads the download and says what is to be written."""

    name: str
    title: str
    """With the licence, as far as it is known."""
    options: tuple[Option, ...]
    make: Callable[[Download, Chosen], Made]
    consent: str
    """What the set tells of ages and consent, and what the data steward decides: a marked sentence."""

    def run(self, src: Path, dst: Path, *, told: Told = silent, **options: Any) -> Imported:
        """`src`: the download as it comes. `told` hears of what takes time. Raises `SourceFault`, `DestinationInUse`,
        each a sentence for people."""
        chosen = {o.name: options.pop(o.name, o.default) for o in self.options}
        if options:
            raise SourceFault(_("Unknown option {name}.").format(name=sorted(options)[0]))
        with whole_folder(dst) as part:
            made = self.make(Download(src, told), chosen)
            count, sites = 0, []
            for site in made.sites:
                sites.append(_safe(site.site))
                count += len(site.records["student"])
                _write(part / site.site, site, made.sheets)
            for done, (name, file, content) in enumerate(made.media, start=1):
                (part / name / file).parent.mkdir(parents=True, exist_ok=True)
                place(part / name / file, content)
                told(_("Copying recordings and images"), done, made.media_count)
            sheets = made.heard(part, told) if made.heard else made.sheets
            files = write_sheets(part / "tasks", sheets) if sheets else []
        return Imported(
            {name: dst / name for name in sites},
            sheets,
            tuple(dst / file.relative_to(part) for file in files),
            count,
            (*made.notes, _(self.consent)),
        )


def _safe(site: str) -> str:
    """A site's name may come from the download and becomes a folder: it is checked before it does."""
    if not _NAME.fullmatch(site):
        what = _("The download names a site {name!r}: is this the official download?")
        raise SourceFault(what.format(name=site[:40]))
    return site


def _write(folder: Path, site: SiteFolder, sheets: tuple[TaskSheet, ...]) -> None:
    dataset = {
        "name": site.name,
        "title": site.title,
        "simulated": False,
        "student": "student",
        "class": "class",
        "term": "term",
        "split": "split",
        "records": RECORDS,
        "modalities": [{"file": RECORDS, **modality} for modality in site.modalities],
    }
    if site.of_age:
        dataset["consent"] = {"everyone_of_age": True}
    if site.key:
        dataset["key"] = list(site.key)
    if sheets:
        dataset["tasks"] = {s.name: {"kind": s.kind, "label": s.label} for s in sheets}
    write_dataset(folder, dataset, {RECORDS: site.records, **site.tables})
