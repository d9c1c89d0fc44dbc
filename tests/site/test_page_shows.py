"""What the page shows and does: the policy in force and waiting, what left with its content, faults of the records."""

import csv
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.runs import world as runs
from tests.servers import wait_until
from tests.site import homes
from tests.site.served import Served, joined, served
from tests.site.stage import Stage, running
from tests.site.test_guard import manifest as guard_manifest
from worker.protocol import run_terms
from worker.protocol.canonical import digest, digest_of
from worker.protocol.codec import encode
from worker.protocol.codes import TransferKind
from worker.protocol.policy import Leaves
from worker.site import accepted
from worker.site.home import Home
from worker.site.outbox import Outbox
from worker.site.sent import OutboundLog

CANARY = "Zebulon Quackenbush"


def test_accepting_a_policy_brings_it_into_force(live: Stage) -> None:
    member = live.world.members[0]
    home = live.home(member)
    before = accepted.current(home)
    assert before is not None
    wanted = before.document.model_copy(update={"leaves": Leaves(updates=True)})
    with live.world.hub.db.session() as session:
        runs.set_policy(session, member, wanted)
    with served(home) as page:
        visitor = page.visitor()
        shown = visitor.get("/policy").text
        assert "waits for your yes" in shown
        assert "<ins>Figures on how well the model does here stay at the site.</ins>" in shown
        assert digest_of(wanted) in shown

        other = visitor.post("/policy/accept", digest="0" * 64)
        assert other.status_code == 409
        assert accepted.current(home) == before

        done = visitor.post("/policy/accept", digest=digest_of(wanted))
        assert done.headers["location"] == "/policy?done=accepted"
        now = accepted.current(home)
        assert now is not None
        assert now.document == wanted
        assert "waits for your yes" not in visitor.get("/policy").text


def test_without_the_hub_the_policy_in_force_is_shown_and_none_is_accepted(tmp_path: Path) -> None:
    home = joined(tmp_path)
    with served(home) as page:
        visitor = page.visitor()
        shown = visitor.get("/policy").text
        assert "Student records never leave the site." in shown
        assert "does not answer" in shown
        assert visitor.post("/policy/accept", digest="0" * 64).status_code == 503
        assert accepted.current(home) is not None


def test_a_damaged_policy_is_said_and_counts_as_none(tmp_path: Path) -> None:
    home = joined(tmp_path)
    text = home.policy_file.read_text()
    home.policy_file.write_text(text.replace('"minimum_cohort":3', '"minimum_cohort":2'))
    with served(home) as page:
        shown = page.visitor().get("/policy").text
    assert "was changed" in shown
    assert "every job is refused" in shown


def test_only_a_run_that_waits_is_approved(tmp_path: Path) -> None:
    home = joined(tmp_path)
    asked = guard_manifest(partners=("School 9",))
    accepted.ask_for(home, asked)
    with served(home) as page:
        visitor = page.visitor()
        assert "run_1" in visitor.get("/policy").text
        shown = visitor.get("/runs/run_1").text
        terms = run_terms.of(asked).digest
        assert terms in shown and "School 9" in shown and "Whether the student passes." in shown
        assert visitor.get("/runs/run_2").status_code == 404
        assert visitor.post("/policy/approve-run", run="run_2", terms=terms).status_code == 409
        assert visitor.post("/policy/approve-run", run="run_1", terms="0" * 64).status_code == 409
        assert accepted.approved(home) == {}
        assert visitor.post("/policy/approve-run", run="run_1", terms=terms).status_code == 303
    assert accepted.approved(home) == {"run_1": run_terms.of(asked).digest}
    assert accepted.waiting(home) == {}


@pytest.fixture
def logged(tmp_path: Path) -> Iterator[Served]:
    """Two lines with content, one of them tampered with."""
    home = joined(tmp_path)
    log = OutboundLog(home.sent)
    said = '{"claim":1,"failed":"disk-full"}'
    right = digest(said.encode())
    log.note(TransferKind.ANSWER, len(said), right, "failed", "job1", "run1", said)
    log.note(TransferKind.ANSWER, len(said), "0" * 64, "failed", "job2", "run2", said)
    with served(home) as page:
        yield page


