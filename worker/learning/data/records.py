"""One site's records as arrays, mapped to a federation's task sheets. Knows no files and no torch."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from worker.protocol.tasks import TaskSheet

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Strings = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Events:
    """One events input: the sequences of n records, one after the other."""

    offsets: Integers
    """(n + 1,): the events of record i are [offsets[i], offsets[i + 1])."""
    categorical: Integers
    """(events, categorical columns), as `TaskData.categorical`."""
    numeric: Floats
    """(events, numeric columns), scaled; missing = NaN."""

    @property
    def lengths(self) -> Integers:
        """(n,)"""
        return np.diff(self.offsets)

    def places(self, rows: Integers) -> Integers:
        """The events of these records, in their order."""
        spans = [np.arange(self.offsets[row], self.offsets[row + 1]) for row in rows]
        return np.concatenate(spans) if spans else np.empty(0, np.int64)

    @classmethod
    def joined(cls, parts: "Sequence[Events]") -> "Events":
        """The records of all parts, in order."""
        lengths = np.concatenate([part.lengths for part in parts])
        return cls(
            np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            np.concatenate([part.categorical for part in parts]),
            np.concatenate([part.numeric for part in parts]),
        )


@dataclass(frozen=True)
class Media:
    """One audio or image input: n files at the site, "" = none, and the SHA-256 of what each holds."""

    paths: tuple[str, ...]
    digests: tuple[str, ...]


@dataclass(frozen=True)
class TaskData:
    """One task's records at one site, already mapped to the task sheet. n rows, aligned everywhere."""

    sheet: TaskSheet
    numeric: Floats
    """(n, n_numeric), scaled by the sheet's mean and sd; missing = NaN; sheet order of numeric inputs."""
    categorical: Integers
    """(n, n_categorical), index into the sheet's values in sheet order: 0 = missing or unseen, k = values[k-1]."""
    text: dict[str, list[str]]
    """Per text input: n strings, "" = missing."""
    label: npt.NDArray[Any]
    """Regression: float32 (n,), scaled by label_mean and label_sd; rubric: (n, traits) of them, NaN = not judged.
    Next answer: zeros, for the answers stand among the events. Else int64 (n,), index into labels. None missing."""
    student: Strings
    """(n,) keyed pseudonyms."""
    class_code: Strings
    term: Strings
    split: Strings
    """(n,) in {"train", "validation", "test"}; a student is in one split only."""
    events: dict[str, Events] = field(default_factory=dict)
    """Per events input."""
    media: dict[str, Media] = field(default_factory=dict)
    """Per audio and image input."""
    groupings: dict[str, Strings] = field(default_factory=dict)
    """Topic and groups of the sheet that are known here: (n,) values of its list, "" = unknown. No model reads them."""


@dataclass(frozen=True)
class SiteData:
    """Everything a job may read at a site. A task the site has no data for is absent."""

    tasks: dict[str, TaskData]
    digest: str
    """SHA-256 of everything above in canonical form; it changes when a record does."""
