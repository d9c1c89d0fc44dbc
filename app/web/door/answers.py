"""What the hub says to a site, and where a site's answer goes."""

from importlib.metadata import version

from sqlalchemy.orm import Session

from app.clock import now
from app.errors import NotFound
from app.federations import queries as federations
from app.hub import Hub
from app.reports import service as reports
from app.runs import measurements, rounds
from app.runs import queries as run_queries
from app.sites import inbox, queries, service, standing
from app.sites.models import Job, Site
from app.sites.states import HELD, SiteState
from app.text import _
from worker.protocol import messages
from worker.protocol.policy import PolicyDocument
from worker.protocol.signatures import PrivateKey

_STATES = {
    SiteState.JOINED: "waiting-for-confirmation",
    SiteState.READY: "ready",
    SiteState.REVOKED: "revoked",
}


def joined(hub: Hub, request: messages.JoinRequest) -> messages.JoinAnswer:
    """Commits the join and says what the person at the site compares and pins."""
    with hub.db.session() as session:
        site = service.join(session, request)
        institution = queries.home(session, site)
        return messages.JoinAnswer(
            site=site.id,
            site_name=site.name,
            institution=institution.id,
            institution_name=institution.name,
            hub_key=hub.key.public.text,
            hub_name=hub.settings.hub_name,
            words=queries.words(hub.key.public, site),
            simulated=hub.settings.simulated,
        )


def hello(session: Session, site: Site, key: PrivateKey) -> messages.Hello:
    """`key` is the hub's: it seals the policy it offers."""
    in_force = queries.policy_in_force(session, site)
    offered = _offered(session, site) if site.state is SiteState.READY else None
    return messages.Hello.model_validate(
        {
            "time": now(),
            "state": _STATES[site.state],
            "hub_version": version("collegium"),
            "policy_offered": key.seal(offered) if offered else None,
            "policy_in_force": in_force.digest if in_force else None,
            "suspended": standing.is_suspended(session, site),
        }
    )


def sheets(session: Session, site: Site, federation_id: str) -> messages.SheetsTold:
    """The task sheets in force. Raises NotFound where its institution has no business with the federation."""
    service.require_confirmed(site)
    found = federations.for_site(session, site, federation_id)
    told = federations.documents(session, found.id)
    return messages.SheetsTold(federation=found.id, sheets=told)


def _offered(session: Session, site: Site) -> messages.ApprovedPolicy | None:
    """The newest approved version, also when it is the one in force: a lost folder can be filled again."""
    policy = queries.policy_offered(session, site.institution_id)
    if policy is None or policy.decided is None:
        return None
    return messages.ApprovedPolicy(
        version=policy.number,
        digest=policy.digest,
        document=PolicyDocument.model_validate(policy.document),
        approved_by=queries.approver_name(session, policy),
        approved=policy.decided,
        effective=policy.decided,
        one_person=policy.one_person,
    )


def settle(session: Session, site: Site, job_id: str, said: messages.Answer) -> None:
    """Ends the job and hands what it brought to the runs or the reports. The same answer again does nothing."""
    lock_round(session, job_id)
    job = inbox.answer(session, site, job_id, said)
    if job is None:
        return
    if said.metrics is not None:
        measurements.record(session, job, said.metrics)
    if said.report is not None:
        reports.receive(session, job, said.report)
    rounds.answered(session, job)


def lock_round(session: Session, job_id: str) -> None:
    """The round before its job, as the sweep locks them: two orders would be a deadlock."""
    round_id = queries.round_of_job(session, job_id)
    if round_id is not None:
        run_queries.locked_round(session, round_id)


def require_named(session: Session, site: Site, job_id: str, digest: str) -> Job:
    """The job, if this site holds it and it names the object. NotFound for anything else."""
    job = queries.job(session, job_id)
    mine = job is not None and job.site_id == site.id and job.state in HELD
    if job is None or not mine or digest not in job.objects:
        raise NotFound(_("This job names no such object."))
    standing.require_wanted(session, site)
    return job
