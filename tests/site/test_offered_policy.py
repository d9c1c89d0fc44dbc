"""What may come into force here: only what the pinned hub signed, and nothing older than what is in force."""

from datetime import timedelta

import pytest

from app.clock import now
from tests.runs.world import Member
from tests.site.stage import Stage
from worker.protocol.canonical import digest_of
from worker.protocol.messages import ApprovedPolicy, Hello
from worker.protocol.policy import Leaves, PolicyDocument
from worker.protocol.signatures import PrivateKey
from worker.site import accepted, enrolment
from worker.site.faults import SiteFault
from worker.site.site import open_site

LAX = PolicyDocument(leaves=Leaves(updates=True, metrics=True, class_reports=True))


@pytest.fixture
def member(live: Stage) -> Member:
    return live.world.members[0]


def approved(document: PolicyDocument, version: int) -> ApprovedPolicy:
    return ApprovedPolicy(
        version=version,
        digest=digest_of(document),
        document=document,
        approved_by="Officer",
        approved=now() - timedelta(days=1),
        effective=now(),
    )


def said(policy: ApprovedPolicy, key: PrivateKey) -> Hello:
    return Hello(time=now(), state="ready", hub_version="1", policy_offered=key.seal(policy))


def test_the_hub_s_own_word_is_read(live: Stage, member: Member) -> None:
    home = live.home(member)
    policy = approved(LAX, 2)
    assert enrolment.offered(home, said(policy, live.world.hub.key)) == policy
    site = open_site(home)
    offered = enrolment.offered(home, site.door.hello())
    assert offered is not None and offered.version >= 1


def test_a_policy_put_in_between_is_not_shown_to_anyone(live: Stage, member: Member) -> None:
    """As a proxy that opens TLS could: it reads answers and may write others."""
    home = live.home(member)
    with pytest.raises(SiteFault, match="not signed by this site's hub"):
        enrolment.offered(home, said(approved(LAX, 9), PrivateKey()))


def test_an_older_version_the_hub_once_signed_does_not_come_back(
    live: Stage, member: Member
) -> None:
    home = live.home(member)
    site = open_site(home)
    before = accepted.current(home)
    assert before is not None
    with pytest.raises(SiteFault, match="newer version is in force"):
        older = approved(LAX, before.version - 1)
        enrolment.accept(home, site.door, older, named=older.digest)
    assert accepted.current(home) == before
