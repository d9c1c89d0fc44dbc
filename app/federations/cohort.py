"""How large a cohort really is, where institutions under one parent count once, and in which countries it stands."""

from collections.abc import Iterable, Mapping

from sqlalchemy.orm import Session

from app.db import hub_country


def root(institution: str, parents: Mapping[str, str]) -> str:
    """The topmost institution above this one. A circle of parents ends where it closes."""
    seen = {institution}
    while institution in parents and parents[institution] not in seen:
        institution = parents[institution]
        seen.add(institution)
    return institution


def count(institutions: Iterable[str], parents: Mapping[str, str]) -> int:
    """Institutions without a common parent: a district and its schools are one."""
    return len({root(i, parents) for i in institutions})


def countries(session: Session, of_members: Iterable[str]) -> tuple[str, ...]:
    """Those and the hub's own, in order; empty where the operator did not say where the hub stands."""
    hub = hub_country(session)
    return tuple(sorted({hub, *of_members})) if hub else ()
