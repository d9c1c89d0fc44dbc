"""Objects by digest: only to the site that holds a job naming them, in parts if asked."""

import httpx
import pytest

from tests.door.conftest import Door

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def digest(door: Door) -> str:
    return door.hub.objects.put(CONTENT)


@pytest.fixture
def job(door: Door, digest: str) -> str:
    job = door.post(objects=(digest,))
    assert door.sender.claim().json()["job"] == job
    return job


def get(door: Door, digest: str, job: str, **extra: str) -> httpx.Response:
    return door.sender.send(f"/objects/{digest}?job={job}", method="GET", extra=extra)


def test_a_named_object_is_served_whole(door: Door, digest: str, job: str) -> None:
    answer = get(door, digest, job)
    assert answer.status_code == 200 and answer.content == CONTENT
    assert answer.headers["content-type"] == "application/octet-stream"


def test_a_range_goes_on_where_it_stopped(door: Door, digest: str, job: str) -> None:
    answer = get(door, digest, job, Range="bytes=10000-")
    assert answer.status_code == 206 and answer.content == CONTENT[10000:]
    assert answer.headers["content-range"] == f"bytes 10000-{len(CONTENT) - 1}/{len(CONTENT)}"


def test_an_object_the_job_does_not_name_is_not_there(door: Door, job: str) -> None:
    other = door.hub.objects.put(b"somebody else's")
    assert get(door, other, job).status_code == 404


def test_another_sites_job_opens_nothing(
    door: Door, digest: str, job: str, client: httpx.Client
) -> None:
    other = door.other(client)
    assert other.send(f"/objects/{digest}?job={job}", method="GET").status_code == 404


def test_a_job_that_is_not_held_opens_nothing(door: Door, digest: str) -> None:
    assert get(door, digest, door.post(objects=(digest,))).status_code == 404


@pytest.mark.parametrize("name", ["..%2f..%2fhub-key", "staging", "%00", "A" * 64])
def test_path_tricks_find_nothing(door: Door, job: str, name: str) -> None:
    assert get(door, name, job).status_code in (404, 422)


def test_an_object_that_is_gone_is_404(door: Door, digest: str, job: str) -> None:
    door.hub.objects.delete(digest)
    assert get(door, digest, job).status_code == 404
