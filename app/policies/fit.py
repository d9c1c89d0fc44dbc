"""Would a policy let a run take place? The protocol's one rule, said in words, with the smallest change that helps.

A forecast: a site decides by the policy accepted there.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.policies import queries
from app.policies.fields import choice_name
from app.text import _
from worker.protocol.codes import Refusal
from worker.protocol.policy import PolicyDocument
from worker.protocol.rules import UNKNOWN, Objection, Terms, objections


@dataclass(frozen=True)
class Reason:
    """One rule that says no. `change`: the smallest change of the policy that would help, or None."""

    code: Refusal
    detail: str
    sentence: str
    change: str | None


@dataclass(frozen=True)
class Fit:
    """`allowed` means no rule refuses; an approval may still be needed."""

    allowed: bool
    reasons: tuple[Reason, ...]


def judge(document: PolicyDocument | None, terms: Terms) -> Fit:
    """No policy means refuse, not pass."""
    if document is None:
        found: tuple[Objection, ...] = (Objection(Refusal.NO_POLICY),)
    else:
        found = objections(document, terms)
    reasons = tuple(
        Reason(o.code, o.detail, sentence(o.code, o.detail), change(o.code, o.detail))
        for o in found
    )
    return Fit(not reasons, reasons)


def fit(session: Session, institution: str, terms: Terms) -> Fit:
    """By the institution's approved version."""
    version = queries.current(session, institution)
    return judge(queries.document(version) if version else None, terms)


def _named(detail: str) -> str:
    try:
        return choice_name(detail)
    except KeyError:
        return detail


def sentence(code: Refusal, detail: str = "") -> str:
    """Any reason code of a site or a forecast, in words: `Its policy …`.

    Without the detail, which only the institution's own people read, the rule is named alone.
    """
    named = {} if detail else _rules()
    return named.get(code) or _sentence(code, _named(detail))


def _rules() -> dict[Refusal, str]:
    """Those whose sentence would need the detail."""
    return {
        Refusal.OTHER_PARTS: _("The job named a model part that its model does not have."),
        Refusal.MODEL_FILES: _("The base model’s files are not those of its digest."),
        Refusal.ROUND_REPLAYED: _("It has answered that round already, or a later one."),
        Refusal.PURPOSE: _("Its policy does not allow the purpose."),
        Refusal.MODALITY: _("Its policy does not allow learning from one of the modalities."),
        Refusal.TASK: _("Its policy does not allow one of the kinds of prediction."),
        Refusal.INPUT: _("Its policy never lets one of the columns be used."),
        Refusal.CATEGORY: _("A law it is under names one of the columns a special category."),
        Refusal.CONTRACT: _("A contract it signed does not list one of the columns."),
        Refusal.ABROAD: _("A law it is under keeps this from going to another country."),
        Refusal.MODEL: _("Its policy does not list the base model."),
        Refusal.MINIMUM_COHORT: _("Its policy asks for more institutions in a run."),
        Refusal.MINIMUM_CELL: _("Its policy wants larger groups of students in every figure."),
        Refusal.UNSUPPORTED_PROTECTION: _(
            "Its policy requires a protection that this version does not have yet."
        ),
    }


def _of_jobs() -> dict[Refusal, str]:
    """What a site's guard may find wrong with a job, whatever its policy says."""
    return {
        Refusal.OTHER_JOB: _("What was signed was another job than the one offered."),
        Refusal.WIDER: _("The job asked it to send more than a job of its kind sends."),
        Refusal.OTHER_PARTS: _("The job named a model part that its model does not have: {what}."),
        Refusal.MODEL_FILES: _("The base model’s files are not those of its digest {what}."),
        Refusal.TERMS_CHANGED: _(
            "The job asked for something else than the run’s first job there."
        ),
        Refusal.ROUND_REPLAYED: _(
            "It has answered round {what} of this run already, or a later one."
        ),
        Refusal.OTHER_POLICY: _("The job was made for another version of its policy."),
        Refusal.RANK: _("The job asked it to train more of an adapter than the model has for it."),
        Refusal.BAD_SIGNATURE: _("The job was not signed by the hub the site knows."),
        Refusal.WRONG_SITE: _("The job was meant for another site."),
        Refusal.EXPIRED: _("The job came too late to the site."),
        Refusal.UNKNOWN_KIND: _("The site's version does not know this kind of job. Update it."),
    }


