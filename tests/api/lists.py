"""A hub in which every list of the API has items, what each filter should leave, and what may come in between."""

from collections.abc import Callable
from typing import Any

from app.access.permissions import Role
from app.clock import now
from app.federations import service as leading
from app.federations.models import BaseModelFile, Federation
from app.ids import new_id
from app.institutions import service as institutions
from app.institutions.models import Institution, Proof, Tie
from app.institutions.states import ProofKind, TieState
from app.integrations import webhooks
from app.integrations.events import HookEvent
from app.integrations.models import Webhook
from app.policies import incidents, purposes
from app.policies.models import PolicyFloor, PolicyVersion
from app.policies.purposes import OWN, Told
from app.policies.states import FloorState, PolicyState
from app.releases.models import Release
from app.runs import queries
from app.runs.models import Round, RunApproval
from app.runs.states import RoundState, VoidReason
from app.sites import service as sites
from app.sites.models import SentLine, Site
from app.sites.states import SiteState
from tests import cast
from tests.api.stage import Stage
from tests.runs import world as making
from worker.protocol.canonical import digest_of
from worker.protocol.signatures import PrivateKey

ONE = ("/institutions", "/runs/{run}/measurements")
"""Where two items cannot be: a token acts in one institution, and the plan has one task."""
SHOWN = {
    "/federations/{federation}/sheets": "/federations/{draft}/sheets",
    "/runs/{run}/rounds": "/runs/{finished}/rounds",
}
"""Of several such things, the one that has items."""


def fill(stage: Stage) -> Stage:
    stage.with_feedback()
    stage.with_proposed()
    stage.with_draft()
    stage.with_policy_draft()
    home = stage.ids["institution"]
    with stage.world.hub.db.session() as session:
        for name in ("Ada", "berta", "Cleo"):
            cast.member(session, home, name, Role.INSTRUCTOR, domain="more.example")
        for code in ("B", "A", "C"):
            row = institutions.add_class(session, stage.owner, home, "2025", code)
            institutions.assign(session, stage.owner, row.id, stage.owner.person)
        institutions.offer_classes(session, home, stage.ids["site"], [("2026", "9Z")])
        draft = session.get_one(Federation, stage.ids["draft"])
        for name, kind, metric in (("second", "binary", "auc"), ("grade", "regression", "mae")):
            labels = making.SHEET.labels if kind == "binary" else ()
            change = {"name": name, "kind": kind, "metric": metric, "labels": labels}
            leading.add_sheet(session, stage.owner, draft, making.SHEET.model_copy(update=change))
        _models(session)
        _proofs(session, home)
        _district(session, stage, home)
        _run_rows(session, stage)
    for status in (200, 410):
        stage.with_delivery(status)
    stage.with_delivery()
    webhook(stage)
    message(stage)
    for kind in ("progress", "update", "metrics"):
        sent(stage, kind)
    _answers(stage, site(stage))
    stage.ids["revoked"] = site(stage)
    with stage.world.hub.db.session() as session:
        sites.revoke(session, stage.owner, session.get_one(Site, stage.ids["revoked"]))
    return stage


def _answers(stage: Stage, site_id: str) -> None:
    """It has joined, and waits for its six words: another one whose records can be compared."""
    with stage.world.hub.db.session() as session:
        row = session.get_one(Site, site_id)
        row.state, row.key, row.joined = SiteState.JOINED, PrivateKey().public.text, now()


def _run_rows(session: Any, stage: Stage) -> None:
    """A second round of the finished run, and a second institution asked about the proposed one."""
    release = session.get_one(Release, stage.ids["release"])
    stage.ids["finished"] = release.run_id
    (first,) = queries.rounds(session, release.run_id)
    session.add(
        Round(
            id=new_id("round"),
            run_id=release.run_id,
            number=2,
            state=RoundState.VOID,
            reason=VoidReason.RUN_ENDED,
            cohort=first.cohort,
            quorum=first.quorum,
            base=first.base,
            opened=now(),
            deadline=now(),
        )
    )
    session.add(
        RunApproval(
            id=new_id("approval"),
            run_id=stage.ids["run"],
            institution_id=stage.ids["partner"],
            asked=now(),
            expires=now(),
        )
    )


def _models(session: Any) -> None:
    for number, allowed in enumerate((True, False, True)):
        session.add(
            BaseModelFile(
                id=new_id("model"),
                name=f"Encoder {number}",
                digest=f"{number}b" * 32,
                modality="text",
                files={},
                bytes=10,
                licence="Apache-2.0",
                source="a package",
                allowed=allowed,
                created=now(),
            )
        )


def _proofs(session: Any, home: str) -> None:
    for kind in (ProofKind.REGISTRY, ProofKind.DOCUMENT_SEEN):
        row = Proof(id=new_id("proof"), institution_id=home, kind=kind, value="seen", seen=now())
        session.add(row)


