"""The policy a person accepted at this site, and the runs approved here. What the guard obeys."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from worker.protocol.canonical import digest_of
from worker.protocol.manifest import Signed
from worker.protocol.messages import ApprovedPolicy, PolicyAcceptance
from worker.protocol.policy import PolicyDocument
from worker.protocol.signatures import BadSignature
from worker.protocol.text import _
from worker.site import files
from worker.site.faults import SiteFault
from worker.site.home import Home


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    document: PolicyDocument
    signed: Signed


@dataclass(frozen=True)
class AcceptedPolicy:
    """In force here. `signed` is the site's own signature over version and digest."""

    version: int
    digest: str
    document: PolicyDocument
    accepted: datetime
    signed: Signed


def current(home: Home) -> AcceptedPolicy | None:
    """None where nothing was accepted. Raises SiteFault if the file was changed since: refuse, never guess."""
    if not home.policy_file.is_file():
        return None
    damaged = SiteFault(
        _(
            "The accepted policy in {file} was changed. Accept it again: collegium-site policy review"
        ).format(file=home.policy_file)
    )
    try:
        stored = _Stored.model_validate_json(home.policy_file.read_bytes())
        content = home.keys().opened(stored.signed)
        said = PolicyAcceptance.model_validate_json(content)
    except (BadSignature, ValueError) as error:
        raise damaged from error
    if said.digest != digest_of(stored.document) or said.site != home.identity().site:
        raise damaged
    return AcceptedPolicy(said.version, said.digest, stored.document, said.accepted, stored.signed)


def seal(home: Home, offered: ApprovedPolicy) -> Signed:
    """The site's signature under what the hub offers. Raises SiteFault if digest and text do not fit."""
    if digest_of(offered.document) != offered.digest:
        raise SiteFault(
            _("The hub offers a policy whose text does not fit its digest. Do not accept it.")
        )
    said = PolicyAcceptance(
        site=home.identity().site,
        version=offered.version,
        digest=offered.digest,
        accepted=datetime.now(UTC),
    )
    return home.keys().signing.seal(said)


def store(home: Home, offered: ApprovedPolicy, signed: Signed) -> None:
    """In force from now on."""
    stored = _Stored(document=offered.document, signed=signed)
    files.write(home.policy_file, stored.model_dump_json().encode())


def approve_run(home: Home, run: str) -> None:
    """A person at the site lets this run train here."""
    approvals = home.read_json(home.approvals_file)
    approvals.setdefault("approved", {})[run] = datetime.now(UTC).isoformat(timespec="seconds")
    approvals.get("waiting", {}).pop(run, None)
    files.write(home.approvals_file, json.dumps(approvals).encode())


def ask_for(home: Home, run: str, tasks: list[str]) -> None:
    """Remembers that a run was refused for want of approval here, so that `status` can show it."""
    approvals = home.read_json(home.approvals_file)
    if run in approvals.get("approved", {}) or run in approvals.get("waiting", {}):
        return
    approvals.setdefault("waiting", {})[run] = tasks
    files.write(home.approvals_file, json.dumps(approvals).encode())


def is_approved(home: Home, run: str) -> bool:
    return run in home.read_json(home.approvals_file).get("approved", {})


def waiting(home: Home) -> dict[str, list[str]]:
    """Run → names of its tasks."""
    found: dict[str, list[str]] = home.read_json(home.approvals_file).get("waiting", {})
    return found
