"""Updates as files: fetched, checked against what they started from, and read into a sum a tensor at a time.

Memory stays at one model, however many sites there are: no update is ever held whole.
"""

from collections.abc import Collection, ItemsView, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from app.objects import ObjectMissing, ObjectStore, WrongDigest
from worker.learning import aggregation
from worker.protocol import codec, limits
from worker.protocol.codec import Array, Place, Tensors, Unacceptable
from worker.protocol.codes import UploadRefusal
from worker.protocol.kept import NO_ROWS, Kept, KeptRows
from worker.protocol.update import UpdatedModule, UpdateHeader


class Delta(Mapping[str, Array]):
    """One module of one update: each array is read from the file when asked for, and not held."""

    def __init__(self, path: Path, places: Mapping[str, Place]) -> None:
        self._path, self._places = path, places

    def __getitem__(self, name: str) -> Array:
        with self._path.open("rb", buffering=0) as file:
            return codec.read(file, self._places[name])

    def items(self) -> ItemsView[str, Array]:
        """The file is opened once for all of them."""
        return _Arrays(self)

    def arrays(self) -> Iterator[tuple[str, Array]]:
        with self._path.open("rb", buffering=0) as file:
            for name, place in self._places.items():
                yield name, codec.read(file, place)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class _Arrays(ItemsView[str, Array]):
    _mapping: Delta

    def __iter__(self) -> Iterator[tuple[str, Array]]:
        return self._mapping.arrays()


@dataclass(frozen=True)
class Sent:
    """One update on its way into the sum, by module."""

    update_id: str
    site: str
    digest: str
    header: UpdateHeader
    deltas: Mapping[str, Delta]


@dataclass(frozen=True)
class Standing:
    """What a round started from: digests of the first states, those its updates may start from, and what sites were
    told to keep, by the number of the round they were told it for: this one or, late, the one before."""

    first: Mapping[str, str]
    bases: Mapping[str, Collection[str]]
    kept: Mapping[int, Kept]


@dataclass(frozen=True)
class Made:
    """One module after the round, as stored. `weights`: by site, as used."""

    module: str
    digest: str
    size: int
    sites: int
    held: bool
    weights: Mapping[str, float]
    kept: KeptRows


class States(dict[str, Tensors]):
    """The modules sites started from, by digest, read once: together the model of two rounds at most."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def __missing__(self, digest: str) -> Tensors:
        self[digest] = codec.decode(self._store.get(digest))
        return self[digest]


def fetched(
    store: ObjectStore, update_id: str, site: str, digest: str, header: UpdateHeader, folder: Path
) -> Sent:
    """Its bytes as a local file, checked against their digest. Raises Unacceptable."""
    try:
        path = store.local(digest, folder)
    except (ObjectMissing, WrongDigest) as error:
        raise Unacceptable(UploadRefusal.UNREADABLE) from error
    return Sent(update_id, site, digest, header, opened(path))


def opened(path: Path) -> dict[str, Delta]:
    """The modules of an update's file. Raises Unacceptable unless it is exactly a small safetensors file."""
    modules = codec.by_module(codec.places(path))
    return {module: Delta(path, places) for module, places in modules.items()}


def validate(states: Mapping[str, Tensors], before: Standing, sent: Sent) -> None:
    """Raises Unacceptable for what must not be summed."""
    if sent.deltas.keys() != sent.header.modules.keys():
        raise Unacceptable(UploadRefusal.WRONG_NAMES)
    for module, delta in sorted(sent.deltas.items()):
        told = sent.header.modules[module]
        if told.base not in before.bases.get(module, ()):
            raise Unacceptable(UploadRefusal.WRONG_BASE, module)
        stays = before.kept.get(sent.header.round, {}).get(module, NO_ROWS)
        aggregation.validate(states[told.base], delta, norm_limit=limits.UPDATE_NORM, kept=stays)


def combined(
    store: ObjectStore,
    carried: Sequence[Sent],
    module: str,
    digest: str,
    number: int,
    before: Standing,
    rule: aggregation.Rule,
    path: Sequence[str] = (),
) -> Made:
    """The module after round `number`, stored. `carried`: the updates with this module; `digest`: its state before;
    `path`: its states after the rounds before that it is averaged with."""
    base = codec.decode(store.get(digest))
    first = codec.decode(store.get(before.first[module]))
    kept = before.kept[number].get(module, NO_ROWS)
    given = [(s.site, _weight(s.header.modules[module], digest), s.deltas[module]) for s in carried]
    made = aggregation.combine(base, given, rule, first=first, kept=kept)
    earlier = (codec.decode(store.get(one)) for one in path)
    content = codec.encode(aggregation.averaged(chain(earlier, [made.state])))
    return Made(
        module, store.put(content), len(content), made.sites, made.held, made.weights, made.kept
    )


def _weight(told: UpdatedModule, base: str) -> float:
    """A base that is not this round's is the one before it: `late.bases` lets no older one in."""
    return aggregation.discounted(told.weight, staleness=int(told.base != base))
