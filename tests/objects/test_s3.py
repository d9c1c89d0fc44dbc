"""What only a bucket can do wrong: not there, not ours, full, slow, or deaf to conditions."""

import hashlib
from pathlib import Path

import pytest

from app import objects
from app.errors import DiskFull
from app.objects import ObjectMissing, ObjectStore, StoreAway, UnknownStore, WrongOffset
from app.objects.address import Address
from app.objects.s3 import S3Store
from tests.buckets import S3Server
from tests.servers import free_port

CONTENT = b"weights" * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "work"


@pytest.fixture
def store(s3: S3Server, work: Path) -> ObjectStore:
    return objects.build(s3.new_bucket(), 0, work)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("s3://hub", Address("hub")),
        ("s3://hub/a/b/", Address("hub", "a/b")),
        (
            "s3://hub/a?endpoint=http://127.0.0.1:9000&region=eu-1",
            Address("hub", "a", "http://127.0.0.1:9000", "eu-1"),
        ),
    ],
)
def test_an_address_is_read(url: str, address: Address) -> None:
    assert Address.read(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "s3://",
        "s3:///prefix",
        "s3://Not_A_Bucket/x",
        "s3://hub/a//b",
        "s3://hub/a b",
        "s3://hub?endpoint=ftp://x",
        "s3://hub?endpoint=host:9000",
        "s3://hub?endpoint=http://key:secret@host",
        "s3://hub?profile=other",
    ],
)
def test_an_address_that_cannot_be_read_says_how_to_write_one(url: str, work: Path) -> None:
    with pytest.raises(UnknownStore, match=r"s3://bucket/prefix"):
        objects.build(url, 0, work)


def test_a_key_in_the_address_is_refused(work: Path) -> None:
    with pytest.raises(UnknownStore, match="AWS_ACCESS_KEY_ID"):
        objects.build("s3://key:secret@hub/x", 0, work)


def test_a_missing_bucket_is_named(s3: S3Server, work: Path) -> None:
    store = objects.build(s3.url("no-such-bucket"), 0, work)
    with pytest.raises(UnknownStore, match=r"no bucket s3://no-such-bucket/hub .*OBJECT_STORE_URL"):
        store.check()


def test_without_a_key_the_variables_are_named(
    s3: S3Server, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name, value in {"AWS_EC2_METADATA_DISABLED": "true", "HOME": str(work)}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UnknownStore, match="AWS_ACCESS_KEY_ID"):
        objects.build(s3.new_bucket(), 0, work).check()


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "AccessDenied", UnknownStore),
        (403, "SignatureDoesNotMatch", UnknownStore),
        (501, "NotImplemented", UnknownStore),
        (507, "XMinioStorageFull", DiskFull),
        (403, "QuotaExceeded", DiskFull),
        (503, "SlowDown", StoreAway),
        (500, "InternalError", StoreAway),
    ],
)
def test_what_a_refusal_means(
    s3: S3Server, store: ObjectStore, status: int, code: str, kind: type[Exception]
) -> None:
    s3.fault, s3.methods = (status, code), frozenset({"PUT"})
    with pytest.raises(kind):
        store.append("upload_1", 0, CONTENT)
    with pytest.raises(kind):
        store.put(CONTENT)
    s3.fault = None
    assert store.staged("upload_1") == 0 and not store.exists(DIGEST)
    assert store.append("upload_1", 0, CONTENT) == len(CONTENT)


def test_a_store_that_is_away_is_told_from_one_that_lacks_the_object(
    work: Path, s3: S3Server
) -> None:
    away = f"s3://hub?endpoint=http://127.0.0.1:{free_port()}"
    store = objects.build(away, 0, work)
    for act in (store.get, store.exists, store.size, store.delete, store.open):
        with pytest.raises(StoreAway):
            act(DIGEST)


def test_a_store_deaf_to_conditions_is_found_at_start(s3: S3Server, store: ObjectStore) -> None:
    store.check()
    s3.deaf_to_conditions = True
    with pytest.raises(UnknownStore, match="If-None-Match"):
        store.check()


def test_a_chunk_whose_first_answer_was_lost_says_where_to_go_on(
    s3: S3Server, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process stored this chunk between our look and our write: nothing is overwritten."""
    other = store.append
    assert isinstance(store, S3Store)
    real = store.staged

    def looked_too_early(upload: str) -> int:
        found = real(upload)
        monkeypatch.setattr(store, "staged", real)
        other(upload, 0, b"theirs")
        return found

    monkeypatch.setattr(store, "staged", looked_too_early)
    with pytest.raises(WrongOffset) as refused:
        store.append("upload_1", 0, b"ours, longer")
    assert refused.value.true == 6
    assert store.finish("upload_1", hashlib.sha256(b"theirs").hexdigest()) == 6


def test_two_hubs_share_a_bucket_by_their_prefix(s3: S3Server, work: Path) -> None:
    url = s3.new_bucket("one")
    one, two = (objects.build(u, 0, work) for u in (url, url.replace("/one?", "/two?")))
    one.put(CONTENT)
    one.append("upload_1", 0, b"x")
    assert not two.exists(DIGEST) and list(two.stages()) == []
    with pytest.raises(ObjectMissing):
        two.get(DIGEST)


def test_local_room_is_kept_while_fetching(s3: S3Server, work: Path, tmp_path: Path) -> None:
    store = objects.build(s3.new_bucket(), 0, work)
    store.put(CONTENT)
    store.append("upload_1", 0, CONTENT)
    assert isinstance(store, S3Store)
    store.reserve_bytes = 1 << 62
    with pytest.raises(DiskFull):
        store.fetch(DIGEST, tmp_path / "local")
    with pytest.raises(DiskFull):
        store.finish("upload_1", DIGEST)
    assert not list(tmp_path.glob("local*")) and not list(work.iterdir())
