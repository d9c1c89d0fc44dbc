"""Documents from live records: what they say follows the rows, what is missing is said, files are tied to the chain."""

import io
import json
import re
import zipfile
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.audit import queries as audit
from app.audit import service as chain
from app.audit.checkpoint import leaf
from app.errors import NotAllowed, NotFound
from app.evidence import answers, documents, pdf, service
from app.evidence.html import html
from app.evidence.parts import Arrow, Document, Grid
from app.evidence.states import DocumentKind, FileForm
from app.people.models import RoleGrant
from app.policies import purposes
from app.policies import queries as policies
from app.policies.models import PolicyVersion
from app.sites.models import SentLine, Site
from app.text import speaking
from tests import cast
from tests.runs import world as making
from tests.runs.world import World
from worker.protocol.bounds import Bounds, Breach
from worker.protocol.canonical import digest_of
from worker.protocol.clocks import Clock
from worker.protocol.signatures import PublicKey

NEVER = re.compile(r"anonym|compliant|konform", re.IGNORECASE)


def trained(world: World) -> None:
    """One round of a run, by every site."""
    making.running(world)
    for member in world.members:
        making.train(world, member)
    world.work()


def made(
    session: Session, world: World, kind: DocumentKind, who: Actor | None = None, **settings: Any
) -> Document:
    hub = world.hub.settings.model_copy(update=settings)
    lead = world.lead
    return documents.make(session, hub, who or lead.officer, lead.institution, kind)


def text(document: Document) -> str:
    return html(document).decode()


def gaps(document: Document) -> str:
    return " ".join(gap.text for gap in document.gaps)


@pytest.mark.parametrize("locale", ["en", "de"])
def test_every_document_in_both_forms(world: World, locale: str) -> None:
    trained(world)
    with world.hub.db.session() as session, speaking(locale):
        found = documents.every(
            session, world.hub.settings, world.lead.officer, world.lead.institution
        )
        assert [d.kind for d in found] == list(DocumentKind)
        for document in found:
            said = text(document)
            assert f'lang="{locale}"' in said and document.stamp.head in said
            assert not NEVER.search(said), document.kind
            assert pdf.pdf(document).startswith(b"%PDF-")


def test_what_left_is_told_as_the_rows_have_it(world: World) -> None:
    trained(world)
    with world.hub.db.session() as session:
        lines = session.query(SentLine).filter_by(institution_id=world.lead.institution).all()
        session.add(
            SentLine(
                id="sent_" + "0" * 22,
                institution_id=world.lead.institution,
                site_id=world.lead.site,
                kind="class-codes",
                bytes=7_654_000,
                digest="a" * 64,
                reason="offer",
                at=lines[0].at if lines else session.get_one(Site, world.lead.site).created,
            )
        )
        session.flush()
        flow = made(session, world, DocumentKind.FLOW)
    assert "7.65 MB" in text(flow)
    assert "7.65 MB" in text(flow).split("Codes of classes")[1][:200]


def test_the_register_of_purposes_is_shown_and_what_it_leaves_open_is_said(world: World) -> None:
    here, drafter = world.lead.institution, world.lead.administrator
    told = purposes.Told("Help in time", "early-support", purposes.OWN, "P3Y", "Public task")
    with world.hub.db.session() as session:
        purposes.add(session, drafter, here, replace(told, protected=True))
        whole = made(session, world, DocumentKind.PROCESSING)
        assert "No lawful basis" not in gaps(whole)
        said = text(whole)
        for part in (
            "Help in time",
            "early support",
            "Public task",
            "also against a request to erase",
        ):
            assert part in said
        glance = made(session, world, DocumentKind.GLANCE)
        assert "Help in time" not in text(glance) and "No lawful basis" not in gaps(glance)
        (row,) = purposes.in_force(session, here)
        purposes.end(session, drafter, row.id)
        purposes.add(session, drafter, here, replace(told, purpose="research"))
        open_ = made(session, world, DocumentKind.PROCESSING)
        assert "No lawful basis has been recorded for: early support." in gaps(open_)


