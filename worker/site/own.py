"""The site's own part of each run's model, on its disk: a file per run and round, which never leaves. Beside them,
the run's own model near the shared one, where it has one (`personal`).

Written before the round's update is, so that a kill at any moment, or the same job again, gives the very same
bytes: a round always starts from the newest file of an earlier one. A lost file means starting from the base.
"""

import json
import logging
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from worker.learning.own import Own
from worker.protocol.codec import by_module, flat
from worker.protocol.kept import KeptRows
from worker.site import files
from worker.site.outbox import safe_name

logger = logging.getLogger(__name__)
_ROUNDS = 4
"""Files kept of a run: evaluations come while the next rounds train."""
_KEPT_S = 400 * 24 * 3600
"""A release that has not been used for so long is not gone back to."""


class OwnParts:
    """`root/<run>/<round>.safetensors`, mode 0600."""

    def __init__(self, root: Path) -> None:
        self._root = files.folder(root)

    def before(self, run: str, number: int) -> Own:
        """What a training of round `number` starts from: the newest one of an earlier round, or nothing."""
        return self._newest(run, lambda found: found < number)

    def at(self, run: str, number: int) -> Own:
        """What belongs to the model after round `number`; where that is gone already, the oldest there is."""
        rounds = sorted(self._rounds(run))
        return self._newest(run, lambda one: one <= max(number, *rounds[:1]))

    def _newest(self, run: str, wanted: Callable[[int], bool]) -> Own:
        for number in sorted(filter(wanted, self._rounds(run)), reverse=True):
            found = self._read(run, number)
            if found is not None:
                return found
        return Own()

    def write(self, run: str, number: int, own: Own) -> None:
        """Raises DiskFull before anything is written. Files of older rounds go."""
        kept = {module: rows.model_dump(mode="json") for module, rows in sorted(own.kept.items())}
        body = save(dict(sorted(flat(own.values).items())), metadata={"kept": json.dumps(kept)})
        files.write(files.folder(self._folder(run)) / f"{number}.safetensors", bytes(body))
        for old in sorted(self._rounds(run))[:-_ROUNDS]:
            self._file(run, old).unlink(missing_ok=True)

    def personal(self, run: str) -> Path:
        """The folder of the site's own model near the shared one of this run."""
        return files.folder(files.folder(self._folder(run)) / "personal")

    def forget_personal(self) -> None:
        """All of them: who empties the cache, which holds what was learnt from records, means these too."""
        for path in self._root.glob("*/personal"):
            shutil.rmtree(path, ignore_errors=True)

    def prune(self, in_use: str | None) -> None:
        """Runs of long ago are over, but for the one whose release predicts here."""
        oldest = time.time() - _KEPT_S
        for path in self._root.iterdir():
            if path.name != in_use and path.stat().st_mtime < oldest:
                shutil.rmtree(path, ignore_errors=True)

    def _read(self, run: str, number: int) -> Own | None:
        try:
            with safe_open(self._file(run, number), framework="np") as file:
                plain = json.loads((file.metadata() or {})["kept"])
                kept = {module: KeptRows.model_validate(rows) for module, rows in plain.items()}
                return Own(by_module({n: file.get_tensor(n) for n in file.keys()}), kept)  # noqa: SIM118
        except (SafetensorError, ValueError, KeyError, OSError) as error:
            logger.warning("own part of run %s, round %s, cannot be read: %s", run, number, error)
            return None

    def _rounds(self, run: str) -> list[int]:
        return [int(path.stem) for path in self._folder(run).glob("*.safetensors")]

    def _folder(self, run: str) -> Path:
        return self._root / safe_name(run)

    def _file(self, run: str, number: int) -> Path:
        return self._folder(run) / f"{number}.safetensors"
