"""The runs this site has worked for: the terms of the first job it took, and how far it came. A file per run.

A hub that changes its mind, or was put back from a copy, is told by what stands here.
"""

import json
from dataclasses import dataclass

from worker.protocol import run_terms
from worker.protocol.manifest import Manifest
from worker.protocol.run_terms import RunTerms
from worker.site import files
from worker.site.home import Home
from worker.site.outbox import Outbox, safe_name


@dataclass(frozen=True)
class Met:
    """`terms`: the digest of the first job's, as this version writes them. `trained`: the newest round an update was
    finished for. `gone`: the bytes of that update are deleted."""

    terms: str | None = None
    trained: int | None = None
    gone: bool = False


def of(home: Home, outbox: Outbox, run: str) -> Met:
    """Raises ObjectMismatch for a run whose id is no plain name."""
    found = home.read_json(home.runs / f"{safe_name(run)}.json")
    newest = max(outbox.rounds(run), default=None)
    kept = None if newest is None else outbox.kept(run, newest)
    terms = RunTerms.model_validate(found["terms"]).digest if found else None
    return Met(terms, newest, kept is not None and kept.path is None)


def remember(home: Home, manifest: Manifest) -> None:
    """The first job of a run fixes its terms. Raises DiskFull: what cannot be remembered cannot be held to."""
    path = home.runs / f"{safe_name(manifest.run)}.json"
    if not path.is_file():
        said = {"terms": run_terms.of(manifest).model_dump(mode="json")}
        files.write(path, json.dumps(said).encode())
