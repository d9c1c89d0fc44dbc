"""Questions 13 to 25: the law on AI, quality, the hub itself, proof."""

from app.access.permissions import Role
from app.evidence import bounds, model_card, pieces
from app.evidence.live import Live
from app.evidence.parts import Block, Gap, Lines, Para, Points
from app.evidence.words import listed, number
from app.text import _, ngettext
from worker.protocol.words import choice_in_words

Answered = tuple[str, tuple[Block, ...]]


def ai_act(live: Live) -> Answered:
    purposes = listed(choice_in_words(p) for p in live.policy.purposes) if live.policy else "–"
    said = Para(_("The policy allows these purposes: {purposes}.").format(purposes=purposes))
    open_ = Para(_("Open: who is the provider once a site has trained the model further."))
    gap = Gap(
        _("No class under the EU AI Act and no assessment of fundamental rights has been recorded.")
    )
    return _("Which class under the AI Act, provider or deployer?"), (said, open_, gap)


def fairness(live: Live) -> Answered:
    cell = live.policy.minimum_cell if live.policy else 10
    gaps = live.policy is not None and live.policy.leaves.group_gaps
    said = Points(
        (
            _(
                "Class reports tell gaps between groups with an interval, where a task sheet names groups."
            ),
            _("Groups under {n} students are left out.").format(n=cell),
            _("Gaps leave the site here: {yes}.").format(yes=_("yes") if gaps else _("no")),
        )
    )
    gap = Gap(_("No figure on fairness over the whole federation is built."))
    return _("Fairness by group, with intervals, small groups hidden?"), (said, gap)


def accuracy(live: Live) -> Answered:
    question = _("How good is it for our classes, against a simple rule?")
    if not live.released:
        return question, (Gap(_("No release is in use yet."), "/runs", _("See runs")),)
    blocks = tuple(block for one in live.released for block in model_card.figures(one))
    count = live.counts.reports
    said = ngettext(
        "By class: {n} class report, against the simple rule.",
        "By class: {n} class reports, each against the simple rule.",
        count,
    )
    return question, (*blocks, Para(said.format(n=number(count))))


def poisoning(live: Live) -> Answered:
    said = Points(
        (
            _(
                "Shape, size, base and signature of each update are checked before anything is summed."
            ),
            _("A site’s weight is capped; a part that too few sites trained is held."),
            _(
                "The first update of a site and round counts; a different second one raises an alarm."
            ),
        )
    )
    gap = Gap(_("No rule that finds a small, well-formed harmful update is on."))
    return _("What holds against poisoned updates?"), (said, gap)


def hosting(live: Live) -> Answered:
    return _("Where is it hosted, with which sub-processors?"), pieces.hosting(live)


def retention(live: Live) -> Answered:
    return _("How long are logs, updates and models kept?"), pieces.retention(live)


def who_sees(live: Live) -> Answered:
    said = Points(
        (
            _("A class report: its instructors only ({n} in this institution).").format(
                n=len(live.people(Role.INSTRUCTOR))
            ),
            _("Who read a report is written down and shown to its instructors."),
            _("The hub’s operators see machinery, never a report."),
        )
    )
    return _("Who sees a class report, and is access logged?"), (said,)


def access(live: Live) -> Answered:
    with_factor = {h.person for h in live.holders if h.second_factor}
    lines = Lines(
        (
            (_("People with a role"), number(len({h.person for h in live.holders}))),
            (_("Of them with a second factor"), number(len(with_factor))),
            (
                _("Second factor required"),
                _("yes") if live.settings.needs_second_factor else _("no"),
            ),
            (_("API tokens in use"), number(live.counts.tokens)),
            (_("Roles"), _("administrator, privacy officer, instructor, reader")),
        )
    )
    gap = Gap(
        _("Sign-in through the institution’s own identity service (OIDC, SAML, SCIM) is not built.")
    )
    return _("Single sign-on, second factor, roles, API keys?"), (lines, gap)


def encryption(live: Live) -> Answered:
    said = Points(
        (
            _("On the way: HTTPS, and a signature of the site’s own key on each request.")
            if live.hosts.https
            else _("On the way: this hub does not use HTTPS. Only requests of sites are signed."),
            _("At rest: secrets of second factors, webhooks and the hub’s key are encrypted."),
            _("Database: {database}. Objects: {objects}.").format(
                database=live.hosts.database, objects=live.hosts.objects
            ),
        )
    )
    gap = Gap(
        _("Encryption of the disks and the last test of a restore are the operator’s to state.")
    )
    return _("Encryption, keys, backup and restore?"), (said, gap)


def breach(live: Live) -> Answered:
    said = Para(
        _(
            "Write to the operator: {contact}. What left, by whom and when stands in two logs."
        ).format(contact=live.settings.contact)
    )
    return _("After a breach, who is told when?"), (said, *bounds.breaches(live))


def accessibility(live: Live) -> Answered:
    said = Para(
        _("Each page is tested by program against WCAG 2.2, level AA: {path}.").format(
            path=f"{live.settings.public_url}/accessibility"
        )
    )
    gap = Gap(
        _("No VPAT and no test by people is on record. PDF files carry no tags; the HTML does.")
    )
    return _("What shows that everybody can use it?"), (said, gap)


def ownership(live: Live) -> Answered:
    texts = {one.run.plan["model"]["text"]["name"] for one in live.released if _text(one.run.plan)}
    said = Points(
        (
            _("The federation’s agreement says who owns the model: {names}.").format(
                names=listed(one.federation.name for one in live.joined)
            ),
            _("Base models in use: {names}.").format(names=listed(sorted(texts))),
        )
    )
    gap = Gap(_("Whether the model may be used commercially is not a field of the agreement."))
    return _("Who owns the model, and under which licences?"), (said, gap)


def _text(plan: dict[str, object]) -> bool:
    model = plan.get("model")
    return isinstance(model, dict) and bool(model.get("text"))


def proof(live: Live) -> Answered:
    said = Para(
        _(
            "Yes: {path} exports the whole chain with the heads of all chains signed by the hub, and a program "
            "checks it on any computer. It held {n} events when this was made, the last with digest {head}."
        ).format(
            path=live.address("audit"), n=number(live.stamp.number), head=live.stamp.head or "–"
        )
    )
    return _("Can we export the audit trail and check it without you?"), (said,)
