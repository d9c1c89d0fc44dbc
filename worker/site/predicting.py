"""Predictions student by student, for people at the site: written to a file here, logged here, sent nowhere."""

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from worker.learning.own import Modules, laid_over
from worker.protocol import code_words
from worker.protocol.codec import decode
from worker.protocol.codes import ClassUse
from worker.protocol.layout import read_by_bases
from worker.protocol.manifest import Manifest
from worker.protocol.meter import Told, silent
from worker.protocol.policy import Modality
from worker.protocol.text import _
from worker.site import files, records
from worker.site.faults import ObjectMismatch, SiteFault
from worker.site.site import Site

if TYPE_CHECKING:
    from worker.learning.asked import Predicted

COLUMNS = ("task", "student", "class", "term", "of", "prediction", "class_goes_by", "known_records")


@dataclass(frozen=True)
class Own:
    """A class of the list that goes by a part of its own."""

    task: str
    code: str
    term: str
    use: ClassUse


@dataclass(frozen=True)
class Listed:
    records: int
    own: tuple[Own, ...]


def write(site: Site, out: Path, reason: str, told: Told = silent) -> Listed:
    """The list of every record whose answer is not known yet; what it holds. Raises SiteFault, DataFault, DiskFull.

    The policy has to allow such lists; who asked for one, and why, is in `logs/student-lists.jsonl`.
    """
    folder = _allowed(site)
    manifest = _release(site)
    from worker.learning import asked
    from worker.learning.data.folder import load_asked

    data, names = load_asked(
        folder,
        manifest.tasks,
        pseudonym_key=site.keys.pseudonym,
        consent_age=records.consent_age(site.home),
    )
    found = asked.predictions(
        manifest,
        _modules(site, manifest),
        data,
        bases=_bases(site, manifest),
        cache_dir=files.folder(site.home.cache),
        own_dir=site.own.personal(manifest.run),
        on_progress=lambda phase, step, steps: told(code_words.phase(phase), step, steps),
    )
    count = sum(len(one.student) for one in found)
    _log(site, manifest, reason, count)
    files.write(out.absolute(), _table(found, names).encode())
    return Listed(count, _own(found))


def _own(found: "Iterable[Predicted]") -> tuple[Own, ...]:
    every = {
        Own(one.sheet.name, code, term, ClassUse(use))
        for one in found
        for code, term, use in zip(
            one.class_code.tolist(), one.term.tolist(), one.use.tolist(), strict=True
        )
        if use != ClassUse.INSTITUTION
    }
    return tuple(sorted(every, key=lambda own: (own.task, own.term, own.code)))


def _allowed(site: Site) -> Path:
    policy = site.policy()
    if policy is None or not policy.document.student_lists:
        raise SiteFault(
            _(
                "The policy in force here allows no list of students. Your institution can allow it in its policy; "
                "then run: collegium-site policy review"
            )
        )
    if site.config.data is None:
        raise SiteFault(_("No data folder is named. Run: collegium-site data use FOLDER"))
    return site.config.data


def _release(site: Site) -> Manifest:
    """The job that brought the release in use."""
    try:
        return Manifest.model_validate(site.home.read_json(site.home.release_file)["manifest"])
    except (KeyError, ValidationError) as error:
        raise SiteFault(
            _("No release is in use here yet. It comes by itself when a run of a federation ends.")
        ) from error


def _modules(site: Site, manifest: Manifest) -> Modules:
    try:
        shared = {
            name: decode(site.objects.here(ref.digest).read_bytes())
            for name, ref in sorted(manifest.modules.items())
        }
    except ObjectMismatch as error:
        raise SiteFault(
            _(
                "A part of the release is not on this computer any more. It comes again with the federation's next "
                "release."
            )
        ) from error
    return laid_over(shared, site.own.at(manifest.run, manifest.round), manifest.kept)


def _bases(site: Site, manifest: Manifest) -> dict[Modality, Path]:
    """They came with the release."""
    model = manifest.model
    return {
        modality: site.home.models / model.bases[modality].digest
        for modality in read_by_bases(model, manifest.tasks)
    }


def _log(site: Site, manifest: Manifest, reason: str, count: int) -> None:
    line = {
        "at": datetime.now(UTC).isoformat(),
        "reason": reason,
        "release": manifest.release,
        "records": count,
    }
    place = files.folder(site.home.logs) / "student-lists.jsonl"
    files.append(place, json.dumps(line, ensure_ascii=False).encode() + b"\n")


def _table(found: "Iterable[Predicted]", names: dict[str, str]) -> str:
    """One line for each record and number: of a yes-or-no task the chance of its last label, of several labels each
    one's chance, of a rubric each trait's number."""
    made = io.StringIO()
    out = csv.writer(made)
    out.writerow(COLUMNS)
    for one in found:
        sheet = one.sheet
        of = (
            sheet.labels[-1:] if sheet.kind == "binary" else (sheet.labels or sheet.traits or ("",))
        )
        numbers = one.prediction.reshape(len(one.student), -1)
        for place, student in enumerate(one.student.tolist()):
            who = (names.get(student, student), one.class_code[place], one.term[place])
            for name, number in zip(of, numbers[place], strict=True):
                cells = (sheet.name, *who, name)
                by, known = str(one.use[place]), str(one.known[place])
                out.writerow([*(_cell(str(cell)) for cell in cells), f"{number:.4g}", by, known])
    return made.getvalue()


def _cell(text: str) -> str:
    """No spreadsheet takes it for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
