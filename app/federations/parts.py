"""Who would train which model part, before anyone agrees: from what sites told of their records, in bands.

A forecast. A site that told nothing, or whose policy keeps counts at home, is unknown here, not absent.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor, institutions_where
from app.access.permissions import Permission
from app.federations import queries
from app.federations.models import Federation, SheetFitRow, SheetVersion
from app.federations.queries import Member
from app.federations.states import MembershipState
from app.objects import ObjectStore
from app.sites.models import Site
from app.sites.states import SiteState
from worker.protocol import layout
from worker.protocol.base_models import CONFIG, BaseShape
from worker.protocol.codes import Fitness
from worker.protocol.layout import read_by_bases
from worker.protocol.manifest import ModelSpec
from worker.protocol.messages import SheetFit
from worker.protocol.policy import Modality
from worker.protocol.tasks import TaskSheet


@dataclass(frozen=True)
class TaskAt:
    """One task at a site. `fits` None: not told. `carried`: modality to a band; None: counts stay at home."""

    task: str
    fits: bool | None
    records_band: str = ""
    carried: dict[Modality, str] | None = None


@dataclass(frozen=True)
class SiteRow:
    """`site`: its name, for its own institution only; `number`: its place among the institution's, from 1.

    `parts` it would train; `bytes_up` of these and `bytes_down` of all parts, a round; None: not known yet.
    """

    institution: str
    institution_name: str
    mine: bool
    number: int
    site: str | None
    tasks: tuple[TaskAt, ...]
    parts: tuple[str, ...] | None
    bytes_up: int | None
    bytes_down: int


@dataclass(frozen=True)
class PartRow:
    """`sites` that would train it by what is known; `held`: fewer than the terms ask."""

    part: str
    bytes: int
    sites: int
    held: bool


@dataclass(frozen=True)
class Forecast:
    """`base_bytes`: of each base model by what it reads, fetched once by a site that has records for it."""

    sites: tuple[SiteRow, ...]
    parts: tuple[PartRow, ...]
    minimum_sites: int
    unknown: int
    base_bytes: dict[Modality, int]

    @property
    def held(self) -> tuple[str, ...]:
        return tuple(one.part for one in self.parts if one.held)


def forecast(
    session: Session, objects: ObjectStore, federation: Federation, actor: Actor
) -> Forecast:
    """Of every institution that is invited or a member. Raises ObjectMissing."""
    own = institutions_where(actor, Permission.FEDERATION_READ)
    model, sheets = queries.model(federation), queries.sheets(session, federation.id)
    documents = [TaskSheet.model_validate(row.document) for row in sheets]
    sizes = layout.sizes(model, documents, _shapes(objects, model)) if documents else {}
    members = [
        member
        for member in queries.members(session, federation)
        if member.membership.state is not MembershipState.REQUESTED
    ]
    said = _said(session, [row.id for row in sheets])
    rows = [
        _row(member, site, place, _tasks(site, sheets, said), model, documents, sizes, own)
        for member, site, place in _sites(session, members)
    ]
    least = queries.terms(federation).minimum_sites
    counted = {part: sum(part in (row.parts or ()) for row in rows) for part in sizes}
    parts = (PartRow(p, sizes[p], counted[p], counted[p] < least) for p in sorted(sizes))
    bases = {modality: model.bases[modality].bytes for modality in read_by_bases(model, documents)}
    unknown = sum(row.parts is None for row in rows)
    return Forecast(tuple(rows), tuple(parts), least, unknown, bases)


def _shapes(objects: ObjectStore, model: ModelSpec) -> dict[Modality, BaseShape]:
    return {
        modality: BaseShape.of(json.loads(objects.get(base.files[CONFIG])))
        for modality, base in model.bases.items()
    }


def _sites(session: Session, members: Sequence[Member]) -> list[tuple[Member, Site, int]]:
    """Sites in use with their places among their institution's, in order of members and names."""
    homes = [member.institution.id for member in members]
    wanted = (SiteState.JOINED, SiteState.READY)
    query = select(Site).where(Site.institution_id.in_(homes), Site.state.in_(wanted))
    found = session.scalars(query.order_by(Site.name, Site.id)).all()
    of = {home: [site for site in found if site.institution_id == home] for home in homes}
    return [
        (member, site, place)
        for member in members
        for place, site in enumerate(of[member.institution.id], 1)
    ]


def _said(session: Session, sheets: Sequence[str]) -> dict[tuple[str, str], SheetFit]:
    """(site, sheet version) to what the site told of it."""
    rows = session.scalars(select(SheetFitRow).where(SheetFitRow.sheet_id.in_(sheets)))
    return {(row.site_id, row.sheet_id): SheetFit.model_validate(row.said) for row in rows}


def _tasks(
    site: Site, sheets: Sequence[SheetVersion], said: dict[tuple[str, str], SheetFit]
) -> tuple[TaskAt, ...]:
    return tuple(_task(sheet.name, said.get((site.id, sheet.id))) for sheet in sheets)


def _task(name: str, said: SheetFit | None) -> TaskAt:
    if said is None:
        return TaskAt(name, None)
    fits = said.fitness is Fitness.FITS
    if not said.records_band:
        return TaskAt(name, fits)
    return TaskAt(name, fits, said.records_band, dict(said.modalities))


def _row(
    member: Member,
    site: Site,
    place: int,
    tasks: tuple[TaskAt, ...],
    model: ModelSpec,
    sheets: Sequence[TaskSheet],
    sizes: dict[str, int],
    own: frozenset[str],
) -> SiteRow:
    mine = member.institution.id in own
    parts = _parts(tasks, model, sheets)
    return SiteRow(
        member.institution.id,
        member.institution.name,
        mine,
        place,
        site.name if mine else None,
        tasks,
        parts,
        None if parts is None else sum(sizes[part] for part in parts),
        sum(sizes.values()),
    )


def _parts(
    tasks: Sequence[TaskAt], model: ModelSpec, sheets: Sequence[TaskSheet]
) -> tuple[str, ...] | None:
    """None while a task that could be trained here has not been counted."""
    if any(one.fits is None or (one.fits and one.carried is None) for one in tasks):
        return None
    found = {
        part
        for one, sheet in zip(tasks, sheets, strict=True)
        if one.fits
        for part in layout.trained(model, sheet, tuple(one.carried or ()))
    }
    return tuple(sorted(found))
