"""An institution's profiles combined into what bounds its policy: strictest wins, each value with where it comes from.

Pure. Only the profiles of the institution's own places and its contracts go in; a partner's law never does. A law
that names no number falls through to the product's default, and says so.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app.policies.profile import Age, Profile, Stated
from worker.protocol.bounds import Bounds, Breach, CrossBorder, ProfileRef
from worker.protocol.categories import Category
from worker.protocol.clocks import Clock, shortest

FLOOR_CELL = 5
DEFAULT_CELL = 10
DEFAULT_ERASURE = Clock(amount=30, unit="days")
DEFAULT_BREACH = Clock(amount=72, unit="hours")
_LEVELS: tuple[CrossBorder, ...] = ("with-contract", "review", "deny")
Field = Literal[
    "consent_age",
    "rights_age",
    "minimum_cell",
    "access",
    "erasure",
    "breach",
    "cross_border",
    "human_in_loop",
    "special",
    "never",
    "elements",
    "prohibited",
    "measures",
    "records",
    "retention",
    "bases",
]


@dataclass(frozen=True)
class Confirmed:
    """A profile that a named person confirmed. `elements`: of a contract, the columns it lists; None: it lists none."""

    profile: Profile
    digest: str
    elements: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Ground:
    """Where a value comes from."""

    profile: str
    number: int
    name: str
    article: str
    url: str
    verification: Literal["read", "recalled"]


@dataclass(frozen=True)
class Explained:
    """One resulting value. Without grounds it is the product's own default, or None: no law names a number."""

    field: Field
    value: Any
    grounds: tuple[Ground, ...] = ()

    @property
    def is_default(self) -> bool:
        return not self.grounds and self.value is not None


@dataclass(frozen=True)
class Composed:
    bounds: Bounds
    values: tuple[Explained, ...]

    def of(self, field: Field) -> tuple[Explained, ...]:
        return tuple(value for value in self.values if value.field == field)


def compose(confirmed: Sequence[Confirmed], country: str, zone: str) -> Composed:
    """In the order of profile names, so that the same set always gives the same bytes."""
    if not confirmed:
        return Composed(Bounds(), ())
    every = sorted(confirmed, key=lambda c: c.profile.profile)
    border, area, border_said = _border(every)
    values = (
        _age(every, "own-consent", "consent_age", country),
        _age(every, "rights-transfer", "rights_age", country),
        _cell(every),
        *_deadline(every, "access", lambda p: p.access, None),
        *_deadline(every, "erasure", lambda p: p.erasure, DEFAULT_ERASURE),
        *_breaches(every),
        *border_said,
        _human(every),
        *_categories(every),
        *_elements(every),
        *_texts(every),
    )
    return Composed(_bounds(every, values, country, zone, border, area), values)


def _bounds(
    every: Sequence[Confirmed],
    values: Sequence[Explained],
    country: str,
    zone: str,
    border: CrossBorder | None,
    area: tuple[str, ...],
) -> Bounds:
    def of(field: Field) -> list[Any]:
        return [v.value for v in values if v.field == field and v.value is not None]

    return Bounds(
        country=country,
        zone=zone,
        profiles=tuple(
            ProfileRef(profile=c.profile.profile, number=c.profile.number, digest=c.digest)
            for c in every
        ),
        consent_age=next(iter(of("consent_age")), None),
        rights_age=next(iter(of("rights_age")), None),
        minimum_cell=of("minimum_cell")[0],
        access=tuple(of("access")),
        erasure=tuple(of("erasure")),
        breaches=tuple(of("breach")),
        cross_border=border,
        area=area,
        human_in_loop=True,
        never=tuple(sorted(of("never"))),
        special=tuple(sorted(of("special"))),
        elements=next(iter(of("elements")), None),
    )


def ground(of: Confirmed, stated: Stated) -> Ground:
    profile = of.profile
    return Ground(
        profile.profile,
        profile.number,
        profile.name,
        stated.article,
        profile.url(stated),
        stated.verification,
    )


def _age(every: Sequence[Confirmed], kind: str, field: Field, country: str) -> Explained:
    """The highest within one kind. A country's own number takes the place of the law's."""
    said: list[tuple[int, Ground]] = []
    for one in every:
        for age in one.profile.ages:
            number = _age_in(age, country)
            if age.kind == kind and number is not None:
                said.append((number, ground(one, age)))
    highest = max((number for number, _ground in said), default=None)
    return Explained(field, highest, tuple(g for number, g in said if number == highest))


def _age_in(age: Age, country: str) -> int | None:
    return age.by_country.get(country, age.age)


