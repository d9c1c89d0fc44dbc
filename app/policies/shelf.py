"""Every version of every profile this hub knows: those it came with, and those an operator imported."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit import kinds
from app.audit.service import record
from app.clock import now
from app.errors import Conflict, NotFound
from app.ids import new_id
from app.policies import profile as profiles
from app.policies.models import ProfileVersion
from app.policies.profile import Profile
from app.text import _
from worker.protocol.canonical import digest_of


@dataclass(frozen=True)
class Known:
    """`id` is None for one that came with the program and stands in no row yet."""

    profile: Profile
    digest: str
    id: str | None = None

    @property
    def key(self) -> tuple[str, int]:
        return self.profile.profile, self.profile.number


@lru_cache
def packaged() -> Mapping[tuple[str, int], Known]:
    """Those that came with the program, one version of each."""
    folder = resources.files("app.policies") / "profiles"
    found = [
        profiles.read(file.read_bytes())
        for file in sorted(folder.iterdir(), key=lambda f: f.name)
        if file.name.endswith(".json")
    ]
    return {(p.profile, p.number): Known(p, digest_of(p)) for p in found}


def every(session: Session) -> dict[tuple[str, int], Known]:
    """By name and number, the lowest first."""
    heads = session.execute(
        select(
            ProfileVersion.id, ProfileVersion.digest, ProfileVersion.profile, ProfileVersion.number
        )
    ).all()
    _read_missing(session, {digest for _id, digest, _name, _number in heads})
    kept = {
        (name, number): Known(_READ[digest], digest, id_) for id_, digest, name, number in heads
    }
    return dict(sorted({**packaged(), **kept}.items()))


_READ: dict[str, Profile] = {}
"""By digest: a version never changes, so each is parsed once a process."""


def _read_missing(session: Session, digests: set[str]) -> None:
    _READ.update({known.digest: known.profile for known in packaged().values()})
    missing = digests - _READ.keys()
    if missing:
        rows = select(ProfileVersion).where(ProfileVersion.digest.in_(missing))
        for row in session.scalars(rows):
            _READ[row.digest] = Profile.model_validate_json(row.document)


def newest(session: Session) -> dict[str, Known]:
    """The highest version of each, by name."""
    return {name: known for (name, _number), known in every(session).items()}


def get(session: Session, name: str, number: int) -> Known:
    """Raises NotFound."""
    found = every(session).get((name, number))
    if found is None:
        raise NotFound(_("There is no such profile."))
    return found


def keep(session: Session, actor_id: str, known: Known) -> ProfileVersion:
    """Its row, made now if there is none. Raises Conflict when another text has this number."""
    name, number = known.key
    row = session.scalar(
        select(ProfileVersion).where(
            ProfileVersion.profile == name, ProfileVersion.number == number
        )
    )
    if row is None:
        row = ProfileVersion(
            id=new_id("profile"),
            profile=name,
            number=number,
            digest=known.digest,
            document=known.profile.model_dump_json(),
            imported=now(),
        )
        session.add(row)
        try:
            session.flush()
        except IntegrityError as error:
            raise Conflict(_("Somebody else did the same just now. Look again.")) from error
        body = {"number": number, "digest": known.digest}
        record(session, actor_id, kinds.PROFILE_IMPORTED, chain="hub", subject=row.id, body=body)
    if row.digest != known.digest:
        said = _("Version {n} of {name} is known with another text. A change takes a new number.")
        raise Conflict(said.format(n=number, name=name))
    return row


def bring(session: Session, content: bytes) -> ProfileVersion:
    """A new version from a file, by the operator. Raises Invalid, which names the field; Conflict for a number that
    is not the next one or a text that is known."""
    read = profiles.read(content)
    known = Known(read, digest_of(read))
    before = every(session)
    if known.key in before:
        if before[known.key].digest == known.digest:
            return keep(session, "hub", known)
        said = _("Version {n} of {name} is known with another text. A change takes a new number.")
        raise Conflict(said.format(n=read.number, name=read.profile))
    highest = max((number for name, number in before if name == read.profile), default=0)
    if read.number != highest + 1:
        said = _("The next version of {name} is {n}.")
        raise Conflict(said.format(name=read.profile, n=highest + 1))
    return keep(session, "hub", known)