def test_no_lawful_basis_officer_policy_or_site_is_said(world: World) -> None:
    with world.hub.db.session() as session:
        here = world.lead.institution
        whole = made(session, world, DocumentKind.PROCESSING)
        assert "No lawful basis" in gaps(whole)
        assert "No privacy officer" not in gaps(whole) and "No policy" not in gaps(whole)
        administrator = world.lead.administrator
        for row in session.query(Site).filter_by(institution_id=here):
            row.policy_version_id = None
        session.flush()
        unaccepted = made(session, world, DocumentKind.PROCESSING)
        assert "not in force yet at" in gaps(unaccepted)
        session.execute(
            delete(RoleGrant).where(
                RoleGrant.institution_id == here, RoleGrant.role == "privacy-officer"
            )
        )
        session.query(PolicyVersion).filter_by(institution_id=here).update({"state": "declined"})
        session.expire_all()
        bare = made(session, world, DocumentKind.PROCESSING, administrator)
    assert "No privacy officer" in gaps(bare) and "No policy" in gaps(bare)
    paths = {gap.path for gap in bare.gaps if "No policy" in gap.text}
    assert paths == {f"/i/{here}/policy/draft"}


def test_hosts_are_told_without_their_secrets(world: World) -> None:
    told = {
        "database_url": "postgresql://user:hunter2@db.example/hub",
        "object_store_url": "s3://key:hunter3@objects.example/bucket",
        "mail_url": "smtp://me:hunter4@mail.example:587",
        "hosted_by": "Stones Ltd, Leeds",
        "subprocessors": "Backups Ltd; Mail Ltd",
        "backup_days": 35,
    }
    with world.hub.db.session() as session:
        bare = made(session, world, DocumentKind.PROCESSING)
        full = made(session, world, DocumentKind.PROCESSING, **told)
    assert "who hosts the hub" in gaps(bare) and "sub-processors" in gaps(bare)
    assert "backups" in gaps(bare)
    said = text(full)
    for name in ("db.example", "objects.example", "mail.example", "Stones Ltd", "Mail Ltd"):
        assert name in said
    assert "35 days" in said and "hunter" not in said
    assert "hosts the hub" not in gaps(full) and "backups" not in gaps(full)


def test_noise_and_secure_aggregation_are_said_to_be_missing(world: World) -> None:
    with world.hub.db.session() as session:
        for kind in (DocumentKind.GLANCE, DocumentKind.ANSWERS, DocumentKind.MODELS):
            said = gaps(made(session, world, kind))
            assert "Noise" in said and "ecure aggregation" in said, kind


def test_there_are_twenty_five_answers_in_order(world: World) -> None:
    with world.hub.db.session() as session:
        found = made(session, world, DocumentKind.ANSWERS)
    assert len(answers.ORDER) == len(found.sections) == 25
    assert [int(s.title.partition(".")[0]) for s in found.sections] == list(range(1, 26))
    assert all(section.blocks for section in found.sections)
    assert len({section.title for section in found.sections}) == 25


def test_who_may_make_evidence(world: World) -> None:
    with world.hub.db.session() as session:
        reader = cast.member(session, world.lead.institution, "reader", domain="school0.example")
        for who in (world.lead.officer, world.lead.administrator):
            assert made(session, world, DocumentKind.GLANCE, who)
        with pytest.raises(NotAllowed):
            made(session, world, DocumentKind.GLANCE, reader)
        for stranger in (world.stranger, world.operator, world.members[1].officer):
            with pytest.raises(NotFound):
                made(session, world, DocumentKind.GLANCE, stranger)


