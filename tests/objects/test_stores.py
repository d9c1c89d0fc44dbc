"""What every store promises: whole or not there, by digest only; uploads that any process may go on with."""

import hashlib
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.objects import ObjectMissing, WrongDigest, WrongOffset
from tests.objects.conftest import Shelf

CONTENT = b"weights" * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def test_a_store_that_can_be_used_says_so(shelf: Shelf) -> None:
    shelf.store.check()
    shelf.store.check()
    assert list(shelf.store.stages()) == []


def test_what_is_put_can_be_read_by_its_digest(shelf: Shelf) -> None:
    store = shelf.store
    assert store.put(CONTENT) == DIGEST == store.put(CONTENT)
    assert store.get(DIGEST) == CONTENT and store.size(DIGEST) == len(CONTENT)
    assert store.exists(DIGEST) and shelf.again().get(DIGEST) == CONTENT


def test_nothing_at_all_is_an_object_too(shelf: Shelf) -> None:
    empty = shelf.store.put(b"")
    assert shelf.store.get(empty) == b"" and shelf.store.size(empty) == 0


@pytest.mark.parametrize("start", [0, 1, 6999, 7000])
def test_reading_begins_where_it_is_asked_to(shelf: Shelf, start: int) -> None:
    shelf.store.put(CONTENT)
    with shelf.store.open(DIGEST, start) as file:
        assert file.read(10) == CONTENT[start : start + 10]
        assert file.read() == CONTENT[start + 10 :]


def test_a_file_is_put_without_holding_it(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(CONTENT)
    seen: list[tuple[int, int]] = []
    told = lambda done, whole: seen.append((done, whole))  # noqa: E731
    assert shelf.store.put_file(tmp_path / "model", told) == DIGEST == shelf.store.put(CONTENT)
    assert (len(CONTENT), 2 * len(CONTENT)) in seen
    assert max(seen) == (2 * len(CONTENT), 2 * len(CONTENT))
    assert shelf.store.get(DIGEST) == CONTENT


def test_a_fetched_object_is_a_local_file(shelf: Shelf, tmp_path: Path) -> None:
    shelf.store.put(CONTENT)
    for _ in range(2):
        shelf.store.fetch(DIGEST, tmp_path / "local")
        assert (tmp_path / "local").read_bytes() == CONTENT
    with pytest.raises(ObjectMissing):
        shelf.store.fetch("0" * 64, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_an_object_is_read_where_it_lies(shelf: Shelf, tmp_path: Path) -> None:
    shelf.store.put(CONTENT)
    for _ in range(2):
        assert shelf.store.local(DIGEST, tmp_path).read_bytes() == CONTENT
    shelf.spoil(DIGEST)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with pytest.raises(WrongDigest):
        shelf.store.local(DIGEST, elsewhere)
    with pytest.raises(ObjectMissing):
        shelf.store.local("0" * 64, elsewhere)
    assert not list(elsewhere.iterdir())


def test_deleting_twice_is_fine(shelf: Shelf) -> None:
    shelf.store.put(CONTENT)
    shelf.store.delete(DIGEST)
    shelf.store.delete(DIGEST)
    assert not shelf.store.exists(DIGEST)
    for act in (shelf.store.get, shelf.store.open, shelf.store.size):
        with pytest.raises(ObjectMissing):
            act(DIGEST)


def test_damaged_bytes_are_not_returned(shelf: Shelf, tmp_path: Path) -> None:
    shelf.store.put(CONTENT)
    shelf.spoil(DIGEST)
    with pytest.raises(WrongDigest):
        shelf.store.get(DIGEST)
    with pytest.raises(WrongDigest):
        shelf.store.fetch(DIGEST, tmp_path / "local")
    assert list(tmp_path.glob("local*")) == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, DIGEST + "/..", DIGEST[:-1]])
def test_a_name_that_is_no_digest_finds_nothing(shelf: Shelf, tmp_path: Path, name: str) -> None:
    store = shelf.store
    fetch: Callable[[str], object] = lambda n: store.fetch(n, tmp_path / "x")  # noqa: E731
    local: Callable[[str], object] = lambda n: store.local(n, tmp_path)  # noqa: E731
    for act in (store.get, store.open, store.size, store.exists, store.delete, fetch, local):
        with pytest.raises(ObjectMissing):
            act(name)


