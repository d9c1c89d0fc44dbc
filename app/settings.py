"""One frozen settings object per process, from the environment or `*_FILE` secrets."""

import ipaddress
import os
import secrets
from functools import lru_cache
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_FILE_SECRETS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY")
_DATABASES = ("postgresql+psycopg://", "sqlite:///")
_REDIS = ("redis://", "rediss://", "unix://")
_DISTINCT = 8
"""So many different characters at least: a random key has more, a made-up one may not."""


class MissingFile(ValueError):
    """A `*_FILE` variable names a file that cannot be read."""


class Settings(BaseSettings):
    """Every variable is `COLLEGIUM_` + its name; DATABASE_URL, REDIS_URL, OBJECT_STORE_URL go without."""

    model_config = SettingsConfigDict(env_prefix="COLLEGIUM_", frozen=True, extra="ignore")

    environment: Literal["production", "development", "demo", "test"] = "production"
    home: Path = Path("var")
    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    redis_url: str = Field(default="", validation_alias="REDIS_URL")
    object_store_url: str = Field(default="", validation_alias="OBJECT_STORE_URL")
    secret_key: str = Field(default="", validation_alias="SECRET_KEY")
    """Encrypts secrets at rest. Made and kept in `home` outside production."""
    public_url: str = "http://127.0.0.1:8000"
    """Links in mails and the join command come from here, never from a Host header."""
    hub_name: str = "Collegium hub"
    operator_name: str = "This hub's operator"
    contact: str = "operator@example.org"
    country: str = Field(default="", pattern=r"^([A-Z]{2})?$")
    """Where the hub stands, as two letters. Who is under a law that asks about export refuses until it is set."""
    hosted_by: str = ""
    """Who hosts the hub's computers, and in which country, in the operator's words. Printed in evidence."""
    subprocessors: str = ""
    """Others who process data for the operator, set apart by semicolons; `none` where there are none."""
    backup_days: int = 0
    """How long backups of the hub are kept; 0: not said."""
    registration_open: bool = True
    simulated: bool = False
    mail_url: str = ""
    """smtp://user:password@host:port, else mails are files in `home`/mail."""
    dns_servers: str = ""
    """Addresses of name servers, `address:port` where it is not 53, set apart by commas. Empty: the system's."""
    outbound_test_targets: str = ""
    """`host:port` of servers on this computer that webhooks may reach, set apart by commas. Never in production."""
    outbound_test_ca: str = ""
    """A file: whoever it vouches for is trusted in place of the public authorities. Never in production."""
    second_factor: Literal["auto", "required", "optional"] = "auto"
    """For administrators, privacy officers and operators. `auto`: required in production and development."""
    seen_recently_s: int = 120
    sweep_s: float = 5.0
    tell_s: float = 60.0
    """How often the hub looks for whom to tell what. A person gets one mail an hour at most."""
    row_lease_s: float = 30.0
    session_hours: int = 12
    streams: int = 200
    """Open event streams of browsers per web process; more pages only poll."""
    lease_s: int = 60
    first_lease_s: int = 15
    api_requests_per_minute: int = 600
    """Of one API token, over all web processes."""
    disk_reserve_mb: int = 200
    """Free space that objects never use, so the database can still write."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        """Addresses are never repeated: they may carry a password."""
        if not self.database.startswith(_DATABASES):
            raise ValueError(
                "DATABASE_URL must start with postgresql:// or sqlite:///, the two databases this hub knows"
            )
        if self.redis_url and not self.redis_url.startswith(_REDIS):
            raise ValueError("REDIS_URL must start with redis:// or rediss://")
        return self

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if self.environment == "production":
            if len(self.secret_key) < 32:
                raise ValueError("SECRET_KEY (or SECRET_KEY_FILE) needs at least 32 characters")
            if len(set(self.secret_key)) < _DISTINCT:
                raise ValueError("SECRET_KEY can be guessed: make one with `openssl rand -hex 32`")
            if not self.public_url.startswith("https://"):
                raise ValueError("COLLEGIUM_PUBLIC_URL must start with https:// in production")
            if self.second_factor == "optional":
                raise ValueError("a second factor is not optional in production")
            if self.outbound_test_targets or self.outbound_test_ca:
                raise ValueError(
                    "COLLEGIUM_OUTBOUND_TEST_TARGETS and COLLEGIUM_OUTBOUND_TEST_CA are for tests, never for production"
                )
        if self.environment == "demo" and not _loopback(self.public_url):
            raise ValueError(
                "the demo runs on this computer only: its address must be a loopback one"
            )
        return self

    @property
    def database(self) -> str:
        """As SQLAlchemy reads it: providers write postgres:// or postgresql://, and the driver is ours to name."""
        url = self.database_url or f"sqlite:///{(self.home / 'hub.sqlite').absolute()}"
        scheme, found, rest = url.partition("://")
        return f"postgresql+psycopg{found}{rest}" if scheme in ("postgres", "postgresql") else url

    @property
    def objects(self) -> str:
        return self.object_store_url or f"file://{(self.home / 'objects').absolute()}"

    @property
    def needs_second_factor(self) -> bool:
        """Whether roles with power over others are withheld until there is one. Never in the demo."""
        if self.second_factor == "auto":
            return self.environment in ("production", "development")
        return self.second_factor == "required" and self.environment != "demo"

    @property
    def work(self) -> Path:
        """Local files of work under way, never under the system's /tmp, which may be memory."""
        return self.home / "work"

    @property
    def https(self) -> bool:
        return self.public_url.startswith("https://")


def _loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _read_file_secrets() -> None:
    for name in _FILE_SECRETS:
        path = os.environ.get(f"{name}_FILE")
        if path and name not in os.environ:
            os.environ[name] = read_secret(f"{name}_FILE", path)


def read_secret(variable: str, path: str) -> str:
    """Raises MissingFile."""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise MissingFile(
            f"{variable} names {path}, and it cannot be read: correct the path, or let this account read the file."
        ) from error


@lru_cache
def get_settings() -> Settings:
    """This process's settings. Raises pydantic's ValidationError with what is missing."""
    _read_file_secrets()
    settings = Settings()
    if settings.environment == "production" or settings.secret_key:
        return settings
    return settings.model_copy(update={"secret_key": _own_secret(settings.home)})


def _own_secret(home: Path) -> str:
    home.mkdir(parents=True, exist_ok=True)
    path = home / "secret-key"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii")
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32))
    return path.read_text(encoding="ascii")
