"""A profile: one law, code or contract as data, in our own words, with where each statement comes from.

A default that a named person confirms, never legal advice. null means that the law names no number: never 0.
"""

import json
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from app.errors import Invalid
from app.institutions.states import InstitutionKind
from app.text import _
from worker.protocol.bounds import BreachKind, CrossBorder, Recipient
from worker.protocol.categories import Category
from worker.protocol.clocks import Clock

LARGEST = 256 * 1024
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Region = Annotated[str, Field(pattern=r"^[A-Z]{2}-[A-Z0-9]{1,3}$")]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{2,59}$")]
Line = Annotated[str, Field(min_length=1, max_length=600, pattern=r"^[^\x00-\x1f\x7f]+$")]
Kind = Literal["law", "code", "contract", "accessibility"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Value):
    """`id` is what statements name."""

    id: Slug
    url: Annotated[str, Field(pattern=r"^https?://[^\s]{4,300}$")]


class Stated(_Value):
    """`article`: the place in the text. `read`: at a page among the sources; `recalled`: confirm it before use."""

    article: Line
    source: Slug
    verification: Literal["read", "recalled"]
    note: Annotated[str, Field(max_length=600)] = ""


class Age(Stated):
    """`own-consent`: from this age the child may agree. `rights-transfer`: at this age rights pass to the student."""

    kind: Literal["own-consent", "rights-transfer"]
    age: Annotated[int, Field(ge=1, le=30)] | None
    by_country: dict[Country, Annotated[int, Field(ge=1, le=30)]] = {}


class Deadline(Stated):
    clock: Clock | None


class BreachDuty(Stated):
    kind: BreachKind
    to: Recipient
    clock: Clock | None


class Border(Stated):
    """`default` null: the law has a rule, someone reviews it; never "allowed"."""

    rule: Line
    default: Literal["with-contract", "deny"] | None
    area: tuple[Country, ...] = ()
    """Within which nothing is exported."""
    allowed_if: tuple[Line, ...] = ()

    @property
    def level(self) -> CrossBorder:
        return self.default or "review"


class Decision(Stated):
    rule: Line
    default: Literal["human-in-loop", "human-review"] | None


class Cell(Stated):
    statutory: Annotated[int, Field(ge=2, le=1000)] | None
    common: Annotated[int, Field(ge=2, le=1000)] | None


class Special(Stated):
    """Refused as an input or answer until the institution's policy lists the category."""

    text: Line
    categories: tuple[Category, ...] = ()


class Prohibited(Stated):
    """`never`: categories that no policy can open."""

    text: Line
    never: tuple[Category, ...] = ()


class Listed(Stated):
    text: Line


class Applies(_Value):
    """`below_age`: only where someone younger is taught. Empty regions and kinds: all."""

    text: Line
    countries: tuple[Country, ...] = Field(min_length=1)
    regions: tuple[Region, ...] = ()
    kinds: tuple[InstitutionKind, ...] = ()
    below_age: Annotated[int, Field(ge=1, le=30)] | None = None


class Profile(_Value):
    """One version. Its digest is `canonical.digest_of(profile)`; a version once known never changes."""

    format: Literal[1]
    profile: Slug
    number: int = Field(ge=1, le=10_000)
    name: Line
    kind: Kind
    jurisdiction: Line
    status: Line
    as_of: date
    applies: Applies
    sources: tuple[Source, ...] = Field(min_length=1)
    ages: tuple[Age, ...] = ()
    parental_consent: Listed | None = None
    access: Deadline | None = None
    erasure: Deadline | None = None
    breaches: tuple[BreachDuty, ...] = ()
    cross_border: Border | None = None
    automated: Decision | None = None
    minimum_cell: Cell | None = None
    special: tuple[Special, ...] = ()
    prohibited: tuple[Prohibited, ...] = ()
    bases: tuple[Listed, ...] = ()
    retention: tuple[Listed, ...] = ()
    measures: tuple[Listed, ...] = ()
    records: tuple[Listed, ...] = ()
    confidence: Literal["high", "medium", "low"]
    uncertainty: Annotated[str, Field(max_length=1000)] = ""

    @model_validator(mode="after")
    def _sources_named(self) -> "Profile":
        known = [source.id for source in self.sources]
        if len(set(known)) != len(known):
            raise ValueError("two sources have the same id")
        for place, stated in self.statements():
            if stated.source not in known:
                raise ValueError(f"{place} names the source {stated.source}, which is not listed")
        return self

    @model_validator(mode="after")
    def _each_once(self) -> "Profile":
        kinds = [age.kind for age in self.ages]
        if len(set(kinds)) != len(kinds):
            raise ValueError("ages lists one kind twice")
        duties = [(duty.kind, duty.to) for duty in self.breaches]
        if len(set(duties)) != len(duties):
            raise ValueError("breaches lists one kind and recipient twice")
        return self

    def statements(self) -> list[tuple[str, Stated]]:
        """Every statement with the field it stands in."""
        found: list[tuple[str, Stated]] = []
        for name in type(self).model_fields:
            value = getattr(self, name)
            for one in value if isinstance(value, tuple) else (value,):
                if isinstance(one, Stated):
                    found.append((name, one))
        return found

    def url(self, stated: Stated) -> str:
        return next(source.url for source in self.sources if source.id == stated.source)


def read(content: bytes) -> Profile:
    """A profile from JSON. Raises Invalid, which names each field that cannot be."""
    if len(content) > LARGEST:
        raise Invalid(_("A profile is at most 256 KiB."))
    try:
        plain = json.loads(content, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        problem = _("The profile is not JSON: {what}.").format(what=str(error)[:200])
        raise Invalid(problem) from error
    try:
        return Profile.model_validate_json(json.dumps(plain))
    except ValidationError as error:
        faults = dict(_fault(dict(one)) for one in error.errors(include_url=False))
        raise Invalid(_("The profile cannot be used."), faults) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the field {twice} stands there twice")
    return found


def _fault(error: dict[str, Any]) -> tuple[str, str]:
    name = ".".join(str(part) for part in error["loc"]) or "profile"
    if error["type"] == "extra_forbidden":
        return name, _("{name}: no profile has this field.").format(name=name)
    if error["type"] == "missing":
        return name, _("{name}: this field is missing.").format(name=name)
    said = str(error["msg"]).removeprefix("Value error, ")
    return name, _("{name}: {what}.").format(name=name, what=said.removesuffix("."))
