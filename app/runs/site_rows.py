"""Where each site stands, for the run page, cut down to what the reader may see."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from app.institutions import queries as institution_queries
from app.institutions.models import Institution
from app.runs import eligibility, tallies
from app.runs.eligibility import LeftOut, Outside, Survey
from app.runs.models import Run, RunApproval, Update
from app.runs.queries import Seen
from app.runs.standings import Opened
from app.runs.states import RUN_ENDED, UpdateState
from app.runs.views import Part, SiteRow
from app.sites import queries as site_queries
from app.sites import tallies as site_tallies
from app.sites.models import Job, Site
from app.sites.states import JobState
from worker.protocol.codes import Phase

_OUT: dict[Outside, Part] = {
    Outside.NO_SITE: Part.NO_SITE,
    Outside.OFFLINE: Part.OFFLINE,
    Outside.REFUSES: Part.REFUSED,
    Outside.REFUSED: Part.REFUSED,
    Outside.APPROVAL_WAITS: Part.APPROVAL_WAITS,
    Outside.DECLINED: Part.DECLINED,
    Outside.SUSPENDED: Part.SUSPENDED,
}
_GIVEN = frozenset({Part.RECEIVED, Part.TAKEN, Part.UPDATE_REFUSED, Part.REFUSED})
"""What a site said of the round stays said, also when its institution is suspended after."""
_SENDING = frozenset({Phase.STORED, Phase.UPLOADING, Phase.DONE})
IN = frozenset(
    {
        Part.WAITING,
        Part.WORKING,
        Part.UPLOADING,
        Part.RECEIVED,
        Part.TAKEN,
        Part.UPDATE_REFUSED,
        Part.READY,
    }
)


def rows(
    session: Session,
    seen: Seen,
    current: Opened | None,
    answers: Sequence[RunApproval],
    at: datetime,
    seen_recently_s: int,
) -> tuple[SiteRow, ...]:
    """The reader's own first, then by name. Before a round is open: who could be asked now; after the run: who was."""
    run, own, leads = seen.run, seen.inside, seen.leads
    if run.state in RUN_ENDED:
        made = _after(session, run, at, seen_recently_s)
        return _shown(made, own, leads=leads)
    found = eligibility.survey(session, run, at, seen_recently_s, answers)
    made = [] if current is None else _asked(session, current, found, at, seen_recently_s)
    asked = {row.site for row in made}
    made += [_ready(c.site, c.institution) for c in found.eligible if c.site.id not in asked]
    made += [
        _left_out(left) for left in found.left_out if left.site is None or left.site.id not in asked
    ]
    return _shown(made, own, leads=leads)


def _after(session: Session, run: Run, at: datetime, seen_recently_s: int) -> list[SiteRow]:
    """Who was asked while the run lasted, as its last training job ended."""
    last = tallies.last_training(session, run.id)
    sites = site_tallies.by_ids(session, last)
    names = institution_queries.names(session, [s.institution_id for s in sites.values()])
    sent = tallies.updates_of(session, [job.id for job in last.values()])
    return [
        _in_round(
            sites[site_id],
            names.get(sites[site_id].institution_id, ""),
            job,
            sent.get(job.id),
            at,
            seen_recently_s,
        )
        for site_id, job in last.items()
        if site_id in sites
    ]


def _shown(made: list[SiteRow], own: frozenset[str], *, leads: bool) -> tuple[SiteRow, ...]:
    """The reader's own first, then by name."""
    shown = [_cut(_with_owner(row, own), leads=leads) for row in made]
    return tuple(sorted(shown, key=lambda r: (not r.own, r.institution_name, r.site_name or "")))


def _asked(
    session: Session, current: Opened, found: Survey, at: datetime, seen_recently_s: int
) -> list[SiteRow]:
    """Those in the open round. Most stand in the survey already; who left since is read."""
    sites = {c.site.id: c.site for c in found.eligible}
    sites |= {left.site.id: left.site for left in found.left_out if left.site is not None}
    missing = set(current.round.cohort) - sites.keys()
    sites |= site_tallies.by_ids(session, missing)
    homes = [c.institution for c in found.eligible] + [left.institution for left in found.left_out]
    names = {home.id: home.name for home in homes}
    if unnamed := {s.institution_id for s in sites.values()} - names.keys():
        names |= institution_queries.names(session, unnamed)
    suspended = {left.institution.id for left in found.left_out if left.why is Outside.SUSPENDED}
    made: dict[str, SiteRow] = {}
    for job in current.training:
        site = sites.get(job.site_id)
        if site is None or site.id not in current.round.cohort:
            continue
        name, update = names.get(site.institution_id, ""), current.updates.get(site.id)
        row = _in_round(site, name, job, update, at, seen_recently_s)
        if row.institution in suspended and row.part not in _GIVEN:
            row = replace(row, part=Part.SUSPENDED, takes_part=False, outside=Outside.SUSPENDED)
        made[site.id] = replace(row, late=job.created < current.round.opened or None)
    return list(made.values())


