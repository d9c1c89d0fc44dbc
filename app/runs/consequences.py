"""What a policy would do if it were in force: federations it leaves, runs it refuses, members it shuts out.

Writes nothing. A forecast by the hub's copies; a site decides by the policy accepted there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.federations import cohort, compatibility, tallies
from app.federations import queries as federations
from app.federations.models import Federation
from app.federations.states import FederationState
from app.policies import fit
from app.policies import queries as policies
from app.runs import eligibility, listing
from app.runs import queries as runs
from app.runs.models import Run
from worker.protocol import rules
from worker.protocol.policy import PolicyDocument


@dataclass(frozen=True)
class Consequence:
    """Of one policy for one federation. `was`: the approved version lets its sites train there.

    `runs`: those not over that it would refuse and the approved version does not. `left`: institutions without a
    common parent that could still take part; under `need` the others are shut out with it.
    """

    federation: Federation
    fit: fit.Fit
    was: bool
    runs: tuple[Run, ...]
    left: int
    need: int

    @property
    def leaves(self) -> bool:
        return self.was and not self.fit.allowed

    @property
    def shuts_out(self) -> bool:
        """Enough could take part before, and no longer."""
        return self.leaves and self.left < self.need


def of(
    session: Session, actor: Actor, institution: str, document: PolicyDocument
) -> list[Consequence]:
    """For every open federation this institution is in, in the order of its list."""
    every = [f for f in federations.visible_to(session, actor) if f.state is FederationState.OPEN]
    ids = [federation.id for federation in every]
    mine = tallies.memberships(session, ids, institution)
    inside, sheets = tallies.inside(session, ids), tallies.documents(session, ids)
    members = {member for found in inside.values() for member in found}
    approved = policies.approved_of(session, members | {institution})
    documents = {home: version.document for home, version in approved.items()}
    parents, going = federations.parents(session), listing.going_on(session, actor)
    before = documents.get(institution)
    found = []
    for federation in every:
        if federation.id not in mine:
            continue
        there = inside[federation.id]
        countries = cohort.countries(session, there.values())
        asked = cohort.count(there, parents)
        terms = compatibility.training_terms(federation, sheets[federation.id], asked, countries)
        others = {i: documents.get(i) for i in there if i != institution}
        willing = [i for i, theirs in others.items() if _allows(theirs, terms)]
        judged = fit.judge(document, terms)
        able = [*willing, *([institution] if judged.allowed else [])]
        found.append(
            Consequence(
                federation,
                judged,
                _allows(before, terms),
                _refused(going, federation.id, before, document, countries),
                cohort.count(able, parents),
                federations.terms(federation).minimum_cohort,
            )
        )
    return found


def _allows(document: PolicyDocument | None, terms: rules.Terms) -> bool:
    return not compatibility.objections(document, terms)


_ANY = 10**6


def _refused(
    going: Sequence[Run],
    federation: str,
    before: PolicyDocument | None,
    document: PolicyDocument,
    countries: tuple[str, ...],
) -> tuple[Run, ...]:
    found = []
    for run in going:
        if run.federation_id != federation:
            continue
        terms = eligibility.training_terms(runs.plan_of(run), _ANY, countries)
        if _allows(before, terms) and not _allows(document, terms):
            found.append(run)
    return tuple(found)
