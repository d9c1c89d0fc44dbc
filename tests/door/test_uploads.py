"""Updates through the door: they resume, count once, and hostile ones are refused by name."""

import json
import pickle
import struct
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from safetensors.numpy import save
from sqlalchemy import select

from app.audit.models import Event
from app.clock import now
from app.objects.disk import DiskStore
from app.runs.models import Update
from app.runs.states import UpdateState
from app.sites import inbox
from app.sites.models import Job, SentLine, Upload
from app.sites.states import JobState
from tests.door.conftest import Door
from tests.door.updates import Parcel, tensors
from worker.protocol import limits
from worker.protocol.canonical import digest
from worker.protocol.codes import UploadRefusal
from worker.protocol.signatures import PrivateKey


@pytest.fixture
def parcel(door: Door) -> Parcel:
    return Parcel(door, *door.begun(), body=tensors())


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def updates(door: Door) -> list[Update]:
    with door.hub.db.reading() as session:
        return list(session.scalars(select(Update)).all())


def test_a_whole_update_is_received_and_its_answer_ends_the_job(parcel: Parcel) -> None:
    door = parcel.door
    assert parcel.send().json()["complete"] is True
    (update,) = updates(door)
    assert (update.state, update.digest) == (UpdateState.RECEIVED, digest(parcel.body))
    assert door.hub.objects.get(update.digest) == parcel.body
    said = {"claim": parcel.claim, "update": update.digest}
    for _ in range(2):  # the same answer again, its first reply lost
        assert door.sender.send(f"/jobs/{parcel.job}/answer", said).status_code == 204
    with door.hub.db.reading() as session:
        assert session.get_one(Job, parcel.job).state is JobState.DONE
        kinds = {line.kind: line.bytes for line in session.query(SentLine)}
    assert kinds["update"] == len(parcel.body)


def test_an_upload_resumes_where_it_stopped(parcel: Parcel) -> None:
    begun = parcel.start().json()
    parcel.put(begun["upload"], 0, parcel.body[:700])
    again = parcel.start().json()
    assert again == {"upload": begun["upload"], "offset": 700, "complete": False}
    assert parcel.put(again["upload"], 700, parcel.body[700:]).json()["complete"]
    assert len(updates(parcel.door)) == 1


def test_the_same_update_again_is_accepted_once(parcel: Parcel) -> None:
    parcel.send()
    again = parcel.start()
    assert again.status_code == 200 and again.json()["complete"] is True
    assert len(updates(parcel.door)) == 1


@pytest.mark.parametrize("offset", [0, 699, 701, 10_000_000])
def test_a_wrong_offset_says_the_true_one_and_changes_nothing(parcel: Parcel, offset: int) -> None:
    upload = parcel.start().json()["upload"]
    parcel.put(upload, 0, parcel.body[:700])
    answer = parcel.put(upload, offset, b"x" * 10)
    if offset == 10_000_000:
        assert code(answer) == (413, "too-large")
    else:
        assert code(answer) == (409, "wrong-offset")
        assert answer.json()["errors"] == [{"offset": 700}]
    if offset != 10_000_000:
        assert parcel.start().json()["offset"] == 700


def test_an_upload_cut_before_its_end_is_no_update(parcel: Parcel) -> None:
    upload = parcel.start().json()["upload"]
    parcel.put(upload, 0, parcel.body[:-1])
    assert updates(parcel.door) == []
    said = {"claim": parcel.claim, "update": digest(parcel.body)}
    answer = parcel.door.sender.send(f"/jobs/{parcel.job}/answer", said)
    assert code(answer) == (409, "update-missing")


def header_of(entries: dict[str, Any], data: bytes) -> bytes:
    text = json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text + data