def test_a_file_is_an_event_with_its_digest(world: World) -> None:
    here = world.lead.institution
    with world.hub.db.session() as session:
        number, head = audit.head(session, here)
        name, content = service.download(
            session, world.hub, world.lead.officer, here, DocumentKind.IMPACT, FileForm.HTML
        )
        event = audit.latest(session, here, 1)[0]
        assert chain.verify(session, here) is None
    assert name.startswith("impact-") and name.endswith(".html")
    assert (event.number, event.previous) == (number + 1, head)
    assert head in content.decode(), "the document names the head before its own event"
    assert event.kind == "evidence.made"
    assert event.body == {
        "kind": "impact",
        "choice": "html",
        "bytes": len(content),
        "digest": sha256(content).hexdigest(),
    }


def test_all_in_one_zip_with_the_signed_heads(world: World) -> None:
    here = world.lead.institution
    with world.hub.db.session() as session:
        end = audit.ends(session)[here]
        _name, content = service.archive(session, world.hub, world.lead.administrator, here)
        event = audit.latest(session, here, 1)[0]
    assert event.body["digest"] == sha256(content).hexdigest()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert {f"{k.value}.{f.value}" for k in DocumentKind for f in FileForm} <= files.keys()
    for line in files["digests.txt"].decode().splitlines():
        digest, name = line.split("  ")
        assert sha256(files[name]).hexdigest() == digest
    heads = json.loads(files["checkpoint.json"])
    assert leaf(here, end) in str(heads["checkpoint"])
    assert PublicKey(heads["hub_key"]) == world.hub.key.public


def test_names_are_no_markup(world: World) -> None:
    with world.hub.db.session() as session:
        document = made(session, world, DocumentKind.GLANCE)
        hostile = replace(
            document, stamp=replace(document.stamp, institution_name="<b>Łódź & Söhne ε</b>")
        )
    assert "&lt;b&gt;Łódź &amp; Söhne" in text(hostile)
    assert pdf.pdf(hostile).startswith(b"%PDF-")
    assert pdf.plain("Łódź – „Straße“ ε 漢") == "Łódz – „Straße“ epsilon ?"


def test_tables_are_whole(world: World) -> None:
    trained(world)
    with world.hub.db.session() as session:
        every = documents.every(
            session, world.hub.settings, world.lead.officer, world.lead.institution
        )
    grids = [b for d in every for s in d.sections for b in s.blocks if isinstance(b, Grid)]
    assert len(grids) >= 10
    assert all(len(row) == len(grid.columns) for grid in grids for row in grid.rows)


def test_an_arrow_ends_where_it_points() -> None:
    assert Arrow(0, 0, 0, 100, "1").head == ((0, 100), (-4, 92), (4, 92))


def test_ages_clocks_and_borders_come_from_the_policy_in_force(world: World) -> None:
    bounds = Bounds(
        consent_age=13,
        cross_border="review",
        breaches=(
            Breach(
                kind="personal-data-breach",
                to="authority",
                clock=Clock(amount=3, unit="business-days"),
            ),
        ),
    )
    with world.hub.db.session() as session:
        assert "no list of single students" in text(made(session, world, DocumentKind.GLANCE))
        before = gaps(made(session, world, DocumentKind.ANSWERS))
        assert "The age rule" in before and "within how many hours" in before
        version = policies.current(session, world.lead.institution)
        assert version is not None
        document = policies.document(version).model_copy(
            update={"bounds": bounds, "student_lists": True}
        )
        version.document = document.model_dump(mode="json")
        version.digest = digest_of(document)
        session.flush()
        assert "at the site alone" in text(made(session, world, DocumentKind.GLANCE))
        after = made(session, world, DocumentKind.ANSWERS)
        record = made(session, world, DocumentKind.PROCESSING)
    assert "Below 13 a parent" in text(after) and "3 business days" in text(after)
    assert "The age rule" not in gaps(after) and "within how many hours" not in gaps(after)
    assert "No such review is recorded" in gaps(record)
