"""What the confirmed profiles bound, as the approved policy carries it: ages, clocks, borders."""

from app.evidence.live import Live
from app.evidence.parts import Block, Gap, Grid, Para
from app.text import _
from worker.protocol.bounds import Breach
from worker.protocol.words import clock


def consent(live: Live) -> tuple[Block, ...]:
    """Below which age a parent must have agreed."""
    age = live.policy.bounds.consent_age if live.policy else None
    if age is None:
        return (
            _gap(
                live, _("The age rule and how parents consent have not been recorded at this hub.")
            ),
        )
    said = _(
        "Below {n} a parent must have agreed: by the profiles confirmed in the policy. The site decides by it."
    )
    return (Para(said.format(n=age)),)


def breaches(live: Live) -> tuple[Block, ...]:
    """Whom to tell, how soon."""
    found = live.policy.bounds.breaches if live.policy else ()
    if not found:
        return (_gap(live, _("Whom to tell within how many hours has not been recorded.")),)
    rows = tuple((_kind(b), _to(b), clock(b.clock)) for b in found)
    columns = (_("What happened"), _("Whom to tell"), _("Within"))
    return (Grid(_("By the profiles confirmed in the policy"), columns, rows),)


def borders(live: Live) -> tuple[Block, ...]:
    """What the confirmed profiles say of other countries."""
    rule = live.policy.bounds.cross_border if live.policy else None
    if live.policy is None or rule is None:
        return (Gap(_("No ground for a transfer to another country has been recorded.")),)
    said = {
        "with-contract": _(
            "The confirmed profiles let data go to other countries under a contract."
        ),
        "review": _(
            "The confirmed profiles ask for a review before anything goes to other countries."
        ),
        "deny": _(
            "The confirmed profiles let nothing go to other countries; a site refuses such a run."
        ),
    }[rule]
    if rule == "review" and not live.policy.abroad:
        return (Para(said), _gap(live, _("No such review is recorded, so such runs are refused.")))
    return (Para(said),)


def _gap(live: Live, said: str) -> Gap:
    return Gap(said, f"{live.home}/policy", _("Look at the policy"))


def _kind(breach: Breach) -> str:
    return {
        "personal-data-breach": _("A breach of personal data"),
        "severe-network-incident": _("A severe incident of the network"),
        "ai-serious-incident": _("A serious incident of an AI system"),
    }[breach.kind]


def _to(breach: Breach) -> str:
    return {
        "authority": _("the authority"),
        "institution": _("the institution"),
        "families": _("the families"),
    }[breach.to]
