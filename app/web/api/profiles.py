"""Laws and contracts as profiles: which are proposed, who confirmed which, what they bound together."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from app.access.permissions import Permission
from app.institutions import places
from app.institutions import queries as institutions
from app.policies import decisions, profile_text
from app.policies.composing import Explained, Ground
from app.policies.decisions import Held
from app.policies.profile import Kind, Profile
from app.web.api.answers import Asked, Id, Page, Told, Windowed, only
from app.web.api.caller import Calling, api_router, takes
from worker.protocol.bounds import Bounds

router = api_router("profiles")

Standing = Literal["proposed", "confirmed", "changed", "due", "set-aside", "not-proposed"]


class ProfileTold(Told):
    """`profile` is the newest version known. `confirmed` is the number a named person confirmed, null if none."""

    name: str
    number: int
    digest: str
    kind: Kind
    standing: Standing
    confirmed: int | None
    decided_by: str | None
    decided: datetime | None
    profile: Profile


class GroundTold(Told):
    profile: str
    number: int
    article: str
    source: str
    verification: Literal["read", "recalled"]


class ValueTold(Told):
    """One resulting value in words. Without grounds it is the product's own default, or no law names a number."""

    field: str
    value: str
    product_default: bool
    grounds: list[GroundTold]


class ComposedTold(Told):
    """`bounds` is what the next policy version carries."""

    bounds: Bounds
    values: list[ValueTold]


class PlaceAsked(Asked):
    region: str | None = Field(default=None, max_length=6, examples=["GB-ENG"])
    youngest: int | None = None
    oldest: int | None = None
    zone: str = Field(default="UTC", max_length=60)


class PlaceTold(Told):
    country: str
    region: str | None
    youngest: int | None
    oldest: int | None
    zone: str


def _told(held: Held) -> ProfileTold:
    decision, newest = held.decision, held.newest
    return ProfileTold(
        name=newest.profile.profile,
        number=newest.profile.number,
        digest=newest.digest,
        kind=newest.profile.kind,
        standing=held.standing,
        confirmed=held.confirmed.profile.number if held.confirmed else None,
        decided_by=decision.decided_by if decision else None,
        decided=decision.decided if decision else None,
        profile=newest.profile,
    )


def _value(value: Explained) -> ValueTold:
    return ValueTold(
        field=value.field,
        value=profile_text.says(value),
        product_default=value.is_default,
        grounds=[_ground(g) for g in value.grounds],
    )


def _ground(found: Ground) -> GroundTold:
    return GroundTold(
        profile=found.profile,
        number=found.number,
        article=found.article,
        source=found.url,
        verification=found.verification,
    )


@router.get("/institutions/{institution}/profiles", **takes(Permission.POLICY_READ))
def list_profiles(
    call: Calling,
    institution: Id,
    window: Windowed,
    standing: Annotated[Standing | None, only("As the institution stands to it.")] = None,
) -> Page[ProfileTold]:
    """Every law, code and contract the hub knows. A person confirms one in the browser; a token never does."""
    rows = decisions.of(call.session, call.actor, institution)
    fitting = [held for held in rows if standing in (None, held.standing)]
    return window.page(fitting, lambda h: (h.newest.profile.profile,), _told)


@router.get("/institutions/{institution}/bounds", **takes(Permission.POLICY_READ))
def get_bounds(call: Calling, institution: Id) -> ComposedTold:
    """What the confirmed profiles bound together, each value with the profile and article it comes from."""
    row = institutions.get(call.session, call.actor, Permission.POLICY_READ, institution)
    composed = decisions.composed(call.session, row)
    return ComposedTold(bounds=composed.bounds, values=[_value(v) for v in composed.values])


@router.put("/institutions/{institution}/place", **takes(Permission.POLICY_DRAFT))
def put_place(call: Calling, institution: Id, asked: PlaceAsked) -> PlaceTold:
    """Region, ages taught and time zone: what profiles are proposed from."""
    row = places.place(
        call.session,
        call.actor,
        institution,
        region=asked.region,
        youngest=asked.youngest,
        oldest=asked.oldest,
        zone=asked.zone,
    )
    return PlaceTold(
        country=row.country,
        region=row.region,
        youngest=row.youngest,
        oldest=row.oldest,
        zone=row.zone,
    )
