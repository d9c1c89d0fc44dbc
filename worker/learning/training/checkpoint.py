"""A training's state on disk: written whole or not at all, read back only if it belongs to the same work.

Safetensors with the place in the plan as metadata. No pickle, so a stolen folder cannot run code here.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from worker.protocol.codec import Tensors


@dataclass(frozen=True)
class Place:
    """The next batch to train: batch `batch` of epoch `epoch`, both from 0."""

    epoch: int
    batch: int


def write(path: Path, fingerprint: str, place: Place, tensors: Tensors) -> None:
    """Atomic: a reader sees the old file or the new one. Raises OSError when the disk is full."""
    path.parent.mkdir(parents=True, exist_ok=True)
    meta = {"work": fingerprint, "place": json.dumps([place.epoch, place.batch])}
    whole = {name: np.ascontiguousarray(array) for name, array in sorted(tensors.items())}
    unfinished = path.with_name(path.name + ".part")
    with unfinished.open("wb") as out:
        out.write(save(whole, metadata=meta))
        out.flush()
        os.fsync(out.fileno())
    unfinished.replace(path)


def read(path: Path, fingerprint: str) -> tuple[Place, Tensors] | None:
    """None where there is nothing, something unreadable, or another work's checkpoint."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="np") as file:
            meta = file.metadata() or {}
            if meta.get("work") != fingerprint:
                return None
            epoch, batch = json.loads(meta["place"])
            return Place(epoch, batch), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, ValueError, KeyError, OSError):
        return None
