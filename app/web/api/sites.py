"""Sites of an institution: added, given another token, revoked. The six words are compared by a person."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Response
from pydantic import Field

from app.access.permissions import Permission
from app.institutions import queries as institutions
from app.sites import queries, service
from app.sites.models import Site
from app.sites.states import SiteState
from app.web.api.answers import Asked, Id, Page, Told, Windowed, at, only
from app.web.api.caller import Caller, Calling, api_router, creates, takes

router = api_router("sites")


class SiteTold(Told):
    """`policy_in_force` is the version a person accepted at the site; `recent`: seen within the hub's two minutes.

    `key` is the fingerprint of the key in force; `key_announced`: another one waits for its first use.
    """

    id: str
    institution: str
    name: str
    state: SiteState
    software: str
    readiness: dict[str, Any]
    policy_in_force: int | None
    policy_accepted: datetime | None
    key: str | None
    key_since: datetime | None
    key_announced: bool
    recent: bool
    last_seen: datetime | None
    created: datetime
    joined: datetime | None
    confirmed: datetime | None
    revoked: datetime | None


class SiteAsked(Asked):
    name: str = Field(max_length=200, examples=["Main building"])


class SiteAdded(Told):
    """`token` is told only now. `command` is what to run on the computer with the records."""

    site: SiteTold
    token: str
    command: str


def _told(call: Caller, row: Site) -> SiteTold:
    policy = queries.policy_in_force(call.session, row)
    return SiteTold(
        id=row.id,
        institution=row.institution_id,
        name=row.name,
        state=row.state,
        software=row.software,
        readiness=row.readiness,
        policy_in_force=policy.number if policy else None,
        policy_accepted=row.policy_accepted,
        key=queries.fingerprint(row),
        key_since=row.key_since,
        key_announced=row.next_key is not None,
        recent=queries.is_recent(row, call.hub.settings.seen_recently_s),
        last_seen=row.last_seen,
        created=row.created,
        joined=row.joined,
        confirmed=row.confirmed,
        revoked=row.revoked,
    )


def _added(call: Caller, row: Site, token: str) -> SiteAdded:
    command = f"collegium-site join {call.hub.settings.public_url} --token {token}"
    return SiteAdded(site=_told(call, row), token=token, command=command)


@router.get("/institutions/{institution}/sites", **takes(Permission.SITE_READ))
def list_sites(
    call: Calling,
    institution: Id,
    window: Windowed,
    state: Annotated[SiteState | None, only("In this state.")] = None,
) -> Page[SiteTold]:
    """Oldest first, revoked ones too."""
    owner = institutions.get(call.session, call.actor, Permission.SITE_READ, institution)
    rows = queries.of_institution(call.session, owner.id)
    fitting = [row for row in rows if state in (None, row.state)]
    return window.page(fitting, lambda r: (r.created, r.id), lambda r: _told(call, r))


@router.post("/institutions/{institution}/sites", **creates(Permission.SITE_EDIT))
def add_site(call: Calling, response: Response, institution: Id, asked: SiteAsked) -> SiteAdded:
    """The token works once, for 24 hours. The site gets no job before a person has compared the six words."""
    row = institutions.get(call.session, call.actor, Permission.SITE_EDIT, institution)
    site, token = service.add_site(
        call.session, call.actor, row, asked.name, hub_key=call.hub.key.public
    )
    at(response, f"/sites/{site.id}")
    return _added(call, site, token)


@router.get("/sites/{site}", **takes(Permission.SITE_READ))
def get_site(call: Calling, site: Id) -> SiteTold:
    """What the hub knows of it, as old as `last_seen`."""
    return _told(call, queries.get(call.session, call.actor, Permission.SITE_READ, site))


@router.post("/sites/{site}/token", **creates(Permission.SITE_EDIT))
def renew_site_token(call: Calling, response: Response, site: Id) -> SiteAdded:
    """Another token for a site that has not joined; the earlier one stops working."""
    row = queries.get(call.session, call.actor, Permission.SITE_EDIT, site)
    token = service.renew_token(call.session, call.actor, row, hub_key=call.hub.key.public)
    at(response, f"/sites/{row.id}")
    return _added(call, row, token)


@router.delete("/sites/{site}", status_code=204, **takes(Permission.SITE_EDIT))
def revoke_site(call: Calling, site: Id) -> None:
    """Out at its next request; its jobs are cancelled."""
    row = queries.get(call.session, call.actor.unheld, Permission.SITE_EDIT, site)
    service.revoke(call.session, call.actor, row)
