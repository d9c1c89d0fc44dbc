"""Sentences and tables that several documents share, each from live records."""

from app.access.permissions import Role
from app.evidence.live import Live
from app.evidence.parts import Block, Gap, Grid, Lines, Para, Points
from app.evidence.words import day, listed, moment, number, run_state, size, times
from app.institutions.states import InstitutionState
from app.policies import words as policy_words
from app.sites.states import SiteState
from app.text import _, ngettext
from worker.protocol import code_words
from worker.protocol.words import choice_in_words


def holder_lines(live: Live) -> Lines:
    """Who answers for the records, and who runs the hub."""
    row = live.institution
    return Lines(
        (
            (_("Institution"), f"{row.name}, {row.country}"),
            (_("Verified"), verified(live)),
            (_("Privacy officer"), listed(h.name for h in live.people(Role.PRIVACY_OFFICER))),
            (_("Administrators"), listed(h.name for h in live.people(Role.ADMINISTRATOR))),
            (_("Hub"), f"{live.settings.hub_name}, {live.hosts.address}"),
            (_("The hub’s operator"), live.settings.operator_name),
            (_("Write to the operator"), live.settings.contact),
        )
    )


def verified(live: Live) -> str:
    if live.institution.state is not InstitutionState.VERIFIED:
        return _("no: {state}").format(state=live.institution.state.value)
    if live.institution.domain_proved:
        return _("on {day}, by one operator and the text record of its domain").format(
            day=day(live.institution.verified)
        )
    said = ngettext("on {day}, by {n} operator", "on {day}, by {n} operators", live.verified_by)
    return said.format(day=day(live.institution.verified), n=live.verified_by)


def officer_gap(live: Live) -> tuple[Gap, ...]:
    if live.people(Role.PRIVACY_OFFICER):
        return ()
    return (
        Gap(
            _("No privacy officer has been named."),
            f"{live.home}/people/invite",
            _("Invite one"),
        ),
    )


def policy(live: Live) -> tuple[Block, ...]:
    """The version approved here, in plain words, and where it is in force."""
    if live.version is None or live.policy is None:
        return (
            Gap(
                _("No policy has been approved, so nothing can run."),
                f"{live.home}/policy/draft",
                _("Draft one"),
            ),
        )
    version = live.version
    said = _("Version {n}, approved on {day} by {who}. Digest {digest}.").format(
        n=version.number, day=day(version.decided), who=live.approver or "–", digest=version.digest
    )
    alone = (
        (Para(_("Its drafter approved it alone: there was no second person.")),)
        if version.one_person
        else ()
    )
    floor = tuple(
        Para(_("It may not be looser than the floor of {district}.").format(district=name))
        for name in live.floors
    )
    words = Points(tuple(policy_words.in_words(live.policy)))
    return (Para(said), *alone, *floor, words)


def sites(live: Live) -> tuple[Block, ...]:
    if not live.sites:
        return (Gap(_("No site has been added."), f"{live.home}/sites/new", _("Add one")),)
    rows, waiting = [], []
    for site in live.sites:
        version = live.in_force.get(site.id)
        accepted = (
            _("version {n}, accepted on {day}").format(n=version, day=day(site.policy_accepted))
            if version
            else _("none")
        )
        heard = moment(site.last_seen) if site.last_seen else _("never")
        state = _("confirmed") if site.state is SiteState.READY else _("not confirmed yet")
        rows.append((site.name, state, accepted, site.software or "–", heard))
        if live.version and site.policy_version_id != live.version.id:
            waiting.append(site.name)
    columns = (_("Site"), _("State"), _("Policy in force there"), _("Version"), _("Last heard"))
    gap = Gap(
        _("The approved policy is not in force yet at: {sites}.").format(sites=listed(waiting)),
        f"{live.home}/policy",
        _("Look at the policy"),
    )
    grid = Grid(_("Sites and the policy that a person accepted there"), columns, tuple(rows))
    return (grid, gap) if waiting else (grid,)


def federations(live: Live) -> tuple[Block, ...]:
    if not live.joined:
        return (
            Gap(_("The institution is in no federation."), "/federations", _("See federations")),
        )
    rows = tuple(
        (
            one.federation.name,
            one.federation.purpose,
            one.lead,
            listed(one.names),
            _("{day}, digest {digest}").format(
                day=day(one.membership.accepted),
                digest=(one.membership.accepted_digest or "–")[:12],
            ),
        )
        for one in live.joined
    )
    columns = (
        _("Federation"),
        _("Purpose"),
        _("Led by"),
        _("Active members"),
        _("Agreement accepted"),
    )
    return (Grid(_("Federations the institution is in"), columns, rows),)


