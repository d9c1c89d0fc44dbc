"""Objects from the hub: resumed, verified, kept, and never trusted by name."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.site.stage import Stage
from worker.protocol.canonical import digest
from worker.protocol.codec import encode
from worker.protocol.codes import Lane
from worker.protocol.manifest import ModuleRef, PinnedModel
from worker.site.faults import ObjectMismatch, Refused
from worker.site.objects import Objects
from worker.site.site import Site, open_site


class Shelf:
    """A claimed job whose modules the hub serves."""

    def __init__(self, live: Stage) -> None:
        self.live = live
        self.site: Site = open_site(live.home(live.world.members[0]))
        live.propose()
        live.world.work()
        offer = self.site.door.claim(Lane.TRAIN, 0)
        assert offer is not None
        self.manifest = live.manifest(live.job(offer.job))
        while not self.manifest.modules:
            raise AssertionError("the job has no modules")
        self.name = max(self.manifest.modules, key=lambda m: self.manifest.modules[m].bytes)
        self.ref = self.manifest.modules[self.name]

    @property
    def objects(self) -> Objects:
        return self.site.objects


@pytest.fixture
def shelf(live: Stage) -> Shelf:
    return Shelf(live)


def silent(done: int, of: int) -> None:
    """Nobody asks for this download's progress."""


def test_a_module_is_fetched_once_and_then_kept(shelf: Shelf) -> None:
    first = shelf.objects.module(shelf.ref, shelf.manifest.job, silent)
    assert (
        encode(first)
        == shelf.objects.path(shelf.ref.digest, shelf.ref.bytes, "no-such-job", silent).read_bytes()
    )


def test_a_download_goes_on_where_it_stopped(shelf: Shelf) -> None:
    whole = shelf.live.world.hub.objects.get(shelf.ref.digest)
    part = shelf.site.home.objects / f"{shelf.ref.digest}.part"
    part.write_bytes(whole[: len(whole) // 2])
    seen: list[int] = []
    path = shelf.objects.path(
        shelf.ref.digest, shelf.ref.bytes, shelf.manifest.job, lambda done, of: seen.append(done)
    )
    assert path.read_bytes() == whole
    assert seen[0] > len(whole) // 2
    assert not part.exists()


def test_both_lanes_may_want_one_object_at_once(shelf: Shelf) -> None:
    """The second waits for the first instead of writing into the same unfinished file."""
    other = open_site(shelf.site.home)
    begun = threading.Event()

    def slow(done: int, of: int) -> None:
        begun.set()
        time.sleep(0.3)

    def fetch(objects: Objects) -> bytes:
        where = objects.path(shelf.ref.digest, shelf.ref.bytes, shelf.manifest.job, slow)
        return where.read_bytes()

    with ThreadPoolExecutor(2) as lanes:
        first = lanes.submit(fetch, shelf.objects)
        assert begun.wait(10)
        second = lanes.submit(fetch, other.objects)
        assert digest(first.result(20)) == digest(second.result(20)) == shelf.ref.digest


@pytest.mark.parametrize("spoil", [lambda w: w, lambda w: w + b"more"], ids=["whole", "longer"])
def test_a_part_that_is_whole_or_longer_does_not_stand_in_the_way(
    shelf: Shelf, spoil: object
) -> None:
    whole = shelf.live.world.hub.objects.get(shelf.ref.digest)
    part = shelf.site.home.objects / f"{shelf.ref.digest}.part"
    part.write_bytes(spoil(whole))  # type: ignore[operator]
    path = shelf.objects.path(shelf.ref.digest, shelf.ref.bytes, shelf.manifest.job, silent)
    assert path.read_bytes() == whole


def test_a_part_of_something_else_is_found_out_and_removed(shelf: Shelf) -> None:
    part = shelf.site.home.objects / f"{shelf.ref.digest}.part"
    part.write_bytes(b"\0" * (shelf.ref.bytes // 2))
    with pytest.raises(ObjectMismatch):
        shelf.objects.path(shelf.ref.digest, shelf.ref.bytes, shelf.manifest.job, silent)
    assert not part.exists()
    shelf.objects.path(shelf.ref.digest, shelf.ref.bytes, shelf.manifest.job, silent)


def test_a_kept_file_that_was_damaged_is_fetched_again(shelf: Shelf) -> None:
    path = shelf.objects.path(shelf.ref.digest, shelf.ref.bytes, shelf.manifest.job, silent)
    whole = path.read_bytes()
    path.write_bytes(b"x" + whole[1:])
    again = shelf.objects.path(shelf.ref.digest, shelf.ref.bytes, shelf.manifest.job, silent)
    assert again.read_bytes() == whole


def test_an_object_longer_than_announced_is_not_kept(shelf: Shelf) -> None:
    with pytest.raises(ObjectMismatch):
        shelf.objects.path(shelf.ref.digest, shelf.ref.bytes - 1, shelf.manifest.job, silent)


def test_only_what_the_job_names(shelf: Shelf) -> None:
    with pytest.raises(Refused):
        shelf.objects.path("0" * 64, None, shelf.manifest.job, silent)


def test_tensors_of_another_kind_are_refused(shelf: Shelf) -> None:
    content = encode({"weight": np.zeros(4, np.float16)})
    wanted = digest(content)
    place = shelf.site.home.objects / wanted[:2]
    place.mkdir(parents=True, exist_ok=True)
    (place / wanted).write_bytes(content)
    with pytest.raises(ObjectMismatch):
        shelf.objects.module(
            ModuleRef(digest=wanted, bytes=len(content)), shelf.manifest.job, silent
        )


def test_a_base_model_is_laid_out_by_its_pinned_names(shelf: Shelf, tmp_path: Path) -> None:
    refs = list(shelf.manifest.modules.values())[:2]
    model = PinnedModel(
        name="m",
        digest=refs[0].digest,
        files={"model.safetensors": refs[0].digest, "config.json": refs[1].digest},
        bytes=1,
    )
    place = shelf.objects.base_model(tmp_path, model, shelf.manifest, silent)
    assert {path.name for path in place.iterdir()} == {"model.safetensors", "config.json"}
    assert digest((place / "config.json").read_bytes()) == refs[1].digest


@pytest.mark.parametrize("name", ["../keys.json", "a/b.json", "model.bin", "code.py", ".json"])
def test_a_base_model_s_file_with_another_kind_of_name_is_refused(
    shelf: Shelf, tmp_path: Path, name: str
) -> None:
    model = PinnedModel(name="m", digest="a" * 64, files={name: shelf.ref.digest}, bytes=1)
    with pytest.raises(ObjectMismatch):
        shelf.objects.base_model(tmp_path, model, shelf.manifest, silent)


def test_the_cache_keeps_to_its_size(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    for ref in shelf.manifest.modules.values():
        shelf.objects.path(ref.digest, ref.bytes, shelf.manifest.job, silent)
    monkeypatch.setattr("worker.site.objects.CACHE_BYTES", shelf.ref.bytes)
    shelf.objects.prune()
    kept = list(shelf.site.home.objects.glob("??/*"))
    assert sum(path.stat().st_size for path in kept) <= shelf.ref.bytes
