"""What a run that waits for a person here asks, in plain words: the same on the page and in the terminal."""

from collections.abc import Sequence
from dataclasses import dataclass

from worker.protocol import code_words, layout, run_terms, words
from worker.protocol.canonical import digest_of
from worker.protocol.manifest import Manifest
from worker.protocol.pages import number
from worker.protocol.run_terms import RunTerms
from worker.protocol.tasks import TaskSheet
from worker.protocol.text import _, ngettext
from worker.site import accepted
from worker.site.faults import SiteFault
from worker.site.home import Home


@dataclass(frozen=True)
class Column:
    """An input of a sheet and where it comes from here; None: the folder does not name it."""

    name: str
    what: str
    ours: str | None


@dataclass(frozen=True)
class Task:
    name: str
    target: str
    purpose: str
    answer: str
    columns: tuple[Column, ...]
    digest: str


@dataclass(frozen=True)
class Part:
    """What leaves of one model part in each round, in bytes, at most."""

    name: str
    what: str
    bytes: int


@dataclass(frozen=True)
class Asked:
    """`agreed`: all that a yes covers. `others`: names, as the hub told them."""

    run: str
    agreed: RunTerms
    tasks: tuple[Task, ...]
    parts: tuple[Part, ...]
    others: tuple[str, ...]
    cohort: int
    base_models: tuple[str, ...]
    policy: tuple[str, ...]
    """What the policy in force here says; empty where none is."""

    @property
    def terms(self) -> str:
        return self.agreed.digest

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in self.parts)


def waiting(home: Home, run: str) -> Asked | None:
    """None for a run that does not wait for a person here."""
    manifest = accepted.waiting(home).get(run)
    return None if manifest is None else in_words(home, manifest)


def in_words(home: Home, manifest: Manifest) -> Asked:
    columns = _columns(home)
    try:
        policy = accepted.current(home)
    except SiteFault:
        policy = None
    return Asked(
        run=manifest.run,
        agreed=run_terms.of(manifest),
        tasks=tuple(_task(sheet, columns.get(sheet.name)) for sheet in manifest.tasks),
        parts=_parts(manifest),
        others=manifest.partners,
        cohort=manifest.cohort,
        base_models=tuple(f"{one.name} ({one.digest})" for one in manifest.model.bases.values()),
        policy=tuple(words.in_words(policy.document)) if policy else (),
    )


def _columns(home: Home) -> dict[str, dict[str, str | None]]:
    """Task to the sheet's input to our column, as dataset.yaml says; a folder that cannot be read says nothing."""
    from worker.learning.data.document import read_dataset

    folder = home.config().data
    dataset = read_dataset(folder)[0] if folder is not None else None
    if dataset is None:
        return {}
    own = {column for modality in dataset.modalities for column in modality.columns}
    files = {m.file: m for m in dataset.modalities}
    named = {name: dict(task.inputs) for name, task in dataset.tasks.items()}
    for inputs in named.values():
        inputs |= {name: name for name in own if name not in inputs}
        inputs |= {m.kind: m.file for m in files.values() if m.kind == "events"}
    return named


def _task(sheet: TaskSheet, ours: dict[str, str | None] | None) -> Task:
    columns = []
    for one in sheet.inputs:
        place = (ours or {}).get("events" if one.kind == "events" else one.name)
        columns.append(Column(one.name, words.choice_in_words(one.modality), place))
    return Task(
        name=sheet.name,
        target=sheet.target,
        purpose=words.choice_in_words(sheet.purpose),
        answer=words.choice_in_words(sheet.kind),
        columns=tuple(columns),
        digest=digest_of(sheet),
    )


def _parts(manifest: Manifest) -> tuple[Part, ...]:
    """By the sizes of the parts the job starts from: an update has the same, an adapter its share by rank."""
    share = 1.0 if manifest.rank is None else manifest.rank / manifest.model.rank
    found = []
    for name, ref in sorted(manifest.modules.items()):
        size = ref.bytes * (share if name == layout.ADAPTER else 1.0)
        found.append(Part(name, code_words.module(name), round(size)))
    return tuple(found)


def lines(asked: Asked) -> Sequence[str]:
    """For the terminal, in the order of the page."""
    said = [_("Run {run}").format(run=asked.run)]
    for task in asked.tasks:
        said += ["", f"{task.name}: {task.target}"]
        purpose = _("Purpose: {purpose}. It predicts {answer}.")
        said.append("  " + purpose.format(purpose=task.purpose, answer=task.answer))
        said += [f"  {one.name} ({one.what}) ← {one.ours or _('not here')}" for one in task.columns]
        said.append("  " + _("Digest: {digest}").format(digest=task.digest))
    said += ["", _("What leaves in each round")]
    said += [f"  {part.what}: {number(part.bytes)} B" for part in asked.parts]
    said.append("  " + _("At most {n} bytes in all.").format(n=number(asked.bytes)))
    said += ["", who(asked)]
    said += [_("Base model: {name}").format(name=name) for name in asked.base_models]
    said += ["", _("What the policy here says"), *(f"  {line}" for line in asked.policy)]
    return [*said, "", _("Digest of all you say yes to: {digest}").format(digest=asked.terms)]


def who(asked: Asked) -> str:
    """Who else takes part, as the hub said when the run asked."""
    if not asked.others:
        said = ngettext(
            "{n} institution is asked; the hub did not name the others.",
            "{n} institutions are asked; the hub did not name the others.",
            asked.cohort,
        )
        return said.format(n=asked.cohort)
    return _("Also asked: {names}.").format(names=", ".join(asked.others))
