"""Which rule of consent and age each site holds, where it is decided, and what the receipts of its updates say."""

from app.evidence.live import Live
from app.evidence.parts import Block, Gap, Grid, Para
from app.evidence.words import day, number
from app.sites.models import Site
from app.text import _, ngettext


def rules(live: Live) -> tuple[Block, ...]:
    """By site: from the policy that a person accepted there, which may be older than the approved one."""
    if not live.sites:
        return (Para(_decided()),)
    columns = (
        _("Site"),
        _("Policy in force there"),
        _("A parent must have agreed"),
        _("Is the hub told that someone withdrew?"),
    )
    rows = tuple(_row(live, site) for site in live.sites)
    grid = Grid(_("Whose records may train: the rule at each site"), columns, rows)
    return (Para(_decided()), grid, *_missing(live))


def _row(live: Live, site: Site) -> tuple[str, ...]:
    document = live.documents.get(site.id)
    if document is None:
        return (site.name, _("none"), _("no record trains"), _("no"))
    age = document.bounds.consent_age
    said = _("below {n} years").format(n=age) if age else _("where its data folder asks for it")
    told = _("no") if document.tell_withdrawals == "no" else _("that one happened, a day")
    version = _("version {n}").format(n=live.in_force[site.id])
    return (site.name, version, said, told)


def _decided() -> str:
    return _(
        "Decided at the site, for each job anew, on the columns of its own data folder: a parent’s yes, the student’s, "
        "objections, ages, special categories. How many take no part, and why, is counted there and stays there."
    )


def _missing(live: Live) -> tuple[Gap, ...]:
    found = [
        Gap(
            _(
                "Which columns a data folder names for consent, the hub does not know: ask at the site."
            )
        )
    ]
    without = [
        site.name
        for site in live.sites
        if (document := live.documents.get(site.id)) and document.bounds.consent_age is None
    ]
    if without:
        said = _("The policy in force names no age of consent at: {sites}.")
        found.append(
            Gap(
                said.format(sites=", ".join(without)),
                f"{live.home}/policy/profiles",
                _("Confirm laws and contracts"),
            )
        )
    return tuple(found)


def in_short(live: Live) -> str:
    """One sentence: the highest age in force, and where it is decided."""
    ages = [d.bounds.consent_age for d in live.documents.values() if d.bounds.consent_age]
    if not ages:
        return _("Who may take part is decided at the site, on its own columns.")
    return _(
        "Below {n} a parent must have agreed. The site decides it, on its own columns, and keeps how many."
    ).format(n=max(ages))


def receipts(live: Live) -> tuple[Block, ...]:
    """As the rows of updates have it."""
    found = live.receipts
    carries = _(
        "Each update carries a receipt, signed by the site’s key: the policy it trained under, noise and clip or that "
        "there were none, records by model part, bytes. The hub checks it when the update comes and refuses what does "
        "not fit; “collegium-site log --check” holds it against the site’s own log."
    )
    if not found.checked and not found.unfit:
        return (
            Para(carries),
            Para(_("No update of this institution has come, so no receipt was checked.")),
        )
    said = ngettext(
        "{n} receipt of this institution’s updates was checked and fits",
        "{n} receipts of this institution’s updates were checked and fit",
        found.checked,
    ).format(n=number(found.checked))
    last = _("{said}, the last on {day}; {unfit} did not fit and were refused.").format(
        said=said, day=day(found.last), unfit=number(found.unfit)
    )
    attests = _(
        "A receipt attests. It proves neither that noise was added nor that the rule of consent was kept."
    )
    return (Para(carries), Para(last), Gap(attests))