def _cell(every: Sequence[Confirmed]) -> Explained:
    said = [
        (max(n for n in (cell.statutory, cell.common) if n is not None), ground(one, cell))
        for one in every
        if (cell := one.profile.minimum_cell) is not None
        and (cell.statutory is not None or cell.common is not None)
    ]
    highest = max((number for number, _ground in said), default=DEFAULT_CELL)
    if highest < FLOOR_CELL:
        return Explained("minimum_cell", FLOOR_CELL)
    return Explained("minimum_cell", highest, tuple(g for n, g in said if n == highest))


def _clocks(said: Sequence[tuple[Clock, Ground]], field: Field) -> list[Explained]:
    """The shortest of each unit: which one binds depends on when it starts."""
    return [
        Explained(field, clock, tuple(g for c, g in said if c == clock))
        for clock in shortest(clock for clock, _ground in said)
    ]


def _deadline(
    every: Sequence[Confirmed],
    field: Field,
    of: Callable[[Profile], Any],
    default: Clock | None,
) -> list[Explained]:
    said = [
        (duty.clock, ground(one, duty))
        for one in every
        if (duty := of(one.profile)) is not None and duty.clock is not None
    ]
    return _clocks(said, field) or [Explained(field, default)]


def _breaches(every: Sequence[Confirmed]) -> list[Explained]:
    """By kind and by who is told, each its own clock."""
    said: dict[tuple[str, str], list[tuple[Clock, Ground]]] = {}
    for one in every:
        for duty in one.profile.breaches:
            if duty.clock is not None:
                said.setdefault((duty.kind, duty.to), []).append((duty.clock, ground(one, duty)))
    found = []
    for (kind, to), clocks in sorted(said.items()):
        for value in _clocks(clocks, "breach"):
            breach = Breach.model_validate({"kind": kind, "to": to, "clock": value.value})
            found.append(Explained("breach", breach, value.grounds))
    if not any(kind == "personal-data-breach" for kind, _to in said):
        default = Breach(kind="personal-data-breach", to="authority", clock=DEFAULT_BREACH)
        found.append(Explained("breach", default))
    return found


def _border(
    every: Sequence[Confirmed],
) -> tuple[CrossBorder | None, tuple[str, ...], list[Explained]]:
    """The strictest level; the countries that every law which asks about export counts as its own."""
    said = [(one, border) for one in every if (border := one.profile.cross_border) is not None]
    level = max((b.level for _one, b in said), key=_LEVELS.index, default=None)
    asking = [frozenset(b.area) for _one, b in said if b.level != "with-contract"]
    area = frozenset.intersection(*asking) if asking else frozenset()
    grounds = tuple(ground(one, b) for one, b in said if b.level == level)
    return level, tuple(sorted(area)), [Explained("cross_border", level, grounds)]


def _human(every: Sequence[Confirmed]) -> Explained:
    said = [(one, a) for one in every if (a := one.profile.automated) is not None]
    asks = tuple(ground(one, a) for one, a in said if a.default == "human-in-loop")
    return Explained("human_in_loop", True, asks)


def _categories(every: Sequence[Confirmed]) -> list[Explained]:
    """Emotion read from face or voice is never used, whether or not a profile says so."""
    never: dict[Category, list[Ground]] = {"emotion": []}
    special: dict[Category, list[Ground]] = {}
    for one in every:
        for prohibited in one.profile.prohibited:
            for category in prohibited.never:
                never.setdefault(category, []).append(ground(one, prohibited))
        for named in one.profile.special:
            for category in named.categories:
                special.setdefault(category, []).append(ground(one, named))
    return [
        *(Explained("never", c, tuple(g)) for c, g in sorted(never.items())),
        *(Explained("special", c, tuple(g)) for c, g in sorted(special.items()) if c not in never),
    ]


def _elements(every: Sequence[Confirmed]) -> list[Explained]:
    """Only columns that every contract with a list names."""
    lists = [(one, one.elements) for one in every if one.elements is not None]
    if not lists:
        return []
    common = frozenset.intersection(*(frozenset(names) for _one, names in lists))
    grounds = tuple(ground(one, one.profile.statements()[0][1]) for one, _names in lists)
    return [Explained("elements", tuple(sorted(common)), grounds)]


def _texts(every: Sequence[Confirmed]) -> Iterable[Explained]:
    """What no rule of the program can hold: shown, and listed for the evidence."""
    lists: tuple[Field, ...] = ("prohibited", "measures", "records", "retention", "bases")
    for field in lists:
        found: dict[str, list[Ground]] = {}
        for one in every:
            for stated in getattr(one.profile, field):
                found.setdefault(stated.text, []).append(ground(one, stated))
        for text, grounds in found.items():
            yield Explained(field, text, tuple(grounds))
