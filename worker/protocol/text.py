"""Translation, for every program here. `_` marks a sentence; the reader's locale decides the words when it is said.

A terminal reads English. A page sets the locale of each request.
"""

import gettext
import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

LOCALES = ("en", "de")
_DIRECTORY = Path(__file__).resolve().parents[2] / "app" / "locale"
"""One catalogue a language for hub and site; a wheel carries them as package data."""
_locale: ContextVar[str] = ContextVar("locale", default="en")


@lru_cache
def _catalog(locale: str) -> gettext.NullTranslations:
    """Read from the `.po` itself, once per process: no compiled file can be missing or old."""
    path = _DIRECTORY / locale / "LC_MESSAGES" / "collegium.po"
    if not path.is_file():
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=locale))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def use_locale(locale: str) -> None:
    """For the rest of this request or task."""
    _locale.set(locale if locale in LOCALES else "en")


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    """For what is written to somebody else: a mail in its reader's language."""
    before = _locale.set(locale if locale in LOCALES else "en")
    try:
        yield
    finally:
        _locale.reset(before)


def current_locale() -> str:
    return _locale.get()


def _(message: str) -> str:
    return _catalog(_locale.get()).gettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    return _catalog(_locale.get()).ngettext(one, many, count)


def N_(message: str) -> str:  # noqa: N802  (the name that message extraction knows)
    """Marks a sentence for translation where it is written down, long before `_` renders it."""
    return message
