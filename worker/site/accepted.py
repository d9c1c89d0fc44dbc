"""The policy a person accepted at this site, and the runs approved here. What the guard obeys."""

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, ValidationError

from worker.protocol.canonical import digest_of
from worker.protocol.manifest import Manifest, Signed
from worker.protocol.messages import ApprovedPolicy, PolicyAcceptance
from worker.protocol.policy import PolicyDocument
from worker.protocol.run_terms import RunTerms
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


def approve_run(home: Home, run: str, terms: RunTerms) -> None:
    """A person at the site lets this run train here, on these terms and no others."""
    approvals = home.read_json(home.approvals_file)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    said = {"at": at, "terms": terms.model_dump(mode="json")}
    approvals.setdefault("approved", {})[run] = said
    approvals.get("waiting", {}).pop(run, None)
    files.write(home.approvals_file, json.dumps(approvals).encode())


def ask_for(home: Home, manifest: Manifest) -> None:
    """Remembers the job that was refused for want of approval here, so that a person can read what it asks."""
    approvals = home.read_json(home.approvals_file)
    approvals.setdefault("waiting", {})[manifest.run] = manifest.model_dump(mode="json")
    files.write(home.approvals_file, json.dumps(approvals).encode())


def approved(home: Home) -> dict[str, str]:
    """Run to the digest of the terms that were approved here, as this version writes them. A yes that names none that
    can be read counts as none."""
    said = home.read_json(home.approvals_file).get("approved", {})
    found = {}
    for run, one in said.items():
        with suppress(ValidationError, TypeError, KeyError):
            found[run] = RunTerms.model_validate(one["terms"]).digest
    return found


def waiting(home: Home) -> dict[str, Manifest]:
    """Run to the job that asked."""
    found = home.read_json(home.approvals_file).get("waiting", {})
    return {run: Manifest.model_validate(one) for run, one in found.items() if "job" in one}
