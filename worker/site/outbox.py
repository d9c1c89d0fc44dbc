"""What is finished and not yet accepted by the hub, on disk before its first byte leaves.

From then on only these bytes are sent for that round, whatever is retried: a job that comes again finds them
here and does not train again.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import AwareDatetime, BaseModel, ConfigDict

from worker.protocol.canonical import digest
from worker.protocol.codec import encode, flat
from worker.protocol.manifest import Manifest, Signed
from worker.protocol.messages import Answer
from worker.protocol.signatures import PrivateKey
from worker.protocol.update import Receipt, UpdatedModule, UpdateHeader
from worker.protocol.weights import rounded
from worker.site import files
from worker.site.faults import ObjectMismatch
from worker.site.home import software

if TYPE_CHECKING:
    from worker.learning.local import Contribution

_KEPT_S = 30 * 24 * 3600
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")


class _Record(BaseModel):
    """`update.json`: written after the bytes, so that where it is, they are whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str
    round: int
    modules: dict[str, UpdatedModule]
    body: str
    bytes: int
    receipt: Receipt
    trained: AwareDatetime
    software: str


class _Gone(BaseModel):
    """`gone.json`: of an update whose bytes were deleted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    body: str
    deleted: AwareDatetime


@dataclass(frozen=True)
class Kept:
    """An update's digest, and its bytes while they are here, else when they were deleted."""

    digest: str
    path: Path | None
    deleted: datetime | None = None


@dataclass(frozen=True)
class StoredUpdate:
    """One update as it will be sent."""

    path: Path
    record: _Record

    @property
    def digest(self) -> str:
        return self.record.body

    @property
    def size(self) -> int:
        return self.record.bytes

    def header(self, manifest: Manifest, claim: int, key: PrivateKey) -> Signed:
        """Signed anew for every claim; what it says of the bytes never changes."""
        record = self.record
        return key.seal(
            UpdateHeader(
                job=manifest.job,
                claim=claim,
                run=record.run,
                round=record.round,
                site=manifest.site,
                modules=record.modules,
                body=record.body,
                bytes=record.bytes,
                receipt=record.receipt,
                trained=record.trained,
                software=record.software,
            )
        )

    def chunk(self, offset: int, size: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(size)


class Outbox:
    """A folder per round for updates, a file per job for other answers."""

    def __init__(self, root: Path) -> None:
        self._root = files.folder(root)

    def store(
        self,
        manifest: Manifest,
        found: Mapping[str, "Contribution"],
        receipt: Receipt,
        *,
        counts: bool,
    ) -> StoredUpdate:
        """Encodes and keeps an update. Without `counts` (the policy keeps them here) its weights are powers of two.

        Raises DiskFull before anything is written.
        """
        body = encode(flat({module: own.delta for module, own in found.items()}))
        modules = {
            module: UpdatedModule(
                base=manifest.modules[module].digest,
                weight=own.weight if counts else rounded(own.weight),
            )
            for module, own in found.items()
        }
        record = _Record(
            run=manifest.run,
            round=manifest.round,
            modules=modules,
            body=digest(body),
            bytes=len(body),
            receipt=receipt,
            trained=datetime.now(UTC),
            software=software(),
        )
        folder = files.folder(self._folder(manifest))
        files.write(folder / "update.safetensors", body)
        files.write(folder / "update.json", record.model_dump_json().encode())
        return StoredUpdate(folder / "update.safetensors", record)

    def find(self, manifest: Manifest) -> StoredUpdate | None:
        """The update of this round, if it was finished before.

        Raises ObjectMismatch when the round now starts from another base: the stored bytes do not fit it, and
        others may not be made for a round some were made for.
        """
        folder = self._folder(manifest)
        if not (folder / "update.json").is_file():
            return None
        record = _Record.model_validate_json((folder / "update.json").read_bytes())
        for name, module in record.modules.items():
            if name not in manifest.modules or manifest.modules[name].digest != module.base:
                raise ObjectMismatch(f"round {record.round} starts from another base now")
        return StoredUpdate(folder / "update.safetensors", record)

    def store_answer(self, job: str, said: Answer) -> None:
        """An answer other than an update. Its claim is that of the one who stored it."""
        files.write(self._answer(job), said.model_dump_json(exclude_none=True).encode())

    def find_answer(self, job: str, claim: int) -> Answer | None:
        """What was answered before, to be said again under this claim."""
        path = self._answer(job)
        if not path.is_file():
            return None
        return Answer.model_validate_json(path.read_bytes()).model_copy(update={"claim": claim})

    def drop_answer(self, job: str) -> None:
        """The hub has it."""
        self._answer(job).unlink(missing_ok=True)

    def waiting(self) -> list[str]:
        """Jobs whose answer the hub may not have yet."""
        return sorted(path.stem for path in self._root.glob("*.answer"))

    def kept(self, run: str, round_: int) -> "Kept | None":
        """What is left here of the update of that round; None if it was never here, or its folder is gone."""
        folder = self._root / f"{safe_name(run)}.{round_}"
        try:
            gone = _Gone.model_validate_json((folder / "gone.json").read_bytes())
        except FileNotFoundError:
            if not (folder / "update.json").is_file():
                return None
            record = _Record.model_validate_json((folder / "update.json").read_bytes())
            return Kept(record.body, folder / "update.safetensors")
        return Kept(gone.body, None, gone.deleted)

    def rounds(self, run: str) -> list[int]:
        """Those of this run that an update was finished for, also where its bytes are deleted."""
        found = (path.name.rpartition(".") for path in self._root.glob(f"{safe_name(run)}.*"))
        numbers = (int(number) for name, _dot, number in found if name == run and number.isdigit())
        return [number for number in numbers if self.kept(run, number) is not None]

    def prune(self) -> None:
        """Rounds of a month ago are over: their bytes go; that they went stays."""
        oldest = time.time() - _KEPT_S
        for path in self._root.iterdir():
            if path.stat().st_mtime < oldest:
                if path.is_dir():
                    _forget(path)
                else:
                    path.unlink(missing_ok=True)

    def _folder(self, manifest: Manifest) -> Path:
        return self._root / f"{safe_name(manifest.run)}.{manifest.round}"

    def _answer(self, job: str) -> Path:
        return self._root / f"{safe_name(job)}.answer"


def _forget(folder: Path) -> None:
    record = folder / "update.json"
    if record.is_file():
        body = _Record.model_validate_json(record.read_bytes()).body
        gone = _Gone(body=body, deleted=datetime.now(UTC))
        files.write(folder / "gone.json", gone.model_dump_json().encode())
        record.unlink()
    (folder / "update.safetensors").unlink(missing_ok=True)


def safe_name(name: str) -> str:
    """An id of the hub as a file name. Raises ObjectMismatch for anything that is not plainly one."""
    if not _NAME.fullmatch(name):
        raise ObjectMismatch("an id is no plain name")
    return name
