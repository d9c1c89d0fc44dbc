"""What a site says of itself: the policy it accepted, its readiness, its class codes, its next key."""

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.audit import kinds
from app.audit.service import record
from app.clock import now
from app.effects import Ring, after_commit
from app.errors import Invalid
from app.ids import new_id
from app.institutions.models import SchoolClass
from app.policies.models import PolicyVersion
from app.policies.states import PolicyState
from app.sites import queries, sent
from app.sites.errors import ClosedByPolicy, NotConfirmed, PolicyNotOffered, SiteRefused
from app.sites.models import Site
from app.sites.states import SiteState
from app.text import _
from worker.protocol.canonical import canonical
from worker.protocol.codes import TransferKind
from worker.protocol.manifest import Signed
from worker.protocol.messages import OfferClasses, PolicyAcceptance, ReadinessReport
from worker.protocol.signatures import BadSignature, PublicKey


def accept_policy(session: Session, site: Site, signed: Signed) -> None:
    """A person accepted this version at the site: from now on it is in force there."""
    require_confirmed(site)
    accepted = _opened(site, signed)
    version = session.scalars(
        select(PolicyVersion).where(
            PolicyVersion.institution_id == site.institution_id,
            PolicyVersion.number == accepted.version,
        )
    ).first()
    if version is None or version.digest != accepted.digest:
        raise PolicyNotOffered(_("Your institution has no such policy. Ask for the newest one."))
    if version.id == site.policy_version_id:
        return
    if version.state is not PolicyState.APPROVED:
        raise PolicyNotOffered(_("This policy is not approved. Ask for the newest one."))
    in_force = queries.policy_in_force(session, site)
    if in_force is not None and in_force.number > version.number:
        raise PolicyNotOffered(_("A newer policy is in force at this site."))
    site.policy_version_id = version.id
    site.policy_accepted = now()
    site.policy_signature = signed.model_dump(mode="json")
    body = {"policy": version.id, "digest": version.digest, "number": version.number}
    record(
        session,
        site.id,
        kinds.SITE_POLICY_ACCEPTED,
        chain=site.institution_id,
        subject=site.id,
        body=body,
    )
    sent.note(session, site, TransferKind.POLICY, canonical(signed), "policy-accepted")
    session.flush()
    after_commit(session, Ring(f"institution:{site.institution_id}"))


def _opened(site: Site, signed: Signed) -> PolicyAcceptance:
    assert site.key is not None
    try:
        accepted = PolicyAcceptance.model_validate_json(PublicKey(site.key).open(signed))
    except (BadSignature, ValueError) as error:
        raise SiteRefused(_("The acceptance is not signed by this site's key.")) from error
    if accepted.site != site.id:
        raise SiteRefused(_("The acceptance names another site."))
    return accepted


def report_readiness(session: Session, site: Site, report: ReadinessReport) -> None:
    """Replaces the report before. Numbers and codes only."""
    site.readiness = report.model_dump(mode="json") | {"at": now().isoformat()}
    site.software = report.software
    faults = sum(not item.ok for item in report.items)
    record(
        session,
        site.id,
        kinds.SITE_READINESS,
        chain=site.institution_id,
        subject=site.id,
        body={"count": faults},
    )
    sent.note(session, site, TransferKind.READINESS, canonical(report), "readiness-check")
    session.flush()
    after_commit(session, Ring(f"institution:{site.institution_id}"))


def offer_classes(session: Session, site: Site, offer: OfferClasses) -> int:
    """Codes and terms for a person to confirm; known ones stay as they are. Returns how many are new."""
    require_confirmed(site)
    policy = queries.document_in_force(session, site)
    if policy is None or not policy.leaves.class_codes:
        raise ClosedByPolicy(_("The policy in force at this site does not let class codes out."))
    rows = [
        {
            "id": new_id("class"),
            "institution_id": site.institution_id,
            "term": item.term.strip(),
            "code": item.code.strip(),
            "title": "",
            "offered_by": site.id,
            "created": now(),
        }
        for item in dict.fromkeys(offer.classes)
    ]
    added = _insert_new(session, rows)
    record(
        session,
        site.id,
        kinds.CLASS_OFFERED,
        chain=site.institution_id,
        subject=site.id,
        body={"site": site.id, "count": added},
    )
    sent.note(session, site, TransferKind.CLASS_CODES, canonical(offer), "classes-offered")
    after_commit(session, Ring(f"institution:{site.institution_id}"))
    return added


def _insert_new(session: Session, rows: list[dict[str, object]]) -> int:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    added = 0
    for row in rows:
        statement = insert(SchoolClass).values(**row).on_conflict_do_nothing()
        added += session.execute(statement.returning(SchoolClass.id)).first() is not None
    return added


def announce_key(session: Session, site: Site, key: str) -> None:
    """The site's next key; in force, and proven held, when it first signs a request."""
    require_confirmed(site)
    try:
        fingerprint = PublicKey(key).fingerprint
    except BadSignature as error:
        raise Invalid(_("This is no public key."), {"key": _("Send 32 bytes, base64.")}) from error
    used = select(Site.id).where((Site.key == key) | (Site.next_key == key), Site.id != site.id)
    if key == site.key or session.execute(used).first():
        raise Invalid(_("This key is in use. Make a new one."), {"key": _("Make a new key.")})
    site.next_key = key
    record(
        session,
        site.id,
        kinds.SITE_KEY_ANNOUNCED,
        chain=site.institution_id,
        subject=site.id,
        body={"fingerprint": fingerprint},
    )
    session.flush()


def require_confirmed(site: Site) -> None:
    """Raises NotConfirmed until an administrator compared the six words."""
    if site.state is not SiteState.READY:
        raise NotConfirmed(
            _("An administrator has not confirmed this site yet: compare the six words first.")
        )