@pytest.mark.parametrize("name", ["../x", "upload_../../x", "UPLOAD_1", "", ".new-1"])
def test_a_name_that_is_no_upload_is_refused(shelf: Shelf, name: str) -> None:
    store = shelf.store
    for act in (
        lambda: store.append(name, 0, b"x"),
        lambda: store.staged(name),
        lambda: store.finish(name, DIGEST),
        lambda: store.discard(name),
    ):
        with pytest.raises(ObjectMissing):
            act()
    assert list(store.stages()) == []


def test_an_upload_grows_by_its_offset_and_becomes_an_object(shelf: Shelf) -> None:
    store = shelf.store
    assert store.staged("upload_1") == 0
    assert store.append("upload_1", 0, CONTENT[:100]) == 100
    for wrong in (0, 99, 101):
        with pytest.raises(WrongOffset) as refused:
            store.append("upload_1", wrong, b"x")
        assert refused.value.true == 100
    assert store.append("upload_1", 100, b"") == 100
    store.append("upload_1", 100, CONTENT[100:])
    assert store.finish("upload_1", DIGEST) == len(CONTENT)
    assert store.finish("upload_1", DIGEST) == len(CONTENT)  # a crash before the commit, then again
    store.discard("upload_1")
    store.discard("upload_1")
    assert store.get(DIGEST) == CONTENT and store.staged("upload_1") == 0
    with pytest.raises(ObjectMissing):
        store.finish("upload_1", DIGEST)


def test_each_chunk_may_come_through_another_process(shelf: Shelf) -> None:
    """No process remembers an offset: after a restart, or behind a proxy, another one goes on."""
    for start in range(0, len(CONTENT), 500):
        process = shelf.again()
        assert process.staged("upload_1") == start
        process.append("upload_1", start, CONTENT[start : start + 500])
    assert shelf.again().finish("upload_1", DIGEST) == len(CONTENT)
    assert shelf.store.get(DIGEST) == CONTENT


def test_offsets_keep_their_order_beyond_ten_chunks(shelf: Shelf) -> None:
    """Names that sort as text must sort as numbers."""
    content = bytes(range(256)) * 8
    for start in range(0, len(content), 90):
        shelf.store.append("upload_1", start, content[start : start + 90])
    assert shelf.store.finish("upload_1", hashlib.sha256(content).hexdigest()) == len(content)


def test_an_upload_with_another_digest_becomes_nothing(shelf: Shelf) -> None:
    shelf.store.append("upload_1", 0, CONTENT[:-1])
    with pytest.raises(WrongDigest):
        shelf.store.finish("upload_1", DIGEST)
    assert not shelf.store.exists(DIGEST)
    assert shelf.store.append("upload_1", len(CONTENT) - 1, CONTENT[-1:]) == len(CONTENT)
    assert shelf.store.finish("upload_1", DIGEST) == len(CONTENT)


def test_of_two_chunks_at_one_offset_one_is_written(shelf: Shelf) -> None:
    for attempt in range(5):
        upload, start, ends = f"upload_{attempt}", threading.Barrier(2), []

        def one(fill: bytes, upload: str = upload, start: threading.Barrier = start) -> None:
            process = shelf.again()
            start.wait()
            try:
                ends.append(process.append(upload, 0, fill * 100_000))  # noqa: B023
            except WrongOffset as refused:
                ends.append(-refused.true)  # noqa: B023

        threads = [threading.Thread(target=one, args=(fill,)) for fill in (b"a", b"b")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(ends) == [-100_000, 100_000]
        wholes = [hashlib.sha256(fill * 100_000).hexdigest() for fill in (b"a", b"b")]
        kept = []
        for digest in wholes:
            try:
                kept.append(shelf.store.finish(upload, digest))
            except WrongDigest:
                continue
        assert kept == [100_000]


def test_uploads_under_way_are_listed_with_their_last_byte(shelf: Shelf) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    for upload in ("upload_1", "upload_2"):
        shelf.store.append(upload, 0, CONTENT[:100])
    shelf.store.append("upload_2", 100, CONTENT[100:])
    shelf.store.put(CONTENT)
    found = dict(shelf.store.stages())
    assert sorted(found) == ["upload_1", "upload_2"]
    assert all(before <= at <= datetime.now(UTC) + timedelta(seconds=2) for at in found.values())
    shelf.store.discard("upload_2")
    assert [upload for upload, _ in shelf.store.stages()] == ["upload_1"]
