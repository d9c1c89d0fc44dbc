"""A round over each store: the same digests; nothing of an upload stays; and hostile names of stored things."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from app.db import Database
from app.runs import queries
from app.runs.states import RoundState, UpdateState
from app.sites.models import Job
from app.sites.states import JobState
from tests.buckets import S3Server
from tests.runs import world as acting
from tests.runs.world import World
from worker.hub import sweep as sweeping
from worker.hub import workplace
from worker.protocol.codes import JobKind, UploadRefusal


@pytest.fixture(params=["disk", "s3"])
def stored(request: pytest.FixtureRequest, sqlite_url: str, tmp_path: Path) -> World:
    url = ""
    if request.param == "s3":
        server: S3Server = request.getfixturevalue("s3")
        url = server.new_bucket()
    return acting.make(Database(sqlite_url), tmp_path, store_url=url)


def played(world: World) -> dict[str, str]:
    """One round of all members; the digests after it, by module."""
    run_id = acting.running(world)
    for seed, member in enumerate(world.members):
        acting.train(world, member, seed)
    world.work()
    with world.hub.db.reading() as session:
        assert queries.rounds(session, run_id)[0].state is RoundState.CLOSED
        return {name: s.digest for name, s in queries.states_after(session, run_id, 1).items()}


def test_a_round_gives_the_same_digests_whatever_the_store(
    sqlite_template: Path, s3: S3Server, tmp_path: Path
) -> None:
    found = []
    for name, url in (("disk", ""), ("s3", s3.new_bucket())):
        home = tmp_path / name
        home.mkdir()
        (home / "hub.sqlite").write_bytes(sqlite_template.read_bytes())
        database = Database(f"sqlite:///{home / 'hub.sqlite'}")
        world = acting.make(database, home, store_url=url)
        found.append(played(world))
        assert all(world.hub.objects.exists(digest) for digest in found[-1].values())
        assert list(world.hub.settings.work.iterdir()) == []
        database.engine.dispose()
    assert found[0] == found[1]


def test_stages_nobody_will_go_on_with_are_swept(
    stored: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three: one is under way, one's job has ended, one was never known here."""
    monkeypatch.setattr(sweeping, "STAGE_KEPT", timedelta(0))
    acting.running(stored)
    hub = stored.hub
    uploads, jobs = [], []
    for member in stored.members[:2]:
        got = acting.claim(stored, member, JobKind.TRAIN)
        assert got is not None
        jobs.append(got[0].id)
        uploads.append(begun(stored, member, *got))
    hub.objects.append("upload_unknown", 0, b"bytes")
    with hub.db.session() as session:
        session.get_one(Job, jobs[0]).state = JobState.CANCELLED
    time.sleep(1.1)  # a bucket keeps whole seconds
    assert {upload for upload, _ in hub.objects.stages()} == {*uploads, "upload_unknown"}
    assert sweeping.tidy(hub) == 2
    assert [upload for upload, _ in hub.objects.stages()] == uploads[1:]


def begun(world: World, member: acting.Member, job: Job, claim: int) -> str:
    made = acting.delta(world, acting.manifest_of(job), 1)
    body = acting.body_of(made)
    header = acting.header_for(member, job, claim, body, dict.fromkeys(made, 1.0))
    with world.hub.db.session() as session:
        said = acting.StartUpload(claim=claim, header=member.key.seal(header))
        site = session.get_one(acting.Site, member.site)
        upload = acting.uploads.begin(session, world.hub.objects, site, job.id, said)
    world.hub.objects.append(upload.id, 0, body[:100])
    return upload.id


def test_the_bytes_of_a_model_part_sent_as_an_update_stay_in_the_store(stored: World) -> None:
    """A hostile site fetches a model part and sends it back as its update: refusing that must not delete the part."""
    run_id = acting.running(stored)
    hostile, others = stored.members[0], stored.members[1:]
    got = acting.claim(stored, hostile, JobKind.TRAIN)
    assert got is not None
    job, claim = got
    module, ref = next(iter(sorted(acting.manifest_of(job).modules.items())))
    body = stored.hub.objects.get(ref.digest)
    header = acting.header_for(hostile, job, claim, body, {module: 1.0})
    acting.send(stored, hostile, job, claim, body, header)
    for member in others:
        acting.train(stored, member)
    stored.work()
    with stored.hub.db.reading() as session:
        first = queries.rounds(session, run_id)[0]
        [sent] = [u for u in queries.updates(session, first.id) if u.site_id == hostile.site]
    assert (sent.refusal, sent.state) == (UploadRefusal.WRONG_NAMES, UpdateState.DELETED)
    assert stored.hub.objects.get(ref.digest) == body


def test_folders_of_a_killed_worker_go_with_the_next_task(tmp_path: Path) -> None:
    left = tmp_path / "round-left"
    left.mkdir()
    (left / "update").write_bytes(b"half")
    with workplace.folder(tmp_path, "round") as young:
        assert left.exists()  # it may be at work
        os.utime(left, (0, 0))
        with workplace.folder(tmp_path, "round"):
            assert not left.exists() and young.exists()
