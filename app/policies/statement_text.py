"""One statement of a profile as a sentence in the reader's language, and apart from it the author's own words.

The authors wrote in English, and nobody translates a law in passing: `wording` stays as it is.
"""

from collections.abc import Iterable

from babel import Locale

from app.policies.fields import choice_name
from app.policies.profile import (
    Age,
    Border,
    BreachDuty,
    Cell,
    Deadline,
    Decision,
    Prohibited,
    Special,
    Stated,
)
from app.text import _, current_locale
from worker.protocol import words

LANGUAGE = "en"
"""Of `wording`."""
_SILENT = frozenset({"None", "None."})
"""What an author writes where the law has no rule."""


def sentence(place: str, stated: Stated) -> str:
    """What a program reads in it, in words. Empty where there is nothing but the author's text."""
    match stated:
        case Age():
            return _age(stated)
        case Deadline():
            return _deadline(place, stated)
        case BreachDuty():
            return _breach(stated)
        case Border():
            return _border(stated)
        case Decision():
            return _decision(stated)
        case Cell():
            return _cell(stated)
        case Special():
            return _special(stated)
        case Prohibited():
            return _prohibited(stated)
        case _:
            return ""


def wording(stated: Stated) -> str:
    """The author's own words: rule or text, then the note."""
    said = getattr(stated, "rule", getattr(stated, "text", ""))
    conditions = getattr(stated, "allowed_if", ())
    parts = ("" if said in _SILENT else said, *conditions, stated.note)
    return " ".join(f"{part.removesuffix('.')}." for part in parts if part)


def _age(stated: Age) -> str:
    said = {
        "own-consent": (
            _("From the age of {n} a child may agree without a parent."),
            _("The law names no age from which a child may agree without a parent."),
        ),
        "rights-transfer": (
            _("At the age of {n} the rights over a record pass from the parent to the student."),
            _("The law names no age at which the rights pass to the student."),
        ),
    }[stated.kind]
    first = said[1] if stated.age is None else said[0].format(n=stated.age)
    if not stated.by_country:
        return first
    listed = ", ".join(f"{country(code)} {age}" for code, age in sorted(stated.by_country.items()))
    return f"{first} " + _("A country’s own age goes before it: {list}.").format(list=listed)


def _deadline(place: str, stated: Deadline) -> str:
    if stated.clock is None:
        return {
            "access": _("For an answer to a request for access, the law names no number."),
            "erasure": _("For erasure on request, the law names no number."),
        }[place]
    time = words.clock(stated.clock)
    return {
        "access": _("A request for access is answered within {time}."),
        "erasure": _("A request to erase is answered within {time}."),
    }[place].format(time=time)


def _breach(stated: BreachDuty) -> str:
    what = {
        "personal-data-breach": _("A breach of personal data"),
        "severe-network-incident": _("A severe incident of the network"),
        "ai-serious-incident": _("A serious incident of an AI system"),
    }[stated.kind]
    who = {
        "authority": _("the authority"),
        "institution": _("the institution"),
        "families": _("the families"),
    }[stated.to]
    if stated.clock is None:
        said = _("{what}: {who} must be told; the law names no number.")
        return said.format(what=what, who=who)
    said = _("{what}: {who} must be told within {time}.")
    return said.format(what=what, who=who, time=words.clock(stated.clock))


def _border(stated: Border) -> str:
    level = {
        "with-contract": _("Sending to another country is allowed under a contract."),
        "deny": _("Sending to another country is not allowed."),
        "review": _("The law has no default for sending to another country: someone reviews it."),
    }[stated.level]
    if not stated.area:
        return level
    listed = ", ".join(sorted(country(code) for code in stated.area))
    return f"{level} " + _("These do not count as another country: {list}.").format(list=listed)


def _decision(stated: Decision) -> str:
    if stated.default is None:
        return _("About decisions by machines the law has no default.")
    return {
        "human-in-loop": _("A person decides, not a machine."),
        "human-review": _("A person looks again at what a machine proposed."),
    }[stated.default]


def _cell(stated: Cell) -> str:
    if stated.statutory is not None:
        return _("The law asks for at least {n} students behind a figure.").format(
            n=stated.statutory
        )
    if stated.common is None:
        return _("The law names no least number of students behind a figure.")
    return _(
        "The law names no least number of students behind a figure; {n} is common practice."
    ).format(n=stated.common)


def _special(stated: Special) -> str:
    if not stated.categories:
        return _("Special to the law. No program can tell it by a column’s name: people look.")
    return _("Used only if the policy allows it: {list}.").format(list=_named(stated.categories))


def _prohibited(stated: Prohibited) -> str:
    if not stated.never:
        return _("Forbidden. No program can tell it: people see to it.")
    return _("Never used, whatever a policy says: {list}.").format(list=_named(stated.never))


def country(code: str) -> str:
    """Its name in the reader's language; the code where there is none."""
    found = Locale.parse(current_locale(), sep="-").territories.get(code)
    return str(found or code)


def _named(categories: Iterable[str]) -> str:
    return ", ".join(choice_name(one) for one in categories)
