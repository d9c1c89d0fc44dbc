"""What the hub's pages and a site's own page share: templates, own files by digest, ages and numbers in words.

The files are package data of `app`, read as files: a site imports nothing of the hub.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from babel import Locale
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from worker.protocol import text
from worker.protocol.text import _, current_locale, ngettext

_ROOT = Path(__file__).resolve().parents[2]
STATIC = _ROOT / "app" / "web" / "static"
LANGUAGES = {"en": "English", "de": "Deutsch"}
_BABEL = {"en": "en_GB", "de": "de_DE"}


@dataclass(frozen=True)
class MenuItem:
    key: str
    text: str
    href: str
    count: int = 0


def environment() -> Environment:
    """StrictUndefined: a name a page does not have is a mistake, never an empty string."""
    env = Environment(
        loader=FileSystemLoader(_ROOT / "templates"),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    env.install_gettext_callables(text._, text.ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.globals.update(static=static, machine=machine)
    return env


@lru_cache
def static(name: str) -> str:
    """The address of a file of our own, with its digest, so it can be kept for a year."""
    path = STATIC / name
    mark = hashlib.sha256(path.read_bytes()).hexdigest()[:10] if path.is_file() else "missing"
    return f"/static/{name}?v={mark}"


def locale() -> Locale:
    """Babel's, of the reader."""
    return _parsed(_BABEL.get(current_locale(), "en_GB"))


@lru_cache
def _parsed(name: str) -> Locale:
    return Locale.parse(name)


def ago(moment: datetime) -> str:
    """`just now`, `3 minutes ago`, `2 hours ago`, `5 days ago`."""
    seconds = max(0, int((datetime.now(UTC) - moment).total_seconds()))
    if seconds < 60:
        return _("just now")
    if seconds < 3600:
        return ngettext("{n} minute ago", "{n} minutes ago", seconds // 60).format(n=seconds // 60)
    if seconds < 86400:
        hours = seconds // 3600
        return ngettext("{n} hour ago", "{n} hours ago", hours).format(n=hours)
    days = seconds // 86400
    return ngettext("{n} day ago", "{n} days ago", days).format(n=days)


def day_first(pattern: str) -> str:
    """A date pattern with the day before the month, as the reader writes it: German sets a full stop behind the day."""
    if current_locale() == "de":
        return pattern.replace("EEEE d", "EEEE, d").replace("d M", "d. M")
    return pattern


def machine(moment: datetime) -> str:
    """For the datetime attribute."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def number(value: float, digits: int = 0) -> str:
    """`1,234.5`, in the reader's language."""
    return _decimal(value or 0, digits, locale())


@lru_cache(maxsize=4096)
def _decimal(value: float, digits: int, locale: Locale) -> str:
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return str(format_decimal(value, format=pattern, locale=locale))


def figure(value: float) -> str:
    """With as many digits as it has and nothing between thousands, `0.003`: so it may stand in a form, too."""
    return f"{value:.10g}".replace(".", str(locale().number_symbols["latn"]["decimal"]))


def percent(value: float) -> str:
    """`0.66` is `66 %`."""
    return str(format_percent(value, format="#,##0 %", locale=locale()))
