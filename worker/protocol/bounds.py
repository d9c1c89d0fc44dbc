"""What an institution's confirmed profiles bound, composed by the hub and carried inside its policy.

The policy's digest covers it, so whoever accepts the policy at the site accepts this with it. Nobody types it: the
hub writes it from the profiles a named person confirmed. Empty, it gates nothing.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from worker.protocol.categories import Category
from worker.protocol.clocks import Clock

BreachKind = Literal["personal-data-breach", "severe-network-incident", "ai-serious-incident"]
Recipient = Literal["authority", "institution", "families"]
CrossBorder = Literal["with-contract", "review", "deny"]
"""From least to most strict. `review`: the law has a rule and no default, which never means allowed."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Breach(_Value):
    """Who is told of what, how soon. Clocks of different kinds are never compared."""

    kind: BreachKind
    to: Recipient
    clock: Clock


class ProfileRef(_Value):
    """One immutable version of a profile."""

    profile: str = Field(max_length=60)
    number: int = Field(ge=1)
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")


class Bounds(_Value):
    """`consent_age`: below it a parent must have agreed. `rights_age`: below it a parent exercises the rights. The two
    are different quantities. None: no confirmed profile names an age."""

    country: str = Field(default="", max_length=2)
    zone: str = Field(default="UTC", max_length=60)
    profiles: tuple[ProfileRef, ...] = ()
    consent_age: int | None = Field(default=None, ge=1, le=30)
    rights_age: int | None = Field(default=None, ge=1, le=30)
    minimum_cell: int = Field(default=5, ge=5, le=1000)
    access: tuple[Clock, ...] = ()
    erasure: tuple[Clock, ...] = ()
    breaches: tuple[Breach, ...] = ()
    cross_border: CrossBorder | None = None
    area: tuple[str, ...] = ()
    """Countries that do not count as abroad."""
    human_in_loop: bool = False
    never: tuple[Category, ...] = ()
    special: tuple[Category, ...] = ()
    """Refused unless the policy lists it among its `categories`."""
    elements: tuple[str, ...] | None = None
    """Columns a signed contract names: no other is used. None: no contract lists any."""