def _district(session: Any, stage: Stage, home: str) -> None:
    """Two schools with an offer and a floor each, and two purposes."""
    version = new_id("policy")
    at = now()
    session.add(
        PolicyVersion(
            id=version,
            institution_id=home,
            number=90,
            state=PolicyState.REPLACED,
            document=making.POLICY.model_dump(mode="json"),
            digest=digest_of(making.POLICY),
            drafted_by=stage.owner.person,
            created=at,
            changed=at,
        )
    )
    for name, purpose in (("North School", "research"), ("South School", "feedback")):
        school = cast.make_institution(session, name)
        common = {"district_id": home, "school_id": school.id}
        offered = {"offered_by": stage.owner.person, "offered": at, "changed": at}
        session.add(Tie(id=new_id("tie"), **common, state=TieState.OFFERED, **offered))
        session.add(
            PolicyFloor(
                id=new_id("floor"),
                **common,
                policy_version_id=version,
                state=FloorState.PROPOSED,
                proposed_by=stage.owner.person,
                proposed=at,
            )
        )
        told = Told(name, purpose, OWN, "P1Y", "Public task")
        purposes.add(session, stage.owner, home, told)
        what = "personal-data-breach" if purpose == "research" else "ai-serious-incident"
        incidents.note(session, stage.owner, home, what, now())


def sent(stage: Stage, kind: str = "progress") -> None:
    with stage.world.hub.db.session() as session:
        session.add(
            SentLine(
                id=new_id("sent"),
                institution_id=stage.ids["institution"],
                site_id=stage.ids["site"],
                kind=kind,
                bytes=1,
                digest="a" * 64,
                reason="train",
                at=now(),
            )
        )


def site(stage: Stage) -> str:
    with stage.world.hub.db.session() as session:
        home = session.get_one(Institution, stage.ids["institution"])
        name, key = f"Annexe {new_id('site')[-5:]}", stage.world.hub.key.public
        row, _token = sites.add_site(session, stage.owner, home, name, hub_key=key)
        return row.id


def school_class(stage: Stage) -> None:
    """Before all others: the newest term, the first code."""
    with stage.world.hub.db.session() as session:
        home = stage.ids["institution"]
        institutions.add_class(session, stage.owner, home, "2027", new_id("x")[-9:])


def webhook(stage: Stage) -> None:
    with stage.world.hub.db.session() as session:
        settings, home = stage.world.hub.settings, stage.ids["institution"]
        address = "https://hooks.late.example/"
        webhooks.create(session, settings, stage.owner, home, address, [HookEvent.MEMBER_LEFT])


def message(stage: Stage) -> None:
    with stage.world.hub.db.session() as session:
        row = session.get_one(Webhook, stage.ids["webhook"])
        webhooks.test(session, stage.owner, row)


def federation(stage: Stage) -> None:
    with stage.world.hub.db.session() as session:
        name = f"Another {new_id('f')[-8:]}"
        purpose = "To see early who needs support."
        leading.found(session, stage.owner, stage.ids["institution"], name=name, purpose=purpose)


def person(stage: Stage) -> None:
    with stage.world.hub.db.session() as session:
        name = f"aa{new_id('p')[-8:]}"
        home = stage.ids["institution"]
        cast.member(session, home, name, Role.INSTRUCTOR, domain="late.example")


def run(stage: Stage) -> None:
    making.propose(stage.world)


HOME = "/institutions/{institution}"
INSERTS: dict[str, Callable[[Stage], object]] = {
    HOME + "/sites": site,
    HOME + "/sent": sent,
    HOME + "/classes": school_class,
    HOME + "/audit": school_class,
    HOME + "/people": person,
    HOME + "/webhooks": webhook,
    "/webhooks/{webhook}/deliveries": message,
    "/federations": federation,
    "/runs": run,
}
FILTERS = (
    (HOME + "/proofs", "kind=registry", "kind", "registry"),
    (HOME + "/people", "role=administrator", "roles", "administrator"),
    (HOME + "/policies", "state=draft", "state", "draft"),
    (HOME + "/sites", "state=revoked", "id", "{revoked}"),
    (HOME + "/purposes", "purpose=research", "purpose", "research"),
    (HOME + "/incidents", "kind=ai-serious-incident", "kind", "ai-serious-incident"),
    (HOME + "/classes", "term=2025", "term", "2025"),
    (HOME + "/classes", "confirmed=false", "confirmed", None),
    (HOME + "/instructors", "name=BERT", "name", "Berta"),
    (HOME + "/sent", "kind=metrics", "kind", "metrics"),
    (HOME + "/audit", "kind=class.added", "kind", "class.added"),
    (HOME + "/webhooks", "state=off", "state", "off"),
    (HOME + "/webhooks", "event=member.left", "events", "member.left"),
    ("/webhooks/{webhook}/deliveries", "state=delivered", "state", "delivered"),
    ("/webhooks/{webhook}/deliveries", "event=webhook.test", "event", "webhook.test"),
    ("/federations", "state=draft", "state", "draft"),
    ("/federations/{federation}/records", "site={site}", "site", "{site}"),
    ("/federations/{draft}/sheets", "kind=regression", "name", "grade"),
    ("/models", "allowed=false", "allowed", False),
    ("/runs", "state=proposed", "state", "proposed"),
    ("/runs/{finished}/rounds", "state=void", "state", "void"),
    ("/federations/{federation}/releases", "current=true", "current", True),
    ("/reports", "term=2026", "term", "2026"),
    ("/reports/{school_class}/feedback", "fits=partly", "fits", "partly"),
)


def holds(item: dict[str, Any], field: str, value: Any) -> bool:
    found = item[field]
    return value in found if isinstance(found, list) else bool(found == value)
