"""The site's folder: its settings, who it is, its keys. Everything a site knows lies below it."""

import json
import os
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from worker.protocol.codes import Tier
from worker.protocol.messages import JoinAnswer
from worker.protocol.signatures import PublicKey
from worker.protocol.text import _
from worker.site import files
from worker.site.faults import NotJoined, SiteFault
from worker.site.hours import Hours, parse
from worker.site.keys import KeyFile, Keys

VARIABLE = "COLLEGIUM_SITE_HOME"


class SiteConfig(BaseModel):
    """`site.yaml`: what a technician may change. `hours` is a window such as 18:00-06:00.

    `threads`: how many cores training uses; absent, all of the machine's up to four.
    `compute`: where training runs; absent or auto: on a graphics card if there is one.
    `tier`: how much of an adapter it trains; None: what its machine can (`worker.site.machine`).
    `page`: does `collegium-site run` serve the site's page, too?
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hub: str
    ca_file: Path | None = None
    hours: str | None = None
    time_zone: str = "UTC"
    bandwidth_kib_s: int | None = Field(default=None, ge=1)
    threads: int | None = Field(default=None, ge=1, le=64)
    compute: Literal["auto", "cpu", "cuda"] | None = None
    data: Path | None = None
    tier: Tier | None = None
    page: bool = False
    page_port: int = Field(default=8764, ge=1024, le=65535)

    @property
    def learning(self) -> dict[str, str]:
        """The variables `worker.learning` reads: its number of threads, where it computes. Unset here: as they are."""
        told = {"OMP_NUM_THREADS": self.threads, "COLLEGIUM_COMPUTE": self.compute}
        return {name: str(value) for name, value in told.items() if value is not None}

    @property
    def window(self) -> Hours | None:
        return parse(self.hours, self.time_zone) if self.hours else None


@dataclass(frozen=True)
class Identity:
    """Who this site is, and the hub's key pinned at enrolment."""

    site: str
    site_name: str
    institution: str
    institution_name: str
    hub_key: PublicKey
    hub_name: str
    simulated: bool


class Home:
    """Paths and the small records below one root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.config_file = root / "site.yaml"
        self.identity_file = root / "identity.json"
        self.keys_file = root / "keys.json"
        self.key_file = KeyFile(self.keys_file, self._not_joined())
        self.policy_file = root / "policy.json"
        self.approvals_file = root / "approvals.json"
        self.release_file = root / "release.json"
        self.runs = root / "runs"
        self.requests_file = root / "requests.json"
        self.sent = root / "sent"
        self.outbox = root / "outbox"
        self.own = root / "own"
        self.objects = root / "objects"
        self.models = root / "models"
        self.checkpoints = root / "checkpoints"
        self.cache = root / "cache"
        self.logs = root / "logs"
        self.current = root / "current"
        self.sheets = root / "sheets"
        self.codes = root / "page-codes"
        self.hub_answered = root / "hub-answered"
        self.run_lock = root / "run.lock"
        self.page_lock = root / "page.lock"

    def config(self) -> SiteConfig:
        """Raises NotJoined, or SiteFault with the line of a damaged file."""
        try:
            text = self.config_file.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise self._not_joined() from error
        try:
            return SiteConfig.model_validate(yaml.safe_load(text))
        except (yaml.YAMLError, ValidationError) as error:
            raise SiteFault(
                _(
                    "{file} cannot be read: {reason}. docs/site.md lists what may stand there."
                ).format(file=self.config_file, reason=_reason(error))
            ) from error

    def save_config(self, config: SiteConfig) -> None:
        plain = {k: v for k, v in config.model_dump(mode="json").items() if v is not None}
        files.write(self.config_file, yaml.safe_dump(plain, sort_keys=False).encode())

    def identity(self) -> Identity:
        """Raises NotJoined."""
        try:
            answer = JoinAnswer.model_validate_json(self.identity_file.read_bytes())
        except FileNotFoundError as error:
            raise self._not_joined() from error
        except ValidationError as error:
            raise SiteFault(
                _(
                    "{file} is damaged. Put it back from a copy, or join as a new site in another folder."
                ).format(file=self.identity_file)
            ) from error
        return Identity(
            site=answer.site,
            site_name=answer.site_name,
            institution=answer.institution,
            institution_name=answer.institution_name,
            hub_key=PublicKey(answer.hub_key),
            hub_name=answer.hub_name,
            simulated=answer.simulated,
        )

    def save_identity(self, answer: JoinAnswer) -> None:
        files.write(self.identity_file, answer.model_dump_json().encode())

    @property
    def is_joined(self) -> bool:
        return self.identity_file.is_file() and self.config_file.is_file()

    def keys(self) -> Keys:
        """As they are now. Raises NotJoined, SiteFault when others could read the file."""
        return self.key_file.read()

    def read_json(self, path: Path) -> dict[str, Any]:
        """An absent file is an empty record."""
        try:
            found: dict[str, Any] = json.loads(path.read_bytes())
        except FileNotFoundError:
            return {}
        return found

    def _not_joined(self) -> NotJoined:
        return NotJoined(
            _("There is no site in {folder}. Run: collegium-site join URL --token TOKEN").format(
                folder=self.root
            )
        )


def _reason(error: yaml.YAMLError | ValidationError) -> str:
    """The line, or the name of the setting and what is wrong with it."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(str(part) for part in first['loc']) or 'site.yaml'}: {first['msg']}"
    mark = getattr(error, "problem_mark", None)
    return _("line {number}").format(number=mark.line + 1) if mark else type(error).__name__


def find(explicit: str | Path | None = None) -> Home:
    """The folder named, else COLLEGIUM_SITE_HOME, else ~/.collegium-site."""
    named = explicit or os.environ.get("COLLEGIUM_SITE_HOME")
    return Home(Path(named).expanduser().absolute() if named else Path.home() / ".collegium-site")


def software() -> str:
    """Name and version, as sent to the hub."""
    try:
        return f"collegium {version('collegium')}"
    except PackageNotFoundError:
        return "collegium 0"
