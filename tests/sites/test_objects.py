"""The disk store: whole or not there, by digest only, and never writes into the reserve."""

import hashlib
import os
import threading
from pathlib import Path

import pytest

from app import objects
from app.errors import DiskFull
from app.objects import ObjectMissing, UnknownStore, WrongDigest, WrongOffset
from app.objects.disk import DiskStore

CONTENT = b"weights" * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    return DiskStore(tmp_path / "objects")


def files(store: DiskStore) -> list[Path]:
    return [path for path in store.root.rglob("*") if path.is_file()]


def test_what_is_put_can_be_read_by_its_digest(store: DiskStore) -> None:
    assert store.put(CONTENT) == DIGEST == store.put(CONTENT)
    assert store.get(DIGEST) == CONTENT and store.size(DIGEST) == len(CONTENT)
    with store.open(DIGEST) as file:
        assert file.read(7) == b"weights"
    assert files(store) == [store.path(DIGEST)]


def test_a_file_is_put_without_holding_it(store: DiskStore, tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(CONTENT)
    assert store.put_file(tmp_path / "model") == DIGEST
    assert store.get(DIGEST) == CONTENT


def test_deleting_twice_is_fine(store: DiskStore) -> None:
    store.put(CONTENT)
    store.delete(DIGEST)
    store.delete(DIGEST)
    assert not store.exists(DIGEST)
    with pytest.raises(ObjectMissing):
        store.get(DIGEST)


def test_damaged_bytes_are_not_returned(store: DiskStore) -> None:
    store.put(CONTENT)
    store.path(DIGEST).write_bytes(CONTENT[:-1] + b"x")
    with pytest.raises(WrongDigest):
        store.get(DIGEST)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, DIGEST + "/..", DIGEST[:-1]])
def test_a_name_that_is_no_digest_finds_nothing(store: DiskStore, name: str) -> None:
    for act in (store.get, store.open, store.size, store.exists, store.delete, store.path):
        with pytest.raises(ObjectMissing):
            act(name)


@pytest.mark.parametrize("name", ["../x", "upload_../../x", "UPLOAD_1", "", ".new-1"])
def test_a_name_that_is_no_upload_is_refused(store: DiskStore, name: str) -> None:
    with pytest.raises(ObjectMissing):
        store.append(name, 0, b"x")
    assert files(store) == []


def test_an_upload_grows_by_its_offset_and_becomes_an_object(store: DiskStore) -> None:
    assert store.append("upload_1", 0, CONTENT[:100]) == 100
    for wrong in (0, 99, 101):
        with pytest.raises(WrongOffset) as refused:
            store.append("upload_1", wrong, b"x")
        assert refused.value.true == 100
    store.append("upload_1", 100, CONTENT[100:])
    assert store.finish("upload_1", DIGEST) == len(CONTENT)
    assert store.finish("upload_1", DIGEST) == len(CONTENT)  # a crash before the commit, then again
    store.discard("upload_1")
    store.discard("upload_1")
    assert store.get(DIGEST) == CONTENT and files(store) == [store.path(DIGEST)]


def test_an_upload_with_another_digest_becomes_nothing(store: DiskStore) -> None:
    store.append("upload_1", 0, CONTENT[:-1])
    with pytest.raises(WrongDigest):
        store.finish("upload_1", DIGEST)
    assert not store.exists(DIGEST)


def test_of_two_chunks_at_one_offset_one_is_written(store: DiskStore) -> None:
    start, ends = threading.Barrier(2), []

    def one(fill: bytes) -> None:
        start.wait()
        try:
            ends.append(store.append("upload_1", 0, fill * 100_000))
        except WrongOffset as refused:
            ends.append(-refused.true)

    threads = [threading.Thread(target=one, args=(fill,)) for fill in (b"a", b"b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == [-100_000, 100_000]
    assert len(set((store.root / "staging" / "upload_1").read_bytes())) == 1


def test_the_reserve_is_never_used(store: DiskStore, tmp_path: Path) -> None:
    store.append("upload_1", 0, b"first")
    (tmp_path / "model").write_bytes(CONTENT)
    store.reserve_bytes = 1 << 62
    for act in (
        lambda: store.put(CONTENT),
        lambda: store.put_file(tmp_path / "model"),
        lambda: store.append("upload_1", 5, b"more"),
        lambda: store.require_room(1),
    ):
        with pytest.raises(DiskFull):
            act()
    assert store.staged("upload_1") == 5 and not store.exists(DIGEST)


def test_a_chunk_the_disk_cuts_short_leaves_the_upload_as_it_was(
    store: DiskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The device runs full between the check and the write: half a chunk, then ENOSPC."""
    store.append("upload_1", 0, b"first")
    real, calls = os.pwrite, []

    def short(handle: int, data: bytes, offset: int) -> int:
        calls.append(offset)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return real(handle, bytes(data)[:10], offset)

    monkeypatch.setattr(os, "pwrite", short)
    with pytest.raises(DiskFull):
        store.append("upload_1", 5, b"x" * 100)
    monkeypatch.undo()
    assert store.staged("upload_1") == 5
    assert store.append("upload_1", 5, b"more") == 9


def test_only_disk_addresses_are_taken(tmp_path: Path) -> None:
    assert isinstance(objects.build(f"file://{tmp_path}/o", 0), DiskStore)
    for url in ("s3://bucket/prefix", "file://elsewhere/x", "http://x"):
        with pytest.raises(UnknownStore, match="file:///path"):
            objects.build(url, 0)
