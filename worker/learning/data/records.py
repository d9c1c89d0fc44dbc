"""One site's records as arrays, mapped to a federation's task sheets. Knows no files and no torch."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from worker.protocol.tasks import TaskSheet

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Strings = npt.NDArray[np.str_]


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
    """Regression: float32 (n,), scaled by label_mean and label_sd. Else int64 (n,), index into labels. None missing."""
    student: Strings
    """(n,) keyed pseudonyms."""
    class_code: Strings
    term: Strings
    split: Strings
    """(n,) in {"train", "validation", "test"}; a student is in one split only."""
    groupings: dict[str, Strings] = field(default_factory=dict)
    """Topic and groups of the sheet that are known here: (n,) values of its list, "" = unknown. No model reads them."""


@dataclass(frozen=True)
class SiteData:
    """Everything a job may read at a site. A task the site has no data for is absent."""

    tasks: dict[str, TaskData]
    digest: str
    """SHA-256 of everything above in canonical form; it changes when a record does."""