BODIES = {
    "truncated": (tensors()[:-8], UploadRefusal.TRUNCATED),
    "pickled": (pickle.dumps({"fusion::weight": [1.0] * 50}), UploadRefusal.NOT_SAFETENSORS),
    "trailing bytes": (tensors() + b"more", UploadRefusal.NOT_SAFETENSORS),
    "doubles": (save({"fusion::weight": np.zeros(9)}), UploadRefusal.WRONG_DTYPE),
    "a header of 1 TB": (struct.pack("<Q", 1 << 40) + b"{}", UploadRefusal.NOT_SAFETENSORS),
    "a path for a name": (
        header_of(
            {"../../etc/\x00": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, b"0000"
        ),
        UploadRefusal.WRONG_NAMES,
    ),
    "a shape that lies": (
        header_of({"a": {"dtype": "F32", "shape": [2**30], "data_offsets": [0, 4]}}, b"0000"),
        UploadRefusal.NOT_SAFETENSORS,
    ),
}


@pytest.mark.parametrize("body", BODIES)
def test_a_hostile_body_is_refused_by_name_and_deleted(parcel: Parcel, body: str) -> None:
    parcel.body, refusal = BODIES[body]
    assert code(parcel.send()) == (422, refusal.value)
    (update,) = updates(parcel.door)
    assert (update.state, update.refusal) == (UpdateState.REFUSED, refusal)
    with parcel.door.hub.db.reading() as session:
        assert session.scalars(select(Upload)).one().completed is None


def test_bytes_with_another_digest_are_refused(parcel: Parcel) -> None:
    upload = parcel.start().json()["upload"]
    wrong = parcel.body[:-1] + bytes([parcel.body[-1] ^ 1])
    assert code(parcel.put(upload, 0, wrong)) == (422, "wrong-digest")
    assert not parcel.door.hub.objects.exists(digest(parcel.body))


HEADERS = {
    "another job": ({"job": "job_other"}, 409, "replayed"),
    "another run": ({"run": "run_other"}, 409, "replayed"),
    "another round": ({"round": 2}, 409, "replayed"),
    "another site": ({"site": "site_other"}, 409, "replayed"),
    "an older claim": ({"claim": 7}, 409, "stale-claim"),
    "too many bytes": ({"bytes": limits.UPDATE_BYTES + 1}, 413, "too-large"),
    "no bytes": ({"bytes": 0}, 422, "unreadable"),
    "a digest that is a path": ({"body": "../../../etc/passwd"}, 422, "unreadable"),
    "no weight": ({"modules": {"fusion": {"base": "a" * 64, "weight": 0}}}, 422, "unreadable"),
    "endless weight": (
        {"modules": {"fusion": {"base": "a" * 64, "weight": 1e300}}},
        422,
        "unreadable",
    ),
    "a module nobody asked for": (
        {"modules": {"../hub": {"base": "a" * 64, "weight": 1}}},
        422,
        "wrong-names",
    ),
}


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_that_lies_is_refused_by_name(parcel: Parcel, header: str) -> None:
    fields, status, name = HEADERS[header]
    parcel.fields = fields
    assert code(parcel.start()) == (status, name)


def test_another_sites_key_is_refused(parcel: Parcel) -> None:
    parcel.key = PrivateKey()
    assert code(parcel.start()) == (422, "wrong-key")
    assert updates(parcel.door)[0].refusal is UploadRefusal.WRONG_KEY


def test_another_base_is_refused(parcel: Parcel) -> None:
    parcel.fields = {"modules": {"fusion": {"base": "f" * 64, "weight": 1}}}
    assert code(parcel.send()) == (422, "wrong-base")


def test_a_refused_update_does_not_use_up_the_one(parcel: Parcel) -> None:
    good, parcel.body = parcel.body, BODIES["pickled"][0]
    parcel.send()
    parcel.body = good
    assert parcel.send().status_code == 200
    assert updates(parcel.door)[0].state is UpdateState.RECEIVED


def test_a_header_of_an_earlier_job_cannot_be_sent_again(parcel: Parcel) -> None:
    old = parcel.header()
    parcel.send()
    fresh = Parcel(parcel.door, *parcel.door.begun(), body=parcel.body)
    assert code(fresh.start(old)) == (409, "replayed")


@pytest.mark.parametrize("sent", [700, None])
def test_a_second_different_update_is_refused_and_raises_an_alarm(
    parcel: Parcel, sent: int | None
) -> None:
    if sent is None:
        parcel.send()
    else:
        parcel.put(parcel.start().json()["upload"], 0, parcel.body[:sent])
    other = Parcel(parcel.door, parcel.job, parcel.claim, body=tensors(seed=2))
    assert code(other.start()) == (409, "second-update")
    with parcel.door.hub.db.reading() as session:
        alarms = session.scalars(select(Event).where(Event.kind == "update.second")).all()
    assert len(alarms) == 1
    assert parcel.send().json()["complete"] is True


def test_chunks_under_a_stale_claim_are_refused(parcel: Parcel) -> None:
    upload = parcel.start().json()["upload"]
    parcel.put(upload, 0, parcel.body[:700])
    with parcel.door.hub.db.session() as session:
        inbox.expire(session, now().replace(year=now().year + 1))
    assert code(parcel.put(upload, 700, parcel.body[700:])) == (409, "stale-claim")


def test_the_same_bytes_go_on_under_a_new_claim(parcel: Parcel) -> None:
    begun = parcel.start().json()
    parcel.put(begun["upload"], 0, parcel.body[:700])
    with parcel.door.hub.db.session() as session:
        inbox.expire(session, now().replace(year=now().year + 1))
    door = parcel.door
    claim = door.sender.claim(wait_s=5).json()["claim"]
    door.sender.send(f"/jobs/{parcel.job}/confirm", {"claim": claim})
    again = Parcel(door, parcel.job, claim, body=parcel.body)
    assert again.start().json() == {**begun, "offset": 700}
    assert again.send().json()["complete"] is True


def test_another_site_cannot_write_into_an_upload(parcel: Parcel, client: httpx.Client) -> None:
    upload = parcel.start().json()["upload"]
    other = parcel.door.other(client)
    answer = other.send(f"/uploads/{upload}?offset=0", parcel.body, method="PUT")
    assert code(answer) == (409, "stale-claim")


def files(home: Path) -> list[Path]:
    """All but the database, which counts the request."""
    everything = (path for path in home.rglob("*") if path.is_file())
    return [path for path in everything if "sqlite" not in path.name]


@pytest.mark.parametrize("name", ["..%2F..%2Fhub-key", "%2e%2e", "upload_none", "x" * 300])
def test_path_tricks_in_an_uploads_id_find_nothing(parcel: Parcel, name: str) -> None:
    home = parcel.door.hub.settings.home
    before = {path: path.read_bytes() for path in files(home)}
    assert parcel.put(name, 0, b"x").status_code in (404, 409, 422)
    assert {path: path.read_bytes() for path in files(home)} == before


def test_a_chunk_larger_than_the_limit_is_refused(parcel: Parcel) -> None:
    upload = parcel.start().json()["upload"]
    answer = parcel.put(upload, 0, b"x" * (limits.CHUNK_BYTES + 1))
    assert code(answer) == (413, "too-large")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_full_disk_refuses_before_writing_and_resumes_later(parcel: Parcel) -> None:
    store = parcel.door.hub.objects
    assert isinstance(store, DiskStore)
    begun = parcel.start().json()
    parcel.put(begun["upload"], 0, parcel.body[:700])
    store.reserve_bytes = 1 << 60
    assert code(parcel.put(begun["upload"], 700, parcel.body[700:])) == (507, "disk-full")
    store.reserve_bytes = 0
    assert store.staged(begun["upload"]) == 700
    assert parcel.send().json()["complete"] is True


def test_a_crash_between_the_last_byte_and_the_commit_is_made_good(parcel: Parcel) -> None:
    """The bytes are on disk, the row does not know: as after kill -9."""
    begun = parcel.start().json()
    parcel.door.hub.objects.append(begun["upload"], 0, parcel.body)
    assert parcel.start().json()["complete"] is True
    assert len(updates(parcel.door)) == 1
