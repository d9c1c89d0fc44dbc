"""What profiles say and what follows from them, as text: for pages and programs alike."""

from app.policies.composing import Explained, Ground
from app.policies.fields import choice_name
from app.text import _
from worker.protocol import words
from worker.protocol.bounds import Breach
from worker.protocol.clocks import Clock


def verification(value: str) -> str:
    return _("read at the source") if value == "read" else _("from memory: check the source first")


def label(value: Explained) -> str:
    return {
        "consent_age": _("A child may agree from this age"),
        "rights_age": _("Rights pass from parent to student at this age"),
        "minimum_cell": _("Least students behind a figure"),
        "access": _("Answer to a request for access"),
        "erasure": _("Erasure on request"),
        "breach": _("Notice of a breach"),
        "cross_border": _("Sending to another country"),
        "human_in_loop": _("A person decides"),
        "special": _("Special category"),
        "never": _("Never used"),
        "elements": _("Columns of the contract"),
        "prohibited": _("Prohibited"),
        "measures": _("Technical measure"),
        "records": _("Record to keep"),
        "retention": _("How long to keep"),
        "bases": _("Lawful basis"),
    }[value.field]


def says(value: Explained) -> str:
    """The value itself; texts of profiles stay as their authors wrote them."""
    found = value.value
    if found is None:
        return _("No law you confirmed names a number.")
    match value.field:
        case "consent_age" | "rights_age":
            return _("{n} years").format(n=found)
        case "minimum_cell":
            return _("{n} students").format(n=found)
        case "access" | "erasure":
            return clock(found)
        case "breach":
            return breach(found)
        case "cross_border":
            return border(found)
        case "human_in_loop":
            return _("Yes: nothing here decides by itself, and no endpoint writes a grade.")
        case "special" | "never":
            return choice_name(found)
        case "elements":
            return ", ".join(found) or _("none")
        case _:
            return str(found)


def clock(value: Clock) -> str:
    return _("within {time}").format(time=words.clock(value))


def breach(value: Breach) -> str:
    return _("{what}: tell {who} within {time}").format(
        what=incident(value.kind), who=recipient(value.to), time=words.clock(value.clock)
    )


def incident(kind: str) -> str:
    return {
        "personal-data-breach": _("personal data breach"),
        "severe-network-incident": _("severe network incident"),
        "ai-serious-incident": _("serious incident of an AI system"),
    }[kind]


def recipient(to: str) -> str:
    return {
        "authority": _("the authority"),
        "institution": _("the institution"),
        "families": _("the families"),
    }[to]


def border(value: str) -> str:
    return {
        "deny": _("Not allowed."),
        "review": _("Only after someone reviewed it: the law has a rule and no default."),
        "with-contract": _("Allowed under the agreement of a federation."),
    }[value]


def grounds(value: Explained) -> str:
    if value.is_default:
        return _("The product's own default: no law you confirmed names a number.")
    return "; ".join(_ground(g) for g in value.grounds) or "–"


def _ground(found: Ground) -> str:
    return _("{name} version {n}, {article} ({read})").format(
        name=found.name,
        n=found.number,
        article=found.article,
        read=verification(found.verification),
    )


def field_name(place: str) -> str:
    return {
        "ages": _("Age"),
        "parental_consent": _("Consent of parents"),
        "access": _("Access"),
        "erasure": _("Erasure"),
        "breaches": _("Notice of a breach"),
        "cross_border": _("Sending to another country"),
        "automated": _("Decisions by machines"),
        "minimum_cell": _("Least students behind a figure"),
        "special": _("Special category"),
        "prohibited": _("Prohibited"),
        "bases": _("Lawful basis"),
        "retention": _("How long to keep"),
        "measures": _("Technical measure"),
        "records": _("Record to keep"),
    }[place]
