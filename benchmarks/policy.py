"""Policies at size. `python -m benchmarks.policy --json`.

200 institutions, each under all 20 profiles, in 50 federations of all of them, in a SQLite database.
`compose_ms_p95`: one institution's profiles combined. `fit_matrix_s`: every institution's approved policy against every
federation's terms, from the rows of the database, 10,000 judged, as a draft's effect asks it; `fit_first_s`: the same
in a process that has read no policy yet; `fit`: how many may take part. `fit_page_ms_p95`: what the page of a
federation with 200 members asks. `unsound`: of 10,000 random policies with a run each, those
that allow what one of their profiles, asked alone by code written apart, forbids; `allowed`: how many were allowed.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import select

import migrations
from app.access.actor import Actor
from app.db import Database
from app.federations import cohort, compatibility, tallies
from app.federations.models import Federation
from app.policies import queries as policies
from app.policies.composing import compose
from benchmarks import harness, policy_places, policy_random
from worker.protocol.policy import PolicyDocument
from worker.protocol.rules import objections

INSTITUTIONS, PROFILES, FEDERATIONS, POLICIES = 200, 20, 50, 10_000
SEED = 1


def compositions(count: int) -> tuple[list[float], list[PolicyDocument]]:
    """Milliseconds of each, and the policies that carry what came out."""
    chance = random.Random(SEED)
    took: list[float] = []
    made: list[PolicyDocument] = []
    for _ in range(count):
        parts = policy_random.confirmed(chance, PROFILES)
        country = chance.choice(policy_random.COUNTRIES)
        begun = time.perf_counter()
        composed = compose(parts, country, "UTC")
        took.append(1000 * (time.perf_counter() - begun))
        if len(made) % 2:  # every second one follows few, so that some may take part
            composed = compose(policy_random.confirmed(chance, 2), country, "UTC")
        made.append(PolicyDocument(minimum_cell=10, abroad=True, bounds=composed.bounds))
    return took, made


def grid(database: Database) -> tuple[float, int]:
    """Seconds, and how many members of all federations may take part."""
    fitting, begun = 0, time.perf_counter()
    with database.reading() as session:
        every = session.scalars(select(Federation)).all()
        ids = [federation.id for federation in every]
        inside, sheets = tallies.inside(session, ids), tallies.documents(session, ids)
        members = {member for found in inside.values() for member in found}
        approved = policies.approved_of(session, members)
        for federation in every:
            there = inside[federation.id]
            countries = cohort.countries(session, there.values())
            terms = compatibility.training_terms(
                federation, sheets[federation.id], len(there), countries
            )
            fitting += sum(not objections(approved[m].document, terms) for m in there)
    return time.perf_counter() - begun, fitting


def pages(database: Database, reader: Actor) -> list[float]:
    """Milliseconds of each federation's page."""
    took = []
    with database.reading() as session:
        for federation in session.scalars(select(Federation).order_by(Federation.name)).all():
            begun = time.perf_counter()
            compatibility.matrix(session, federation, reader)
            took.append(1000 * (time.perf_counter() - begun))
    return took


def soundness(count: int) -> tuple[int, int]:
    """How many were allowed, and how many of those a part forbids."""
    allowed = unsound = 0
    for case in policy_random.cases(SEED, count):
        if objections(case.policy, case.terms):
            continue
        allowed += 1
        unsound += any(policy_random.forbids(p, case.policy, case.terms) for p in case.parts)
    return allowed, unsound


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def measure(options: harness.Options) -> harness.Measured:
    given = options.given
    took, documents = compositions(given.institutions)
    harness.say(f"{len(took)} compositions, slowest {max(took):.1f} ms")
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'hub.sqlite'}"
        migrations.upgrade(url)
        database = Database(url, "DE")
        reader = policy_places.populate(database, documents, given.federations)
        first, _fitting = grid(database)
        again, fitting = grid(database)
        looks = pages(database, reader)
        database.engine.dispose()
    harness.say(f"{len(looks)} federations judged, {fitting} members fit")
    allowed, unsound = soundness(given.policies)
    return harness.Measured(
        {
            "compose_ms_p95": percentile(took, 0.95),
            "fit_matrix_s": again,
            "fit_first_s": first,
            "fit": fitting,
            "fit_page_ms_p95": percentile(looks, 0.95),
            "policies": given.policies,
            "allowed": allowed,
            "unsound": unsound,
        },
        seeds=(SEED,),
    )


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--institutions", type=int, default=INSTITUTIONS)
    parser.add_argument("--federations", type=int, default=FEDERATIONS)
    parser.add_argument("--policies", type=int, default=POLICIES)


if __name__ == "__main__":
    sys.exit(harness.main("policy", measure, add_arguments=_arguments))
