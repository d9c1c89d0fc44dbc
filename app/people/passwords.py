"""Passwords: argon2id, at least twelve characters, none of the commonest. No other rule: rules make worse passwords."""

import unicodedata
from functools import lru_cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.errors import Invalid
from app.text import _

MINIMUM = 12
MAXIMUM = 1000
# The second of OWASP's equal choices for argon2id: 19 MiB, 2 passes, 1 lane; about 20 ms, so a burst of sign-ins
# does not stop a small hub.
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


@lru_cache
def _commonest() -> frozenset[str]:
    text = (Path(__file__).parent / "common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(text.split())


def _normal(password: str) -> str:
    """The same password typed on two keyboards is one (NIST SP 800-63B 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def check(password: str, field: str = "password") -> None:
    """Raises Invalid, with the reason at `field`."""
    plain = _normal(password)
    if len(plain) < MINIMUM:
        problem = _("Use at least {count} characters. A few words in a row are easy to keep.")
        problem = problem.format(count=MINIMUM)
    elif len(plain) > MAXIMUM:
        problem = _("Use at most {count} characters.").format(count=MAXIMUM)
    elif plain.casefold() in _commonest() or len(set(plain)) == 1:
        problem = _("This password is among the first anyone would try. Choose another.")
    else:
        return
    raise Invalid(problem, {field: problem})


def make(password: str) -> str:
    """The hash to store."""
    return _hasher.hash(_normal(password))


@lru_cache
def _nobody() -> str:
    """A hash that fits no password anyone knows, so that an unknown mail address costs the same time."""
    return _hasher.hash("nobody has this one \N{SNOWMAN}")


def fits(password_hash: str | None, password: str) -> bool:
    """True if the password fits. None, for an unknown person, takes about the same time and never fits."""
    try:
        _hasher.verify(password_hash or _nobody(), _normal(password)[:MAXIMUM])
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None
