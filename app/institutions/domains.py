"""Which domain names, register numbers and countries an institution can have, and which never."""

import re
from pathlib import Path

from app.errors import Invalid
from app.text import _

_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)\Z")


def _names(file: str) -> frozenset[str]:
    return frozenset((Path(__file__).parent / file).read_text(encoding="utf-8").split())


# Common suffixes under which anyone, or every school, can have a name. A name with no dot is refused anyway.
PUBLIC_SUFFIXES = _names("public_suffixes.txt")
FREE_MAIL = _names("free_mail.txt")
COUNTRIES = _names("countries.txt")
"""ISO 3166-1, two letters, as of 2024."""
REGISTERS: dict[str, re.Pattern[str]] = {
    "ROR": re.compile(r"0[a-hj-km-np-tv-z0-9]{6}[0-9]{2}\Z"),
    "NCES": re.compile(r"(?:[0-9]{6,7}|[0-9]{12})\Z"),
    "UKPRN": re.compile(r"1[0-9]{7}\Z"),
}


def clean_domain(text: str) -> str:
    """Lower case, ASCII (IDNA), without a final dot. Raises Invalid at `domain`."""
    name = text.strip().rstrip(".").lower()
    try:
        name = name.encode("idna").decode("ascii")
    except UnicodeError:
        name = ""
    labels = name.split(".")
    if len(name) > 200 or len(labels) < 2 or not all(map(_LABEL.match, labels)):
        raise _refused(_("This is not a domain name. It looks like school.example."))
    if labels[-1].isdigit():
        raise _refused(_("Give a domain name, not a number address."))
    if name in PUBLIC_SUFFIXES:
        raise _refused(_("Many share this domain. Give the one that is yours alone."))
    if name in FREE_MAIL:
        raise _refused(_("Anyone can have a mailbox at this domain. Give your institution's own."))
    return name


def _refused(problem: str) -> Invalid:
    return Invalid(problem, {"domain": problem})


def clean_register(register: str, number: str) -> tuple[str, str]:
    """`ROR`, `NCES` or `UKPRN` and its number. Raises Invalid at `register_id`."""
    register, number = register.strip().upper(), number.strip().lower()
    number = number.removeprefix("https://ror.org/")
    pattern = REGISTERS.get(register)
    if pattern is None or not pattern.match(number):
        problem = _("This is no number of that register. Copy it from the register's own page.")
        raise Invalid(problem, {"register_id": problem})
    return register, number


def clean_country(text: str) -> str:
    """Two capital letters of a country there is. Raises Invalid."""
    code = text.strip().upper()
    if code not in COUNTRIES:
        raise Invalid(_("Give the country as two letters, such as DE or US."))
    return code


def mailbox_fits(email: str, domain: str | None) -> bool:
    """Whether a mail address lies at the domain or below it."""
    host = email.rpartition("@")[2].lower()
    return domain is not None and (host == domain or host.endswith("." + domain))
