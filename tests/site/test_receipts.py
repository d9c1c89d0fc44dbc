"""What left by the outbound log, byte for byte, against the receipt the hub holds and shows."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.runs.models import Round
from app.runs.progress import round_view
from app.runs.queries import round_by_id
from tests.runs import world as runs
from tests.site.stage import stage
from tests.site.test_work import Bench
from tests.site.wire import between
from worker.protocol.canonical import digest, digest_of
from worker.protocol.codes import JobKind, UploadRefusal
from worker.protocol.messages import ReceiptTold
from worker.site import accepted, receipts
from worker.site.cli import cli
from worker.site.receipts import Compared, Finding
from worker.site.sent import OutboundLog
from worker.site.site import open_site

LONG_AGO = datetime.now(UTC) - timedelta(days=30)


@pytest.fixture
def bench(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Bench]:
    with stage(sqlite_url, redis_url, tmp_path) as live, between(live.url) as wire:
        made = Bench(live, wire)
        made.propose()
        made.work(JobKind.TRAIN)
        yield made


def told(bench: Bench) -> list[ReceiptTold]:
    """As the door tells the site."""
    site = open_site(bench.home)
    found = list(site.door.receipts(LONG_AGO).receipts)
    site.door.close()
    return found


def compared(bench: Bench, there: list[ReceiptTold]) -> list[Compared]:
    site = open_site(bench.home)
    return receipts.compare(OutboundLog(bench.home.sent), site.outbox, there, LONG_AGO)


def test_the_digest_of_what_left_is_the_one_the_hub_s_receipt_signs(bench: Bench) -> None:
    (update,) = bench.live.updates(bench.run, bench.member)
    lines = list(OutboundLog(bench.home.sent).since(None))
    pieces = {line.offset: line for line in lines if line.reason == "upload-chunk"}
    kept = open_site(bench.home).outbox.kept(bench.run, 1)
    assert kept is not None and kept.path is not None
    body = kept.path.read_bytes()
    left = b"".join(
        body[at : at + line.bytes] for at, line in sorted(pieces.items(), key=lambda i: i[0] or 0)
    )
    assert all(digest(body[at or 0 :][: line.bytes]) == line.digest for at, line in pieces.items())
    assert digest(left) == update.digest and len(left) == update.bytes
    with bench.live.world.hub.db.reading() as session:
        row: Round | None = round_by_id(session, update.round_id)
        assert row is not None
        run = runs.run_of(bench.live.world, bench.run)
        view = round_view(session, run, row, bench.member.administrator)
        other = round_view(session, run, row, bench.live.world.members[1].administrator)
    (shown,) = [line.receipt for line in view.updates if line.receipt is not None]
    assert (shown.body, shown.bytes) == (digest(left), len(left))
    policy = accepted.current(bench.home)
    assert policy is not None and shown.policy == policy.digest == digest_of(policy.document)
    assert shown.records and all(count > 0 for count in shown.records.values())
    assert [line.receipt for line in other.updates] == [], "another member reads none"


def test_all_is_well(bench: Bench) -> None:
    (found,) = compared(bench, told(bench))
    assert found.finding is Finding.MATCHES and found.left == found.bytes
    said = CliRunner().invoke(cli, ["--home", str(bench.home.root), "log", "--check"])
    assert (said.exit_code, "1 update compared." in said.output) == (0, True), said.output


def test_what_does_not_match_is_named(bench: Bench) -> None:
    (one,) = told(bench)
    ghost = one.model_copy(update={"body": "e" * 64, "round": 9})
    other = one.model_copy(update={"policy": "e" * 64})
    longer = one.model_copy(update={"bytes": one.bytes + 1})
    assert [c.finding for c in compared(bench, [])] == [Finding.NOT_THERE]
    assert [c.finding for c in compared(bench, [one, ghost])] == [
        Finding.MATCHES,
        Finding.UNKNOWN_HERE,
    ]
    for lie in (other, longer):
        assert [c.finding for c in compared(bench, [lie])] == [Finding.OTHER_RECEIPT]


def test_bytes_that_were_changed_or_deleted_here(bench: Bench) -> None:
    there = told(bench)
    kept = open_site(bench.home).outbox.kept(bench.run, 1)
    assert kept is not None and kept.path is not None
    body = kept.path.read_bytes()
    kept.path.write_bytes(body[:-1] + bytes([body[-1] ^ 1]))
    assert [c.finding for c in compared(bench, there)] == [Finding.OTHER_BYTES]
    said = CliRunner().invoke(cli, ["--home", str(bench.home.root), "log", "--check"])
    assert said.exit_code == 1 and "does not match" in said.output


def test_a_log_that_lost_a_piece_does_not_match(bench: Bench) -> None:
    there = told(bench)
    (file,) = bench.home.sent.glob("*.jsonl")
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if json.loads(line)["reason"] != "upload-chunk"]
    file.write_text("".join(kept), encoding="utf-8")
    assert [c.finding for c in compared(bench, there)] == [Finding.OTHER_RECEIPT]


@pytest.mark.parametrize(
    "receipt",
    [
        {"policy": "e" * 64, "policy_version": 1},
        {"noise": 1.0, "clip": 1.0, "epsilon": 1.0},
    ],
    ids=["another policy", "noise nobody asked for"],
)
def test_the_hub_refuses_a_receipt_that_does_not_fit(
    bench: Bench, receipt: dict[str, object]
) -> None:
    from app.sites.errors import UploadRefused

    world, other = bench.live.world, bench.live.world.members[1]
    job, claim = runs.claim_training(world, other)
    made = runs.delta(world, runs.manifest_of(job), 1)
    body = runs.body_of(made)
    header = runs.header_for(other, job, claim, body, dict.fromkeys(made, 100.0))
    wrong = header.model_copy(update={"receipt": header.receipt.model_copy(update=receipt)})
    with pytest.raises(UploadRefused) as found:
        runs.upload(world, other, job, claim, body, wrong)
    assert found.value.code == UploadRefusal.WRONG_RECEIPT
    half = header.modules | {
        name: part.model_copy(update={"weight": 0.5}) for name, part in header.modules.items()
    }
    with pytest.raises(UploadRefused):
        runs.upload(world, other, job, claim, body, header.model_copy(update={"modules": half}))
    runs.upload(world, other, job, claim, body, header)