def test_content_is_shown_and_held_against_its_digest(logged: Served) -> None:
    visitor = logged.visitor()
    (month,) = (path.stem for path in logged.home.sent.glob("*.jsonl"))
    first, second = (visitor.get(f"/sent/{month}/{n}").text for n in (1, 2))
    assert "disk-full" in first
    assert "Fits the digest" in first
    assert "Does not fit the digest" in second


def test_the_list_is_filtered(logged: Served) -> None:
    visitor = logged.visitor()
    everything = visitor.get("/sent?kind=answer").text
    assert everything.count("A job could not be done") == 2
    assert visitor.get("/sent?run=run1").text.count("A job could not be done") == 1
    assert visitor.get("/sent?kind=nonsense&period=x&page=-1").status_code == 200
    assert "no line that fits" in visitor.get("/sent?run=<script>").text
    assert "<script>" not in visitor.get("/sent?run=<script>").text.split("<body>")[1]


def test_an_update_is_opened_while_it_is_kept(live: Stage) -> None:
    """A run leaves an update; the page reads it from the outbox, and says when its bytes were deleted."""
    member, other = live.world.members
    home = live.home(member)
    live.home(other)
    run = live.propose()
    with _both(live):
        live.wait(lambda: live.is_completed(run), 240, "the end of the run")
    (folder,) = (p for p in home.outbox.iterdir() if (p / "update.json").is_file())
    with served(home) as page:
        visitor = page.visitor()
        where = [
            f"/sent/{e.month}/{e.number}"
            for e in OutboundLog(home.sent).newest()
            if e.line.reason == "upload-chunk"
        ]
        shown = visitor.get(where[0]).text
        assert "Every block of numbers in it" in shown
        assert "Round 1" in shown
        (folder / "update.safetensors").write_bytes(encode({"a::b": np.zeros(2, "f4")}))
        assert "is not what was sent any more" in visitor.get(where[0]).text

        for path in (folder, *folder.iterdir()):
            os.utime(path, (0, 0))
        Outbox(home.outbox).prune()
        assert "were deleted from this computer" in visitor.get(where[0]).text
        assert not (folder / "update.safetensors").exists()


@contextmanager
def _both(live: Stage) -> Iterator[None]:
    with ExitStack() as stack:
        for home in live.homes.values():
            stack.enter_context(running(home))
        yield


def test_a_students_name_is_shown_at_data_and_nowhere_else(tmp_path: Path) -> None:
    """The fault quotes it; no other page, no log and no line of what left has it."""
    data = homes.records(tmp_path / "records")
    rows = list(csv.reader((data / "records.csv").open(encoding="utf-8")))
    rows[3][rows[0].index("hours")] = CANARY
    with (data / "records.csv").open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows(rows)
    home = joined(tmp_path, data=data)
    with served(home) as page:
        visitor = page.visitor()
        wait_until(lambda: CANARY in visitor.get("/data").text, seconds=60, what="the look")
        assert "records.csv, row 4, column hours" in visitor.get("/data").text
        visitor.post("/data/check")
        visitor.post("/check")
        wait_until(lambda: "has 1 faults" in visitor.get("/").text, seconds=60, what="the look")
        for path in ("/", "/policy", "/sent", "/sent?period=all"):
            assert CANARY not in visitor.get(path).text
    assert CANARY not in (tmp_path / "page.out").read_text()
    assert _holding(home) == []


def _holding(home: Home) -> list[str]:
    files = (path for path in home.root.rglob("*") if path.is_file())
    return [str(path) for path in files if CANARY.encode() in path.read_bytes()]


def test_german(tmp_path: Path) -> None:
    with served(joined(tmp_path)) as page:
        visitor = page.visitor()
        visitor.http.headers["Accept-Language"] = "de"
        assert "Ist dieser Standort bereit?" in visitor.get("/").text
        said = "Der Datenordner ist brauchbar."
        wait_until(lambda: said in visitor.get("/").text, seconds=60, what="the look")
        assert "Daten von Lernenden verlassen den Standort nie." in visitor.get("/policy").text
