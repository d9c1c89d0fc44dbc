"""The receipts of the reader's own sites on a round's page: what each site signed that it did."""

from app.runs.receipts import Receipt
from app.runs.views import RoundView
from app.text import _
from app.web.cells import Cell, Code
from app.web.moments import full, number, size
from app.web.parts import Facts, Panel, Text
from worker.protocol import code_words


def panels(view: RoundView) -> tuple[Panel, ...]:
    """One for each; none for who reads of other institutions only."""
    found = [line.receipt for line in view.updates if line.receipt is not None]
    lead = _(
        "Signed by your site, and checked by the hub when it came: signature, policy, numbers, bytes. A signature says "
        "who sent it, not that noise was added."
    )
    return tuple(Panel(_("Receipt of your site"), _parts(one), lead=lead) for one in found)


def _parts(receipt: Receipt) -> tuple[Facts, Text]:
    facts: list[tuple[str, Cell]] = [
        (_("Policy"), Code(receipt.policy, True)),
        (_("Its version there"), number(receipt.policy_version)),
        (_("Bytes"), f"{size(receipt.bytes)} ({number(receipt.bytes)})"),
        (_("Digest of the bytes"), Code(receipt.body)),
        (_("Trained"), full(receipt.trained)),
        (_("Signed by the key"), Code(receipt.key, True)),
        (_("Program"), receipt.software),
        (_("Noise"), _("off") if receipt.noise is None else str(receipt.noise)),
    ]
    facts += [
        (code_words.module(name), _("weighs {n} training records").format(n=number(count)))
        for name, count in receipt.records.items()
    ]
    check = _(
        "“collegium-site log --check” at the site compares it, byte for byte, with the site’s own outbound log."
    )
    return Facts(tuple(facts)), Text(check, muted=True, small=True)
