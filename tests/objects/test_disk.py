"""What only the disk store does: it never writes into the reserve, and makes good a short write."""

import hashlib
import os
from pathlib import Path

import pytest

from app import objects
from app.errors import DiskFull
from app.objects import UnknownStore
from app.objects.disk import DiskStore

CONTENT = b"weights" * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    return DiskStore(tmp_path / "objects")


def files(store: DiskStore) -> list[Path]:
    return [path for path in store.root.rglob("*") if path.is_file()]


def test_a_fetched_object_is_no_second_copy(store: DiskStore, tmp_path: Path) -> None:
    store.put(CONTENT)
    store.fetch(DIGEST, tmp_path / "local")
    assert (tmp_path / "local").samefile(store.path(DIGEST))


def test_files_of_a_put_that_was_killed_are_swept(store: DiskStore) -> None:
    old, young = store.root / "staging" / ".new-old", store.root / "staging" / ".new-young"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    assert list(store.stages()) == [] and files(store) == [young]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UnknownStore, match="OBJECT_STORE_URL"):
        DiskStore(tmp_path / "file" / "objects")


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


def test_an_address_names_its_store(tmp_path: Path) -> None:
    assert isinstance(objects.build(f"file://{tmp_path}/o", 0, tmp_path), DiskStore)
    for url in ("file://elsewhere/x", "http://x"):
        with pytest.raises(UnknownStore, match="file:///path"):
            objects.build(url, 0, tmp_path)
