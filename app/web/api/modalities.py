"""Who would train which model part, before anyone agrees: bands of records, bytes, parts that would be held."""

from app.access.permissions import Permission
from app.federations import parts, queries
from app.web.api.answers import Id, Told
from app.web.api.caller import Calling, api_router, takes

router = api_router("federations", "/federations/{federation}")


class TaskAtSite(Told):
    """`fits` None: not told yet. `carried`: modality to a band of records; None: the policy keeps counts at home."""

    task: str
    fits: bool | None
    records_band: str
    carried: dict[str, str] | None


class SiteParts(Told):
    """`site`: its name, for your own institution only. `parts` and `bytes_up` are None while they are unknown."""

    institution: str
    number: int
    site: str | None
    tasks: list[TaskAtSite]
    parts: list[str] | None
    bytes_up: int | None
    bytes_down: int


class PartTold(Told):
    """`held`: fewer sites would train it than the terms ask, so it would not be combined."""

    part: str
    bytes: int
    sites: int
    held: bool


class ModalitiesTold(Told):
    """Bytes are of one round. `base_model_bytes`, by modality, a site with records for it fetches once."""

    minimum_sites: int
    base_model_bytes: dict[str, int]
    sites: list[SiteParts]
    parts: list[PartTold]


@router.get("/modalities", **takes(Permission.FEDERATION_READ))
def get_modalities(call: Calling, federation: Id) -> ModalitiesTold:
    """Who would train which model part, by what sites told of their records; also for the invited. A forecast."""
    row = queries.get(call.session, call.actor, Permission.FEDERATION_READ, federation)
    found = parts.forecast(call.session, call.hub.objects, row, call.actor)
    return ModalitiesTold(
        minimum_sites=found.minimum_sites,
        base_model_bytes={str(one): size for one, size in found.base_bytes.items()},
        sites=[SiteParts.model_validate(one, from_attributes=True) for one in found.sites],
        parts=[PartTold.model_validate(one, from_attributes=True) for one in found.parts],
    )