def _sentence(code: Refusal, what: str) -> str:
    return {
        **_of_jobs(),
        Refusal.NO_POLICY: _("It has no policy in force, so nothing can run."),
        Refusal.PURPOSE: _("Its policy does not allow the purpose “{what}”."),
        Refusal.MODALITY: _("Its policy does not allow learning from {what}."),
        Refusal.TASK: _("Its policy does not allow the kind of prediction of “{what}”."),
        Refusal.INPUT: _("Its policy never lets the column “{what}” be used."),
        Refusal.CATEGORY: _(
            "A law it is under names “{what}” a special category, and its policy does not allow it."
        ),
        Refusal.CONTRACT: _("A contract it signed does not list the column “{what}”."),
        Refusal.ABROAD: _abroad(what),
        Refusal.MODEL: _("Its policy does not list the base model {what}."),
        Refusal.MINIMUM_COHORT: _("Its policy asks for at least {what} institutions in a run."),
        Refusal.MINIMUM_CELL: _("Its policy shows no figure about fewer than {what} students."),
        Refusal.NEEDS_NOISE: _("Its policy requires noise and this run adds none."),
        Refusal.NEEDS_SECURE_AGGREGATION: _(
            "Its policy requires secure aggregation and this run has none."
        ),
        Refusal.UNSUPPORTED_PROTECTION: _(
            "Its policy requires {what}, which this version does not have yet."
        ),
        Refusal.UPDATES_STAY: _("Its policy keeps model updates at the site."),
        Refusal.METRICS_STAY: _("Its policy keeps figures on quality at the site."),
        Refusal.COUNTS_STAY: _("Its policy keeps numbers of records at the site."),
        Refusal.REPORTS_STAY: _("Its policy keeps class reports at the site."),
        Refusal.APPROVAL_MISSING: _("The run has not been approved there."),
        Refusal.TOO_FEW_RECORDS: _(
            "It has fewer records than its policy or the task sheet asks for."
        ),
        Refusal.NO_MATCHING_DATA: _("No records there fit the task sheet."),
    }[code].format(what=what)


def _abroad(country: str) -> str:
    if country == UNKNOWN:
        return _(
            "A law it is under asks in which country the hub stands, and the hub does not say."
        )
    return _("A law it is under keeps this from going to another country: {what}.")


def _abroad_change(country: str) -> str:
    if country == UNKNOWN:
        return _("The hub's operator sets the hub's country.")
    return _("Review what goes abroad and record it, where the law leaves that open.")


def change(code: Refusal, detail: str) -> str | None:
    """None where no field of the policy would help."""
    what = _named(detail)
    text = {
        Refusal.NO_POLICY: _("Draft a policy and have it approved."),
        Refusal.PURPOSE: _("Allow the purpose “{what}”."),
        Refusal.MODALITY: _("Allow learning from {what}."),
        Refusal.TASK: _("Allow this kind of prediction."),
        Refusal.INPUT: _("Take “{what}” off the columns never used."),
        Refusal.CATEGORY: _("Allow the category, once its ground is on record, or leave it out."),
        Refusal.CONTRACT: _("Sign an amendment that lists “{what}”, or leave it out."),
        Refusal.ABROAD: _abroad_change(what),
        Refusal.MODEL: _("List this base model."),
        Refusal.MINIMUM_COHORT: _("Wait for more members, or ask for fewer institutions."),
        Refusal.MINIMUM_CELL: _(
            "The federation can raise its number to {what}, or you lower yours."
        ),
        Refusal.NEEDS_NOISE: _("No longer require noise."),
        Refusal.NEEDS_SECURE_AGGREGATION: _("No longer require secure aggregation."),
        Refusal.UNSUPPORTED_PROTECTION: _(
            "Wait for a version that has it, or no longer require it."
        ),
        Refusal.UPDATES_STAY: _("Let model updates leave."),
        Refusal.METRICS_STAY: _("Let figures on quality leave."),
        Refusal.COUNTS_STAY: _("Let numbers of records leave."),
        Refusal.REPORTS_STAY: _("Let class reports leave."),
    }.get(code)
    return text.format(what=what) if text else None
