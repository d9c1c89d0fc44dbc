"""Translation. `_` marks a sentence; the request's locale decides the words when it is rendered."""

import gettext
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

LOCALES = ("en", "de")
_DIRECTORY = Path(__file__).parent / "locale"
_locale: ContextVar[str] = ContextVar("locale", default="en")


@lru_cache
def _catalog(locale: str) -> gettext.NullTranslations:
    return gettext.translation("collegium", _DIRECTORY, languages=[locale], fallback=True)


def use_locale(locale: str) -> None:
    """For the rest of this request or task."""
    _locale.set(locale if locale in LOCALES else "en")


def current_locale() -> str:
    return _locale.get()


def _(message: str) -> str:
    return _catalog(_locale.get()).gettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    return _catalog(_locale.get()).ngettext(one, many, count)


def N_(message: str) -> str:  # noqa: N802  (the name that message extraction knows)
    """Marks a sentence for translation where it is written down, long before `_` renders it."""
    return message