def data(live: Live) -> tuple[Block, ...]:
    """Which columns which task reads: by the task sheets in force."""
    rows = tuple(
        (
            sheet.target,
            choice_in_words(sheet.purpose),
            listed(dict.fromkeys(choice_in_words(column.modality) for column in sheet.inputs)),
            listed(column.name for column in sheet.inputs),
        )
        for sheet in live.sheets
    )
    if not rows:
        return (Para(_("No task sheet is in force, so no column is read for a run.")),)
    columns = (_("What is predicted"), _("Purpose"), _("Kinds of records"), _("Columns read"))
    return (Grid(_("Task sheets in force"), columns, rows),)


def sent(live: Live) -> tuple[Block, ...]:
    """By kind, as the hub received it."""
    if not live.sent:
        return (Para(_("Nothing has left this institution’s sites so far.")),)
    rows = tuple(
        (code_words.transfer(s.kind), times(s.times), size(s.bytes), moment(s.last))
        for s in live.sent
    )
    total = sum(s.bytes for s in live.sent)
    columns = (_("Kind"), _("How often"), _("Size"), _("Last"))
    caption = _("What left so far, {size} in all").format(size=size(total))
    same = _(
        "Each line of “What left” has its twin in the site’s own outbound log, with the same digest: "
        "“collegium-site log”."
    )
    return (Grid(caption, columns, rows), Para(same))


def runs(live: Live) -> tuple[Block, ...]:
    if not live.runs:
        return (Para(_("No site of this institution has sent an update for a run.")),)
    names = {one.federation.id: one.federation.name for one in live.joined}
    names |= {federation.id: federation.name for federation in live.left}
    rows = tuple(
        (
            _("Run {n} of {name}").format(n=p.number, name=names.get(p.federation, "–")),
            run_state(p.state),
            number(p.updates),
            size(p.bytes),
            day(p.last),
        )
        for p in live.runs
    )
    columns = (_("Run"), _("State"), _("Updates"), _("Size"), _("Last update"))
    return (Grid(_("Runs this institution’s sites sent updates for"), columns, rows),)


def protections(live: Live) -> tuple[Block, ...]:
    """What is not there comes first."""
    blocks: list[Block] = []
    if not live.noise:
        blocks.append(
            Gap(
                _(
                    "Noise is not built in this version: no ε is spent and none can be stated. "
                    "An update may reveal something about the records behind it."
                )
            )
        )
    if not live.secure:
        blocks.append(
            Gap(
                _(
                    "Secure aggregation is not built in this version: until a round is closed, "
                    "whoever runs the hub could read one site’s update."
                )
            )
        )
    blocks.append(Gap(_("No attack on a release has been tried and recorded.")))
    return tuple(blocks)


def retention(live: Live) -> tuple[Block, ...]:
    backups = live.settings.backup_days
    rows = [
        (_("Student records"), _("They stay in the data folder; the institution decides.")),
        (
            _("One site’s update"),
            _("Deleted when its round is closed and checked; only the combined model stays."),
        ),
        (_("Releases"), _("Kept, so that one can roll back.")),
        (_("Class reports"), _("Kept: rounded, small groups left out.")),
        (_("Audit trail, what left"), _("Kept: without them nothing could be proved.")),
        (_("Messages of webhooks"), _("30 days")),
        (_("Browser sessions"), _("{n} hours at most").format(n=live.settings.session_hours)),
    ]
    if backups:
        said = ngettext("{n} day", "{n} days", backups).format(n=backups)
        rows.append((_("Backups of the hub"), said))
    blocks: list[Block] = [Lines(tuple(rows))]
    if not backups:
        blocks.append(Gap(_("The operator has not said how long backups of the hub are kept.")))
    blocks.append(
        Gap(_("No period of retention has been recorded for releases and class reports."))
    )
    return tuple(blocks)


def hosting(live: Live) -> tuple[Block, ...]:
    found = live.hosts
    blocks: list[Block] = [
        Lines(
            (
                (_("Address of the hub"), found.address),
                (_("Database"), found.database),
                (_("Model parts and updates"), found.objects),
                (_("Queue"), found.queue),
                (_("Mail"), found.mail),
                (_("Hosted by"), found.hosted_by or "–"),
                (_("Country of the hub"), live.settings.country or "–"),
                (_("Others who process data for the operator"), listed(found.others)),
                (
                    _("Told by webhook, at this institution’s wish"),
                    listed(dict.fromkeys(hook.host for hook in live.hooks)),
                ),
            )
        )
    ]
    if not found.hosted_by:
        blocks.append(
            Gap(
                _(
                    "The operator has not said who hosts the hub, and in which country: {contact}."
                ).format(contact=live.settings.contact)
            )
        )
    if not found.others:
        blocks.append(
            Gap(_("The operator has named no sub-processors, not even that there are none."))
        )
    return tuple(blocks)
