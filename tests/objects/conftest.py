"""Each store, empty, and a way to open it a second time as another process would."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from app import objects
from app.objects import ObjectStore
from tests.buckets import S3Server


@dataclass
class Shelf:
    """`store` is one process's; `again()` makes another's over the same bytes. `spoil` damages a stored object."""

    store: ObjectStore
    again: Callable[[], ObjectStore]
    spoil: Callable[[str], None]


@pytest.fixture(params=["disk", "s3"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    made: Shelf = request.getfixturevalue(f"{request.param}_shelf")
    return made


@pytest.fixture
def disk_shelf(tmp_path: Path) -> Shelf:
    def again() -> ObjectStore:
        return objects.build(f"file://{tmp_path}/objects", 0, tmp_path / "work")

    def spoil(digest: str) -> None:
        path = tmp_path / "objects" / digest[:2] / digest
        path.write_bytes(path.read_bytes()[:-1] + b"?")

    return Shelf(again(), again, spoil)


@pytest.fixture
def s3_shelf(s3: S3Server, tmp_path: Path) -> Shelf:
    url = s3.new_bucket()
    bucket = url.split("/")[2]

    def again() -> ObjectStore:
        return objects.build(url, 0, tmp_path / "work")

    def spoil(digest: str) -> None:
        key = f"hub/{digest[:2]}/{digest}"
        whole = s3.client().get_object(Bucket=bucket, Key=key)["Body"].read()
        s3.client().put_object(Bucket=bucket, Key=key, Body=whole[:-1] + b"?")

    return Shelf(again(), again, spoil)
