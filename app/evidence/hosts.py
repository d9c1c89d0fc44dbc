"""Where the hub's parts stand, from its settings: kinds and host names, never a password or a path."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from app.settings import Settings
from app.text import _


@dataclass(frozen=True)
class Hosts:
    """Of the hub. `hosted_by` and `others` are the operator's own words."""

    address: str
    https: bool
    database: str
    objects: str
    queue: str
    mail: str
    hosted_by: str
    others: tuple[str, ...]


def of(settings: Settings) -> Hosts:
    database, objects = _host(settings.database_url), _host(settings.object_store_url)
    queue, mail = _host(settings.redis_url), _host(settings.mail_url)
    return Hosts(
        address=_host(settings.public_url),
        https=settings.https,
        database=_("PostgreSQL at {host}").format(host=database)
        if settings.database.startswith("postgresql")
        else _("SQLite, a file on the hub’s own disk"),
        objects=_("a bucket that speaks S3, {host}").format(host=objects)
        if settings.objects.startswith("s3")
        else _("files on the hub’s own disk"),
        queue=_("Redis at {host}").format(host=queue or _("the hub’s own computer")),
        mail=_("a mail server at {host}").format(host=mail)
        if mail
        else _("no mail server: mails are files on the hub’s own disk"),
        hosted_by=settings.hosted_by,
        others=tuple(o.strip() for o in settings.subprocessors.split(";") if o.strip()),
    )


def _host(url: str) -> str:
    """Empty for a file or a socket of this computer."""
    parts = urlsplit(url)
    return "" if parts.scheme in ("file", "sqlite", "unix") else parts.hostname or ""
