"""From a site's records to batches: which rows train, in which order, and the tensors of one batch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from worker.learning.data.records import SiteData, TaskData
from worker.learning.model.batch import Batch, TextBatch
from worker.learning.seeds import derive
from worker.learning.training.frozen import TextKeys, text_keys
from worker.learning.training.state_cache import StateCache

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
SORTED_BATCHES = 8
"""Records are sorted by text length within this many batches: less padding, still a shuffled order."""


@dataclass(frozen=True)
class Source:
    """One task's records with the keys of their frozen text states."""

    data: TaskData
    texts: tuple[TextKeys, ...]
    cache: StateCache | None

    def rows(self, split: str) -> Rows:
        return np.flatnonzero(self.data.split == split)

    @property
    def has_table(self) -> Flags:
        """(n,) True where a record has a table value."""
        numeric = np.any(~np.isnan(self.data.numeric), axis=1)
        categorical = np.any(self.data.categorical > 0, axis=1)
        found: Flags = np.logical_or(numeric, categorical)
        return found

    @property
    def has_text(self) -> Flags:
        """(n,) True where a record has a text."""
        found = [np.array([key != "" for key in given.keys], bool) for given in self.texts]
        none = np.zeros(len(self.data.label), bool)
        some: Flags = np.logical_or.reduce([none, *found])
        return some

    def lengths(self) -> Rows:
        """(n,) tokens of the longest text of each record."""
        none = np.zeros(len(self.data.label), np.int64)
        longest: Rows = np.maximum.reduce([none, *(given.lengths for given in self.texts)])
        return longest

    def batch(self, rows: Rows, text: tuple[TextBatch, ...] | None = None) -> Batch:
        """`text`: the same records' text as another task of theirs has it, to be read and encoded once."""
        data = self.data
        return Batch(
            task=data.sheet.name,
            numeric=torch.from_numpy(np.ascontiguousarray(data.numeric[rows])),
            categorical=torch.from_numpy(np.ascontiguousarray(data.categorical[rows])),
            text=tuple(self._text(given, rows) for given in self.texts) if text is None else text,
            label=torch.from_numpy(np.ascontiguousarray(data.label[rows])),
        )

    def _text(self, given: TextKeys, rows: Rows) -> TextBatch:
        keys = {place: given.keys[row] for place, row in enumerate(rows) if given.keys[row]}
        known = self.cache.get(keys.values()) if self.cache is not None else {}
        found = {place: known[key] for place, key in keys.items()}
        longest = max((len(states) for states in found.values()), default=1)
        width = next((states.shape[1] for states in found.values()), 1)
        padded = np.zeros((len(rows), longest, width), np.float32)
        mask = np.zeros((len(rows), longest), bool)
        for place, states in found.items():
            padded[place, : len(states)] = states
            mask[place, : len(states)] = True
        present = mask.any(axis=1)
        return TextBatch(
            torch.from_numpy(padded), torch.from_numpy(mask), torch.from_numpy(present)
        )


def sources(
    data: SiteData, tasks: Sequence[str], cache: StateCache | None, *, text: bool
) -> list[Source]:
    """The site's records of these tasks, by task name. `text`: the model reads text at all."""
    return [
        Source(data.tasks[name], text_keys(data.tasks[name], cache) if text else (), cache)
        for name in sorted(tasks)
        if name in data.tasks
    ]


@dataclass(frozen=True)
class Step:
    """The rows of one step, in every task of `sources`: tasks on the same texts go together."""

    sources: tuple[int, ...]
    rows: Rows

    def batches(self, given: Sequence[Source]) -> list[Batch]:
        first = given[self.sources[0]].batch(self.rows)
        return [first, *(given[other].batch(self.rows, first.text) for other in self.sources[1:])]


def together(given: Sequence[Source], rows: Sequence[Rows]) -> list[tuple[int, ...]]:
    """Tasks of the same texts and the same rows, in order: their texts are encoded once for all of them."""
    groups: dict[object, tuple[int, ...]] = {}
    for index, (source, own) in enumerate(zip(given, rows, strict=True)):
        keys = tuple(text.keys for text in source.texts)
        key = (keys, own.tobytes()) if keys else index
        groups[key] = (*groups.get(key, ()), index)
    return list(groups.values())


def epoch(
    given: Sequence[Source], rows: Sequence[Rows], size: int, seed: int, number: int
) -> list[Step]:
    """Every row once, shuffled by (seed, epoch) and nothing else."""
    shuffle = np.random.default_rng(derive("epoch", seed, number))
    steps = []
    for group in together(given, rows):
        order = _by_length(shuffle.permutation(rows[group[0]]), given[group[0]], size)
        steps += [Step(group, order[start : start + size]) for start in range(0, len(order), size)]
    return [steps[place] for place in shuffle.permutation(len(steps))]


def _by_length(order: Rows, source: Source, size: int) -> Rows:
    if not source.texts or not len(order):
        return order
    lengths, span = source.lengths(), size * SORTED_BATCHES
    parts = [order[start : start + span] for start in range(0, len(order), span)]
    return np.concatenate([part[np.argsort(lengths[part], kind="stable")] for part in parts])
