"""On which lawful basis: the institution's register of purposes, and what it does not cover."""

from app.evidence.live import Live
from app.evidence.parts import Block, Gap, Grid
from app.evidence.words import listed
from app.policies import durations
from app.policies.models import PurposeRecord
from app.text import _
from worker.protocol.words import choice_in_words


def register(live: Live) -> tuple[Block, ...]:
    """Entries in force, then what is missing."""
    if not live.purposes:
        return gap(live)
    columns = (_("Name"), _("Purpose"), _("Lawful basis"), _("How long records are kept"))
    rows = tuple(
        (row.name, choice_in_words(row.purpose), _basis(row), _kept(row)) for row in live.purposes
    )
    return (Grid(_("Register of purposes"), columns, rows), *gap(live))


def gap(live: Live) -> tuple[Block, ...]:
    """Purposes of the policy in force that no entry names; without a policy, an empty register."""
    told = {row.purpose for row in live.purposes}
    allowed = live.policy.purposes if live.policy else ()
    bare = [choice_in_words(one) for one in allowed if one not in told]
    if not bare and (told or allowed):
        return ()
    said = (
        _("No lawful basis has been recorded for: {purposes}.").format(purposes=listed(bare))
        if bare
        else _("No lawful basis has been recorded.")
    )
    return (Gap(said, f"{live.home}/policy/purposes", _("Write it down")),)


def _basis(row: PurposeRecord) -> str:
    return f"{row.basis} ({row.basis_profile})" if row.basis_profile else row.basis


def _kept(row: PurposeRecord) -> str:
    time = durations.in_words(row.retention)
    if not row.protected:
        return time
    return _("{time}, also against a request to erase").format(time=time)
