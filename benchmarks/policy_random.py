"""Random policies under random profiles, and a slow, separately written answer to "does this profile forbid the run?".

Nothing here calls the engine that is checked, but to make the policy that is judged.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from app.policies import floor, shelf
from app.policies.composing import Confirmed, compose
from worker.protocol.categories import ALL, of_name
from worker.protocol.policy import Leaves, PolicyDocument
from worker.protocol.rules import Terms
from worker.protocol.tasks import Input, TaskSheet

COLUMNS = (
    "clicks",
    "hours",
    "home_religion",
    "health_notes",
    "salary",
    "gps",
    "ssn",
    "mood",
    "discipline",
    "essay_photo",
    "teacher_appraisal",
)
COUNTRIES = ("US", "GB", "DE", "FR", "CN", "BR", "IN", "AU", "CA")


@dataclass(frozen=True)
class Case:
    """A policy made under `parts`, and a run it is asked about."""

    parts: tuple[Confirmed, ...]
    policy: PolicyDocument
    terms: Terms


@cache
def known() -> dict[str, Confirmed]:
    """The profiles that came with the program, by name."""
    return {k.profile.profile: Confirmed(k.profile, k.digest) for k in shelf.packaged().values()}


def confirmed(chance: random.Random, count: int) -> tuple[Confirmed, ...]:
    """`count` profiles; a contract with a list of columns."""
    names = chance.sample(sorted(known()), count)
    listed = tuple(chance.sample(COLUMNS, 6))
    return tuple(
        Confirmed(one.profile, one.digest, listed if name.startswith("contract") else None)
        for name in names
        for one in (known()[name],)
    )


def cases(seed: int, count: int) -> Iterator[Case]:
    """Half of them of few profiles and plain columns, so that many runs are allowed."""
    chance = random.Random(seed)
    for _ in range(count):
        parts = confirmed(chance, chance.choice((1, 1, 2, 3, 6)))
        policy = _policy(chance, parts)
        yield Case(parts, policy, _terms(chance))


def _policy(chance: random.Random, parts: tuple[Confirmed, ...]) -> PolicyDocument:
    composed = compose(parts, chance.choice(COUNTRIES), "UTC")
    wanted = PolicyDocument(
        modalities=("table", "image"),
        minimum_cell=chance.choice((5, 10, 12)),
        leaves=Leaves(),
        categories=tuple(chance.sample(ALL, chance.choice((0, 3, len(ALL))))),
        abroad=chance.random() < 0.5,
    )
    policy = floor.raised(wanted, composed)
    assert not floor.faults(policy, composed, on_record=ALL)
    return policy


def _terms(chance: random.Random) -> Terms:
    columns = chance.sample(COLUMNS[: chance.choice((3, len(COLUMNS)))], 2)
    inputs = tuple(
        Input(name=c, modality="image", kind="image") if "photo" in c else Input(name=c)
        for c in columns
    )
    sheet = TaskSheet(
        name="at-risk",
        target="Whether a student fails the course.",
        label="failed",
        labels=("no", "yes"),
        inputs=inputs,
    )
    return Terms(
        tasks=(sheet,),
        cohort=9,
        minimum_cell=chance.choice((5, 10, 20)),
        protections=(),
        leaves=("updates",),
        countries=tuple(chance.sample(COUNTRIES, chance.choice((0, 1, 1, 2)))),
    )


def forbids(part: Confirmed, policy: PolicyDocument, terms: Terms) -> bool:
    """Would this one profile, alone, forbid the run under this policy?"""
    profile = part.profile
    cell = profile.minimum_cell
    if cell and terms.minimum_cell < max(cell.common or 0, cell.statutory or 0):
        return True
    names = [i.name for t in terms.tasks for i in t.inputs] + [t.label for t in terms.tasks]
    closed = {c for special in profile.special for c in special.categories}
    closed -= set(policy.categories)
    closed |= {c for prohibited in profile.prohibited for c in prohibited.never}
    if any(of_name(name) & closed for name in names):
        return True
    media = any(i.modality in ("image", "audio") for t in terms.tasks for i in t.inputs)
    if media and "recordings" in closed:
        return True
    if part.elements is not None and not set(names) <= set(part.elements):
        return True
    border = profile.cross_border
    if border is None or border.default == "with-contract":
        return False
    leaves = not terms.countries or not set(terms.countries) <= set(border.area)
    return leaves and (border.default == "deny" or not policy.abroad)
