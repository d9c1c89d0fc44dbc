"""Finished work on disk: found again for its round only, whole or not at all, also on a full disk."""

import os
from pathlib import Path

import numpy as np
import pytest

from tests.disks import fill
from tests.site.test_guard import manifest
from worker.learning.local import Contribution
from worker.protocol.canonical import digest
from worker.protocol.codec import decode
from worker.protocol.codes import Failure, TransferKind
from worker.protocol.manifest import ModuleRef
from worker.protocol.messages import Answer
from worker.protocol.signatures import PrivateKey
from worker.protocol.update import Receipt, UpdateHeader
from worker.site import files
from worker.site.faults import DiskFull, ObjectMismatch
from worker.site.outbox import Outbox
from worker.site.sent import OutboundLog
from worker.site.work import code_of

RECEIPT = Receipt(policy="d" * 64, policy_version=2)


def contribution(size: int = 5) -> dict[str, Contribution]:
    return {"fusion": Contribution({"weight": np.arange(size, dtype=np.float32)}, 12.0)}


def test_a_stored_update_is_found_for_its_round_under_any_claim(tmp_path: Path) -> None:
    box = Outbox(tmp_path)
    wanted, key = manifest(), PrivateKey()
    stored = box.store(wanted, contribution(), RECEIPT, counts=True)
    again = Outbox(tmp_path).find(wanted)
    assert again is not None
    assert again.digest == stored.digest == digest(stored.path.read_bytes())
    header = UpdateHeader.model_validate_json(key.public.open(again.header(wanted, 4, key)))
    assert (header.claim, header.body, header.bytes) == (4, stored.digest, stored.size)
    assert header.modules["fusion"].base == wanted.modules["fusion"].digest
    assert header.receipt == RECEIPT
    whole = b"".join(again.chunk(at, 16) for at in range(0, again.size, 16))
    assert list(decode(whole)) == ["fusion::weight"]


@pytest.mark.parametrize(("counts", "weight"), [(True, 12.0), (False, 8.0)])
def test_weights_are_powers_of_two_where_counts_stay(
    tmp_path: Path, counts: bool, weight: float
) -> None:
    """In what is stored, so in every header that is ever signed for it."""
    key = PrivateKey()
    Outbox(tmp_path).store(manifest(), contribution(), RECEIPT, counts=counts)
    again = Outbox(tmp_path).find(manifest())
    assert again is not None
    header = UpdateHeader.model_validate_json(key.public.open(again.header(manifest(), 1, key)))
    assert header.modules["fusion"].weight == weight
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*.json"))
    assert (b"12.0" in written) is counts


def test_another_round_has_no_update_yet(tmp_path: Path) -> None:
    box = Outbox(tmp_path)
    box.store(manifest(), contribution(), RECEIPT, counts=True)
    assert box.find(manifest(round=2)) is None
    assert box.find(manifest(run="run_2")) is None


def test_a_round_with_another_base_gets_neither_the_old_bytes_nor_new_ones(tmp_path: Path) -> None:
    box = Outbox(tmp_path)
    box.store(manifest(), contribution(), RECEIPT, counts=True)
    moved = manifest(modules={"fusion": ModuleRef(digest="e" * 64, bytes=8)})
    with pytest.raises(ObjectMismatch):
        box.find(moved)


def test_bytes_without_their_record_do_not_count(tmp_path: Path) -> None:
    box = Outbox(tmp_path)
    stored = box.store(manifest(), contribution(), RECEIPT, counts=True)
    (stored.path.parent / "update.json").unlink()
    assert box.find(manifest()) is None


@pytest.mark.parametrize("run", ["../run", "run/1", "", "r" * 200, "run 1"])
def test_an_id_that_is_no_plain_name_makes_no_path(tmp_path: Path, run: str) -> None:
    with pytest.raises(ObjectMismatch):
        Outbox(tmp_path).find(manifest(run=run))


def test_an_answer_is_said_again_under_the_new_claim(tmp_path: Path) -> None:
    box = Outbox(tmp_path)
    box.store_answer("job_1", Answer(claim=1, switched="release_1"))
    assert box.waiting() == ["job_1"]
    assert box.find_answer("job_1", 2) == Answer(claim=2, switched="release_1")
    box.drop_answer("job_1")
    assert box.find_answer("job_1", 3) is None


def test_rounds_of_long_ago_go(tmp_path: Path) -> None:
    box = Outbox(tmp_path)
    old = box.store(manifest(), contribution(), RECEIPT, counts=True).path.parent
    box.store(manifest(round=2), contribution(), RECEIPT, counts=True)
    os.utime(old, (1, 1))
    box.prune()
    assert box.find(manifest()) is None
    assert box.find(manifest(round=2)) is not None


def test_a_full_disk_refuses_before_writing_and_truncates_nothing(small_disk: Path) -> None:
    box = Outbox(small_disk / "outbox")
    kept = box.store(manifest(), contribution(), RECEIPT, counts=True)
    before = kept.path.read_bytes()
    with pytest.raises(DiskFull, match="Free some space"):
        box.store(manifest(round=2), contribution(1 << 20), RECEIPT, counts=True)
    assert kept.path.read_bytes() == before
    assert box.find(manifest(round=2)) is None
    assert not list(small_disk.rglob(".new-*"))


def test_a_disk_that_fills_up_while_writing_is_the_same(small_disk: Path) -> None:
    path = small_disk / "record.json"
    files.write(path, b"whole")
    fill(small_disk)
    with pytest.raises(DiskFull) as full:
        files.write(path, b"y" * 5000)
    assert path.read_bytes() == b"whole"
    assert code_of(full.value) is Failure.DISK_FULL


def test_a_full_disk_can_still_be_told(small_disk: Path) -> None:
    log = OutboundLog(small_disk / "sent")
    log.note(TransferKind.HELLO, 0, "0" * 64, "hello")
    fill(small_disk)
    log.note(TransferKind.ANSWER, 30, "1" * 64, "disk-full", "job_1")
    assert [line.reason for line in log.since()] == ["hello", "disk-full"]


def test_a_log_that_cannot_be_written_lets_nothing_out_and_stays_whole(small_disk: Path) -> None:
    log = OutboundLog(small_disk / "sent")
    log.note(TransferKind.HELLO, 0, "0" * 64, "hello")
    fill(small_disk)
    with pytest.raises(DiskFull):
        for _ in range(2000):
            log.note(TransferKind.ANSWER, 30, "1" * 64, "disk-full", "job_1")
            fill(small_disk)
    assert {line.reason for line in log.since()} == {"hello", "disk-full"}