def _in_round(
    site: Site,
    name: str,
    job: Job,
    update: Update | None,
    at: datetime,
    seen_recently_s: int,
) -> SiteRow:
    recent = site_queries.is_recent(site, seen_recently_s, at)
    part = _part(job, update, recent=recent)
    numbers = job.progress if part in (Part.WORKING, Part.UPLOADING) else {}
    return SiteRow(
        institution=site.institution_id,
        institution_name=name,
        own=False,
        takes_part=part in IN or part is Part.OFFLINE,
        part=part,
        at=_age(site, job, update, part),
        site=site.id,
        site_name=site.name,
        phase=job.phase,
        step=numbers.get("step"),
        steps=numbers.get("steps"),
        seconds_left=numbers.get("seconds_left"),
        bytes_done=numbers.get("bytes_done"),
        bytes_all=numbers.get("bytes_all"),
        rule=job.refusal,
        rule_detail=job.refusal_detail,
        upload_refusal=None if update is None else update.refusal,
        failure=job.failure if job.state is JobState.FAILED else None,
        job_state=job.state,
        last_seen=site.last_seen,
        hours=_hours(site),
    )


def _part(job: Job, update: Update | None, *, recent: bool) -> Part:
    if update is not None and update.state is UpdateState.RECEIVED:
        return Part.RECEIVED
    if update is not None and update.refusal is None:
        return Part.TAKEN
    if update is not None:
        return Part.UPDATE_REFUSED
    if job.state is JobState.REFUSED:
        return Part.REFUSED
    if job.state in (JobState.FAILED, JobState.CANCELLED, JobState.DONE):
        return Part.FAILED
    if not recent:
        return Part.OFFLINE
    if job.state is not JobState.CLAIMED:
        return Part.WAITING
    return Part.UPLOADING if job.phase in _SENDING else Part.WORKING


def _age(site: Site, job: Job, update: Update | None, part: Part) -> datetime | None:
    if part is Part.OFFLINE:
        return site.last_seen
    if update is not None:
        return update.received
    return job.ended or job.progress_at or site.last_seen


def _ready(site: Site, home: Institution) -> SiteRow:
    return SiteRow(
        institution=home.id,
        institution_name=home.name,
        own=False,
        takes_part=True,
        part=Part.READY,
        at=site.last_seen,
        site=site.id,
        site_name=site.name,
        last_seen=site.last_seen,
        hours=_hours(site),
    )


def _left_out(left: LeftOut) -> SiteRow:
    objection, site = left.objection, left.site
    return SiteRow(
        institution=left.institution.id,
        institution_name=left.institution.name,
        own=False,
        takes_part=False,
        part=_OUT[left.why],
        at=None if site is None else site.last_seen,
        site=None if site is None else site.id,
        site_name=None if site is None else site.name,
        rule=None if objection is None else objection.code,
        rule_detail=None if objection is None else objection.detail or None,
        last_seen=None if site is None else site.last_seen,
        hours=None if site is None else _hours(site),
        outside=left.why,
    )


def _with_owner(row: SiteRow, own: frozenset[str]) -> SiteRow:
    return replace(row, own=row.institution in own)


def _cut(row: SiteRow, *, leads: bool) -> SiteRow:
    """The table of who sees what: own people all, the lead readiness and the rule's name, others yes or no."""
    if row.own:
        return row
    if leads:
        return replace(row, rule_detail=None)
    return SiteRow(
        institution=row.institution,
        institution_name=row.institution_name,
        own=False,
        takes_part=row.takes_part,
        part=None,
        at=row.at,
    )


def _hours(site: Site) -> tuple[str, str, str] | None:
    said = site.readiness or {}
    start, end = said.get("hours_from"), said.get("hours_to")
    if not start or not end:
        return None
    return str(start), str(end), str(said.get("time_zone") or "UTC")
