"""What a site signed about an update: checked when it came, shown to its own people, told to the site again."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.runs import tallies
from app.runs.models import Update
from app.sites.models import Site
from worker.protocol.messages import ReceiptsTold, ReceiptTold
from worker.protocol.update import UpdateHeader

TOLD = 500


@dataclass(frozen=True)
class Receipt:
    """`records`: model part to the training records it counts for, a power of two where the policy of the site keeps
    counts there. `key`: fingerprint of the site's key that signed.

    The site attests; it cannot prove noise, so what it did not add is None.
    """

    run: str
    round: int
    """The round it was made for: of a late update the one before."""
    policy: str
    policy_version: int
    records: dict[str, int]
    bytes: int
    body: str
    trained: datetime
    software: str
    key: str
    clip: float | None
    noise: float | None
    epsilon: float | None


def of(update: Update) -> Receipt | None:
    """None where the update was refused before its header could be read."""
    if not update.header:
        return None
    header = UpdateHeader.model_validate_json(update.header["payload"])
    said = header.receipt
    return Receipt(
        run=header.run,
        round=header.round,
        policy=said.policy,
        policy_version=said.policy_version,
        records={name: int(part.weight) for name, part in sorted(header.modules.items())},
        bytes=header.bytes,
        body=header.body,
        trained=header.trained,
        software=header.software,
        key=str(update.header["key"]),
        clip=said.clip,
        noise=said.noise,
        epsilon=said.epsilon,
    )


def told(session: Session, site: Site, since: datetime) -> ReceiptsTold:
    """For the site itself, to hold against its outbound log."""
    found = tallies.updates_of_site(session, site.id, since, TOLD + 1)
    lines = []
    for update in found[:TOLD]:
        receipt = of(update)
        if receipt is not None:
            lines.append(
                ReceiptTold(
                    run=receipt.run,
                    round=receipt.round,
                    body=receipt.body,
                    bytes=receipt.bytes,
                    policy=receipt.policy,
                    received=update.received,
                    refused=update.refusal,
                )
            )
    return ReceiptsTold(receipts=tuple(lines), more=len(found) > TOLD)
