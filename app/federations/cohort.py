"""How large a cohort really is: institutions under one parent count once, however many take part."""

from collections.abc import Iterable, Mapping


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
