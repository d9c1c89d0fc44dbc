"""The sweep: finds what no one holds and brings it forward. Redis may lose everything; this starts it again."""

import logging
from collections.abc import Callable
from datetime import timedelta

from app import letters
from app.clock import now
from app.effects import Send, after_commit
from app.hub import Hub
from app.institutions import queries as institutions
from app.institutions import renewals
from app.integrations import idempotency, outbox
from app.integrations import queries as integrations
from app.jobs import HubTask
from app.people import factor_resets as people
from app.releases import queries as release_queries
from app.reports import queries as report_queries
from app.runs import approvals, jobs, rounds, service, stuck
from app.sites import admission, inbox, silence
from app.sites import queries as site_queries
from worker.hub.aggregate import clear, evaluate
from worker.hub.finish import ask_late

log = logging.getLogger(__name__)
LOST = timedelta(seconds=30)
"""A look-up that no worker answered within so long was lost on the way."""
EVALUATE_WITHIN = timedelta(hours=1)
STAGE_KEPT = timedelta(minutes=10)
"""A stage this young may belong to a request under way."""


def sweep(hub: Hub) -> None:
    """Every part in its own transaction, so that one fault cannot stop the others."""
    for part in PARTS:
        try:
            part(hub)
        except Exception:
            log.exception("a part of the sweep failed: %s", part.__name__)


def dead_leases(hub: Hub) -> None:
    """Jobs of sites that went silent; where one failed for good, its round may be due."""
    with hub.db.session() as session:
        expired = inbox.expire(session, now())
    # A new transaction: everyone locks the round before its jobs.
    for job in expired:
        with hub.db.session() as session:
            rounds.answered(session, job)


def old_nonces(hub: Hub) -> None:
    """Requests so old that their time refuses them."""
    with hub.db.session() as session:
        admission.forget_nonces(session)


def factor_resets(hub: Hub) -> None:
    """Lost second factors whose day of waiting is over."""
    with hub.db.session() as session:
        people.take_effect(session, hub.settings, now())


def old_answers(hub: Hub) -> None:
    """Answers kept for a repeated request, after a day."""
    with hub.db.session() as session:
        idempotency.forget(session)


def silent_sites(hub: Hub) -> None:
    """Sites not heard for an hour of their hours."""
    with hub.db.session() as session:
        silence.note(session, now())


def webhooks(hub: Hub) -> None:
    """Messages whose time has come, or whose worker was killed; and what is no longer needed of old ones."""
    with hub.db.session() as session:
        outbox.forget(session, now())
        for delivery in integrations.due(session, now()):
            after_commit(session, Send(HubTask.WEBHOOK_DELIVER.value, (delivery,)))


def departed(hub: Hub) -> None:
    """Jobs at sites that left, were paused, suspended or revoked, and training that its round did not wait for."""
    with hub.db.session() as session:
        for job in [*stuck.jobs_of_departed(session), *stuck.jobs_of_ended(session)]:
            jobs.withdraw(session, job)


def overdue(hub: Hub) -> None:
    """Missed deadlines, and rounds whose last answer was not looked at."""
    with hub.db.session() as session:
        found = stuck.overdue_rounds(session, now())
    for round_id in found:
        with hub.db.session() as session:
            rounds.consider(session, round_id)


def lost_sends(hub: Hub) -> None:
    """Work that stands in the database and that no worker holds."""
    at = now()
    with hub.db.session() as session:
        lost = [
            *((HubTask.ROUND_AGGREGATE, r) for r in stuck.unheld_aggregations(session, at)),
            *((HubTask.RUN_PREPARE, r) for r in stuck.approved_runs(session, at)),
            *((HubTask.ROUND_OPEN, r) for r in stuck.runs_without_round(session)),
            *(
                (HubTask.DOMAIN_CHECK, i)
                for i in institutions.unanswered_checks(session, at - LOST)
            ),
            *((HubTask.LETTER, i) for i in letters.due(session, at - LOST)),
            *((HubTask.RUN_FINISH, r) for r in release_queries.unreleased_runs(session)),
        ]
        for task, row_id in lost:
            after_commit(session, Send(task.value, (row_id,)))


def proposals(hub: Hub) -> None:
    """New members are asked too; time to answer runs out."""
    with hub.db.session() as session:
        for run in stuck.proposed_runs(session):
            approvals.ask(session, run)
            service.consider(session, run, "hub")


def evaluations(hub: Hub) -> None:
    """Closed rounds after which a worker was killed before it asked for figures."""
    with hub.db.session() as session:
        found = stuck.unevaluated(session, now() - EVALUATE_WITHIN)
    for round_id in found:
        evaluate(hub, round_id)


def late_reports(hub: Hub) -> None:
    with hub.db.session() as session:
        found = report_queries.releases_with_new_classes(session)
    for release_id in found:
        ask_late(hub, release_id)


def updates_left(hub: Hub) -> None:
    """Bytes of updates whose round ended while a worker was killed."""
    clear(hub)


def tidy(hub: Hub) -> int:
    """Discards staged bytes of uploads that are finished or will never be; returns how many.

    Not a part of every sweep: listing a bucket costs time and money. Verifications near the end of their year are
    looked at again here, too.
    """
    with hub.db.session() as session:
        renewals.look_again(session, now())
    latest = now() - STAGE_KEPT
    gone = 0
    for upload, changed in hub.objects.stages():
        if changed > latest:
            continue
        with hub.db.session() as session:
            wanted = site_queries.wants_bytes(session, upload)
        if not wanted:
            hub.objects.discard(upload)
            gone += 1
    return gone


PARTS: tuple[Callable[[Hub], None], ...] = (
    dead_leases,
    old_nonces,
    factor_resets,
    old_answers,
    departed,
    overdue,
    proposals,
    evaluations,
    updates_left,
    late_reports,
    silent_sites,
    webhooks,
    lost_sends,
)
