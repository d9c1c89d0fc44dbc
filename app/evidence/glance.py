"""Privacy at a glance: one page, for anyone who asks in the corridor."""

from app.evidence import consent, grounds, pieces
from app.evidence.live import Live
from app.evidence.parts import Block, Document, Para, Points, Section
from app.evidence.states import DocumentKind
from app.evidence.words import listed, number, size
from app.text import _, ngettext
from worker.protocol.words import FLOWS, choice_in_words, flow_in_words


def build(live: Live) -> Document:
    return Document(
        DocumentKind.GLANCE,
        _("Privacy at a glance"),
        _("What happens with student records at {name}, on one page.").format(
            name=live.institution.name
        ),
        live.stamp,
        (
            Section(_("What for"), _purposes(live)),
            Section(_("What stays"), (Points(_stays(live)),)),
            Section(_("What leaves"), _leaves(live)),
            Section(_("Who takes part"), (_partners(live), *pieces.officer_gap(live))),
            Section(_("What is missing"), (*pieces.protections(live), *grounds.gap(live))),
        ),
    )


def _purposes(live: Live) -> tuple[Block, ...]:
    if live.policy is None:
        return pieces.policy(live)
    purposes = listed(choice_in_words(p) for p in live.policy.purposes)
    targets = tuple(sheet.target for sheet in live.sheets)
    said = _("The policy allows: {purposes}.").format(purposes=purposes)
    return (Para(said), Points(targets)) if targets else (Para(said),)


def _stays(live: Live) -> tuple[str, ...]:
    cell = live.policy.minimum_cell if live.policy else 10
    return (
        _("Student records never leave the site: a program there learns from them."),
        _("Nobody’s feelings or attention are read from a face or a voice."),
        _("No grade is written. Lists by student are made at the site alone, each with a reason.")
        if live.policy and live.policy.student_lists
        else _("No grade is written, and no list of single students is made."),
        _("A figure about fewer than {n} students is not shown.").format(n=cell),
        consent.in_short(live),
    )


def _leaves(live: Live) -> tuple[Block, ...]:
    total = sum(s.bytes for s in live.sent)
    so_far = _("So far {size} left, each transfer with its digest in two logs.").format(
        size=size(total)
    )
    if live.policy is None:
        return (Para(so_far),)
    flows = tuple(flow_in_words(flow, leaves=getattr(live.policy.leaves, flow)) for flow in FLOWS)
    checked = ngettext(
        "Each update carries a signed receipt; {n} was checked and fits.",
        "Each update carries a signed receipt; {n} were checked and fit.",
        live.receipts.checked,
    ).format(n=number(live.receipts.checked))
    return (Points(flows), Para(f"{so_far} {checked}"))


def _partners(live: Live) -> Para:
    names = {name for one in live.joined for name in one.names} - {live.institution.name}
    said = ngettext(
        "{n} other institution, in {federations}.",
        "{n} other institutions, in {federations}.",
        len(names),
    )
    joined = listed(one.federation.name for one in live.joined)
    return Para(said.format(n=len(names), federations=joined))
