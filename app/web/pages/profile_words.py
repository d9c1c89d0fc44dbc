"""Profiles and what they bound, in words: standings, values, where each comes from."""

from urllib.parse import urlsplit

from app.policies.composing import Composed, Explained
from app.policies.decisions import Held
from app.policies.profile import Profile, Stated
from app.policies.profile_text import field_name, grounds, label, says, verification
from app.policies.statement_text import LANGUAGE, sentence, wording
from app.text import _
from app.web.moments import day, since
from app.web.parts import (
    Cell,
    Column,
    Empty,
    Fold,
    Link,
    Muted,
    New,
    Old,
    Part,
    Quoted,
    Said,
    Status,
    Table,
)


def standing(held: Held) -> Status:
    age = since(held.decision.decided) if held.decision else ""
    return {
        "proposed": Status("wait", _("Waits for a person to confirm it")),
        "confirmed": Status("good", _("Confirmed"), age),
        "changed": Status("wait", _("A newer version waits for review"), age),
        "due": Status("wait", _("Confirmed more than 180 days ago: look again"), age),
        "set-aside": Status("off", _("Set aside"), age),
        "not-proposed": Status("off", _("Not proposed for us")),
    }[held.standing]


def confidence(profile: Profile) -> str:
    return {"high": _("quite sure"), "medium": _("fairly sure"), "low": _("not sure")}[
        profile.confidence
    ]


def kind(profile: Profile) -> str:
    return {
        "law": _("Law"),
        "code": _("Code of practice"),
        "contract": _("Contract"),
        "accessibility": _("Accessibility rule"),
    }[profile.kind]


_RULES = (
    "consent_age",
    "rights_age",
    "minimum_cell",
    "access",
    "erasure",
    "breach",
    "cross_border",
    "human_in_loop",
    "never",
    "special",
    "elements",
)


def table(composed: Composed) -> tuple[Part, ...]:
    """Every resulting value with the profile and article it comes from; long lists of texts folded."""
    if not composed.values:
        return (Empty(_("No profile is confirmed, so none bounds the policy.")),)
    rules = tuple(v for v in composed.values if v.field in _RULES)
    texts = tuple(v for v in composed.values if v.field not in _RULES)
    held = _table(_("What bounds the policy: the strictest of all"), rules)
    rest = _table(_("What no program can hold, for the people who keep it"), texts)
    return (held, Fold("texts", _("Duties in words"), (rest,)))


def _table(caption: str, values: tuple[Explained, ...]) -> Table:
    columns = (Column(_("Rule")), Column(_("Value")), Column(_("Comes from")))
    return Table(caption, columns, tuple((label(v), _value(v), grounds(v)) for v in values))


def _value(value: Explained) -> Cell:
    """A text of a profile stays in its author's words."""
    said = says(value)
    return said if value.field in _RULES else Quoted("", said, LANGUAGE)


def statements(profile: Profile) -> Table:
    """Every statement with its article, source and how it was checked."""
    rows = tuple(
        (
            field_name(place),
            Quoted(sentence(place, stated), wording(stated), LANGUAGE),
            stated.article,
            _checked(profile, stated),
        )
        for place, stated in profile.statements()
    )
    columns = (Column(_("Rule")), Column(_("Value")), Column(_("Article")), Column(_("Source")))
    return Table(_("What it says, in our own words"), columns, rows)


def _checked(profile: Profile, stated: Stated) -> Said:
    """How it was checked, and the page to check it at."""
    url = profile.url(stated)
    host = urlsplit(url).hostname or url
    return Said(verification(stated.verification), Link(host, url))


def difference(old: Profile, new: Profile) -> Part:
    """Line by line, where two versions of a profile differ."""
    rows: list[tuple[Cell, ...]] = []
    before, after = _lines(old), _lines(new)
    for key in dict.fromkeys((*before, *after)):
        if before.get(key) != after.get(key):
            rows.append((key, Old(before.get(key) or "–"), New(after.get(key) or "–")))
    if not rows:
        return Empty(_("Both versions say the same."))
    columns = (
        Column(_("Rule")),
        Column(_("Version {n}").format(n=old.number)),
        Column(_("Version {n}").format(n=new.number)),
    )
    return Table(_("Everything else stays as it is"), columns, tuple(rows), diff=True)


def _lines(profile: Profile) -> dict[str, str]:
    found: dict[str, str] = {
        _("Status"): profile.status,
        _("Applies to"): profile.applies.text,
        _("What is open"): profile.uncertainty,
    }
    counted: dict[str, int] = {}
    for place, stated in profile.statements():
        counted[place] = counted.get(place, 0) + 1
        key = f"{field_name(place)} {counted[place]}"
        said = f"{sentence(place, stated)} {wording(stated)}".strip()
        found[key] = f"{said} ({stated.article})"
    return found


def confirmed_by(held: Held, names: dict[str, str]) -> Cell:
    if held.decision is None:
        return Muted("–")
    who = names.get(held.decision.decided_by, "–")
    return _("{who}, {day}").format(who=who, day=day(held.decision.decided))
