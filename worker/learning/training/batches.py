"""From a site's records to batches: which rows train, in which order, and the tensors of one batch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from worker.learning.data.records import Events, SiteData, TaskData
from worker.learning.model.batch import Batch, EventBatch, States
from worker.learning.seeds import derive
from worker.learning.training.frozen import Stored, text_keys
from worker.learning.training.perceiving import Perceived
from worker.learning.training.state_cache import StateCache
from worker.protocol.policy import Modality

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
SORTED_BATCHES = 8
"""Records are sorted by length within this many batches: less padding, still a shuffled order."""


@dataclass(frozen=True)
class Source:
    """One task's records with the keys of what is stored of their texts, recordings and images."""

    data: TaskData
    texts: tuple[Stored, ...] = ()
    audio: tuple[Stored, ...] = ()
    images: tuple[Stored, ...] = ()

    def rows(self, split: str) -> Rows:
        return np.flatnonzero(self.data.split == split)

    def has(self, modality: Modality) -> Flags:
        """(n,) True where a record has something of this modality."""
        none = np.zeros(len(self.data.label), bool)
        stored = {"text": self.texts, "audio": self.audio, "image": self.images}
        if modality == "table":
            found = [
                ~np.isnan(self.data.numeric).all(axis=1),
                (self.data.categorical > 0).any(axis=1),
            ]
        elif modality == "events":
            found = [events.lengths > 0 for events in self.data.events.values()]
        else:
            found = [np.array([key != "" for key in one.keys], bool) for one in stored[modality]]
        some: Flags = np.logical_or.reduce([none, *found])
        return some

    @property
    def shared(self) -> tuple[Stored, ...]:
        """What tasks on the same records read and encode once for all of them."""
        return self.texts + self.audio + self.images

    def lengths(self) -> Rows:
        """(n,) length of the longest text, recording or sequence of each record."""
        none = np.zeros(len(self.data.label), np.int64)
        stored = [given.lengths for given in self.shared]
        longest: Rows = np.maximum.reduce(
            [none, *stored, *(events.lengths for events in self.data.events.values())]
        )
        return longest

    def batch(self, rows: Rows, like: Batch | None = None) -> Batch:
        """`like`: the same records as another task of theirs has them, whose texts and media are taken over."""
        data = self.data
        return Batch(
            task=data.sheet.name,
            numeric=torch.from_numpy(np.ascontiguousarray(data.numeric[rows])),
            categorical=torch.from_numpy(np.ascontiguousarray(data.categorical[rows])),
            text=_states(self.texts, rows) if like is None else like.text,
            audio=_states(self.audio, rows) if like is None else like.audio,
            image=_states(self.images, rows) if like is None else like.image,
            events=tuple(
                _events(data.events[one.name], rows)
                for one in data.sheet.inputs
                if one.kind == "events"
            ),
            label=torch.from_numpy(np.ascontiguousarray(data.label[rows])),
        )


def _states(stored: Sequence[Stored], rows: Rows) -> tuple[States, ...]:
    return tuple(_padded(given, rows) for given in stored)


def _padded(given: Stored, rows: Rows) -> States:
    keys = {place: given.keys[row] for place, row in enumerate(rows) if given.keys[row]}
    known = given.cache.get(keys.values()) if given.cache is not None else {}
    found = {place: known[key] for place, key in keys.items()}
    longest = max((len(states) for states in found.values()), default=1)
    width = next((states.shape[1] for states in found.values()), 1)
    padded = np.zeros((len(rows), longest, width), np.float32)
    mask = np.zeros((len(rows), longest), bool)
    for place, states in found.items():
        padded[place, : len(states)] = states
        mask[place, : len(states)] = True
    present = mask.any(axis=1)
    return States(torch.from_numpy(padded), torch.from_numpy(mask), torch.from_numpy(present))


def _events(given: Events, rows: Rows) -> EventBatch:
    lengths = given.lengths[rows]
    longest = max(int(lengths.max(initial=1)), 1)
    mask = np.arange(longest) < lengths[:, None]
    places = given.places(rows)
    codes = np.zeros((*mask.shape, given.categorical.shape[1]), np.int64)
    numbers = np.zeros((*mask.shape, given.numeric.shape[1]), np.float32)
    codes[mask], numbers[mask] = given.categorical[places], given.numeric[places]
    return EventBatch(torch.from_numpy(codes), torch.from_numpy(numbers), torch.from_numpy(mask))


def sources(
    data: SiteData,
    tasks: Sequence[str],
    cache: StateCache | None,
    media: Perceived,
    *,
    text: bool,
) -> list[Source]:
    """The site's records of these tasks, by task name. `text`: the model reads text at all."""
    return [
        Source(
            data.tasks[name],
            text_keys(data.tasks[name], cache) if text else (),
            media.stored(data.tasks[name], "audio"),
            media.stored(data.tasks[name], "image"),
        )
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
        return [first, *(given[other].batch(self.rows, first) for other in self.sources[1:])]


def together(given: Sequence[Source], rows: Sequence[Rows]) -> list[tuple[int, ...]]:
    """Tasks of the same texts, media and rows, in order: these are encoded once for all of them."""
    groups: dict[object, tuple[int, ...]] = {}
    for index, (source, own) in enumerate(zip(given, rows, strict=True)):
        keys = tuple(one.keys for one in source.shared)
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
    if not (source.shared or source.data.events) or not len(order):
        return order
    lengths, span = source.lengths(), size * SORTED_BATCHES
    parts = [order[start : start + span] for start in range(0, len(order), span)]
    return np.concatenate([part[np.argsort(lengths[part], kind="stable")] for part in parts])
