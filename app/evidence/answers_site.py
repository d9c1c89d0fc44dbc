"""Questions 1 to 12: what leaves, what others can learn from it, whose choice it is."""

from app.evidence import bounds, consent, grounds, pieces
from app.evidence.live import Live
from app.evidence.parts import Block, Gap, Para, Points
from app.evidence.words import listed, number
from app.runs.states import Choice
from app.text import _, ngettext

Answered = tuple[str, tuple[Block, ...]]


def bytes_out(live: Live) -> Answered:
    where = Para(
        _(
            "Every transfer: {path}. At the site, its own page opens the content of the last ones."
        ).format(path=live.address("sent"))
    )
    blocks = (*pieces.sent(live), where, *consent.receipts(live))
    return _("What leaves our network, byte by byte?"), blocks


def fields(live: Live) -> Answered:
    blocks = (*pieces.data(live), *grounds.register(live))
    return _("Which fields, for which purpose and lawful basis?"), blocks


def raw_records(live: Live) -> Answered:
    said = _(
        "No. Texts, recordings, images and rows are read at the site and stay there. "
        "The hub has no place to put a record."
    )
    return _("Do raw records ever leave?"), (Para(said),)


def learnt_from_update(live: Live) -> Answered:
    cohort = live.policy.minimum_cohort if live.policy else 0
    said = _(
        "An update is a change of numbers, and it may reveal something about the records behind it. Members get "
        "only the combined model; the hub could read one site’s update until its round is closed. "
        "A run needs at least {n} institutions without a common parent."
    ).format(n=cohort)
    question = _("What can a dishonest hub or school learn from our update?")
    return question, (Para(said), *pieces.protections(live))


def privacy_budget(live: Live) -> Answered:
    question = _("Is noise on: ε, δ, unit, spent so far?")
    if live.noise:
        return question, (Para(_("The unit is the student. What is spent stands in the ledger.")),)
    asked = live.policy is not None and "noise" in live.policy.protections
    said = (
        _("The policy requires noise, so every run is refused until it is there.")
        if asked
        else _("The policy does not require noise, so runs take place without it.")
    )
    return question, (Gap(_("No. Noise and the ledger are not built in this version.")), Para(said))


def secure_aggregation(live: Live) -> Answered:
    question = _("Secure aggregation: how many peers, who holds keys, what if one drops out?")
    if live.secure:
        return question, (Para(_("On where the policy requires it; keys are the sites’ own.")),)
    return question, (Gap(_("No. Secure aggregation is not built in this version.")),)


def partners(live: Live) -> Answered:
    said = _(
        "Members see of us: name, kind, how verified, whether we take part. We cannot shut out one partner; "
        "we can decline a run, pause, or leave."
    )
    question = _("Who else takes part, may we refuse a partner, do they see us?")
    return question, (*pieces.federations(live), Para(said))


def leaving(live: Live) -> Answered:
    said = _(
        "Yes, by an administrator, at once: no job is handed out any more. Updates of closed rounds are deleted "
        "already; what they taught stays in past releases."
    )
    gone = listed(federation.name for federation in live.left)
    past = Para(_("Left so far: {names}.").format(names=gone))
    return _("Can we leave today, and what of past contributions?"), (Para(said), past)


def one_student(live: Live) -> Answered:
    gap = Gap(
        _(
            "Not from a trained model: unlearning is not built. The record is deleted at the site, and later runs are "
            "without it."
        )
    )
    return _("Can one student’s data be removed from a model?"), (gap,)


def children(live: Live) -> Answered:
    said = Para(_("The hub knows no student’s age."))
    question = _("Children: which age, whose consent, how to opt out?")
    return question, (said, *consent.rules(live), *bounds.consent(live))


def special(live: Live) -> Answered:
    kinds = {column.modality for sheet in live.sheets for column in sheet.inputs}
    blocked = live.policy.blocked_inputs if live.policy else ()
    lines = (
        _("Columns that are never used: {names}.").format(names=listed(blocked)),
        _("Recordings are read: {yes}.").format(yes=_("yes") if "audio" in kinds else _("no")),
        _("Images are read: {yes}.").format(yes=_("yes") if "image" in kinds else _("no")),
        _(
            "Feelings or attention from a face or a voice cannot be a target: there is no such kind."
        ),
    )
    gap = Gap(_("Nobody has recorded whether a column is of a special category."))
    return _("Are special categories or biometric data present or inferred?"), (Points(lines), gap)


def decisions(live: Live) -> Answered:
    said = Points(
        (
            _("No. A class report describes a class; an instructor decides and can say that it does not fit."),
            ngettext("Reports were read {n} time.", "Reports were read {n} times.", live.counts.views).format(
                n=number(live.counts.views)
            ),
            _("Runs are approved by a person: {n} so far.").format(
                n=number(live.answers.get(Choice.APPROVE, 0))
            ),
        )
    )  # fmt: skip
    return _("Does output decide anything, and who reviews?"), (said,)
