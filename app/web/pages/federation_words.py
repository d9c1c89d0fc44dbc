"""What a federation agreed on, in facts and sentences that its pages share."""

from sqlalchemy.orm import Session

from app.access.permissions import Permission
from app.errors import NotFound
from app.federations import queries
from app.federations.models import Federation, Membership
from app.federations.schemas import Terms
from app.federations.states import FederationState, MembershipState
from app.institutions.schemas import PublicInstitution
from app.text import _, ngettext
from app.web import site_words
from app.web.moments import figure, in_words, number, sentence, since, size, span
from app.web.pages import run_words, task_words
from app.web.parts import Cell, Facts, Part, Status, Text
from app.web.visit import Visit
from worker.protocol.manifest import ModelSpec, PinnedModel, Training


def readable(visit: Visit, federation_id: str) -> Federation:
    """Ours, or one open to us: for somebody who thinks of joining. Raises NotFound, NotAllowed."""
    try:
        return queries.get(visit.session, visit.who, Permission.FEDERATION_READ, federation_id)
    except NotFound:
        return queries.get_open(visit.session, visit.who, federation_id)


def terms(found: Terms) -> Facts:
    return Facts(lines(found))


def facts(session: Session, row: Federation) -> Facts:
    """Everything but the agreement's text and the sheets."""
    held, model = queries.terms(row), queries.model(row)
    return Facts(
        ((_("Name"), row.name), (_("Purpose"), row.purpose), *model_lines(model), *lines(held))
    )


def _combined(training: Training) -> str:
    said = _("the mean of the updates")
    if training.step != 1:
        said = _("{n} times the mean of the updates").format(n=figure(training.step))
    if training.average > 1:
        mean = _("; at the end, the mean of the states after the last {n} rounds")
        said += mean.format(n=training.average)
    return said


def lines(terms: Terms) -> tuple[tuple[str, Cell], ...]:
    """The terms every run holds to."""
    return (
        (_("Rounds"), _("at most {n} a run").format(n=terms.rounds)),
        (_("A round waits"), span(terms.deadline_s)),
        (_("A round needs"), _("updates of {n} sites").format(n=terms.quorum)),
        (_("A model part needs"), _("{n} sites that trained it").format(n=terms.minimum_sites)),
        (
            _("A run needs"),
            _("{n} independent institutions; a district and its schools count once").format(
                n=terms.minimum_cohort
            ),
        ),
        (_("A figure needs"), _("{n} students behind it").format(n=terms.minimum_cell)),
        (_("Leaves a site besides updates"), task_words.flows(terms.leaves)),
        (_("Training at a site"), training(terms.training)),
        (_("The shared model after a round"), _combined(terms.training)),
        (_("A model of its own at each site"), own_model(terms.training)),
        (_("Time to answer"), _("{n} days when a run is proposed").format(n=terms.approval_days)),
        (
            _("One site’s update"),
            run_words.one_update(),
        ),
    )


def training(told: Training) -> str:
    """What a site does with its records in a round."""
    passes = ngettext(
        "{n} pass over its records a round", "{n} passes over its records a round", told.epochs
    ).format(n=told.epochs)
    said = _("{passes}, {batch} records a step, learning rate {lr}").format(
        passes=passes, batch=told.batch, lr=figure(told.lr)
    )
    if told.half_life:
        said += _(", halved every {n} rounds").format(n=figure(told.half_life))
    if told.mixup:
        said += _(", records mixed ({n})").format(n=figure(told.mixup))
    if told.tasks_weighed == "pcgrad":
        said += _(", what a task asks against another is left out (PCGrad)")
    return said


def own_model(training: Training) -> str:
    """What a site makes for itself after the last round."""
    if training.personal is None:
        return _("none: every site uses the shared model")
    held = _("each site finds out how near the shared one it stays")
    if training.personal != "chosen":
        held = _("held near the shared one with strength {n}").format(n=figure(training.personal))
    return _(
        "made after the last round, never sent, used only if it does better there; {held}"
    ).format(held=held)


def model_lines(model: ModelSpec) -> tuple[tuple[str, Cell], ...]:
    text = _("none: texts are not read")
    if model.text:
        text = _("{name}, {size}, adapters of rank {rank} in {layers} layers").format(
            name=model.text.name,
            size=size(model.text.bytes),
            rank=model.rank,
            layers=model.adapter_layers,
        )
    if model.text and model.tiers:
        text += _("; small computers train {small} of it, medium ones {medium}").format(
            small=model.tiers.small, medium=model.tiers.medium
        )
    shape = _("width {width}, layers: {layers}, heads: {heads}").format(
        width=number(model.width), layers=model.layers, heads=model.heads
    )
    return (
        (_("Model"), shape),
        (_("Base model for texts"), text),
        (_("Base model for images"), _seen_by(model.image)),
        (_("Base model for recordings"), _seen_by(model.audio)),
    )


def _seen_by(base: PinnedModel | None) -> str:
    if base is None:
        return _("none: a small encoder, trained with the rest")
    return _("{name}, {size}, frozen").format(name=base.name, size=size(base.bytes))


def paragraphs(text: str) -> tuple[Part, ...]:
    return tuple(Text(one) for one in text.split("\n\n") if one.strip())


def state(row: Federation) -> Status:
    return {
        FederationState.DRAFT: Status("wait", _("Draft"), since(row.created)),
        FederationState.OPEN: Status("good", _("Open"), since(row.agreement_dated)),
        FederationState.CLOSED: Status("off", _("Closed")),
    }[row.state]


def membership(row: Membership) -> Status:
    age = since(row.changed)
    return {
        MembershipState.INVITED: Status("wait", _("Invited"), age),
        MembershipState.REQUESTED: Status("act", _("Asks to join"), age),
        MembershipState.ACTIVE: Status("good", _("Member"), age),
        MembershipState.PAUSED: Status("act", _("Paused until it accepts new terms"), age),
        MembershipState.LEFT: Status("off", _("Left"), age),
        MembershipState.DECLINED: Status("off", _("Declined"), age),
    }[row.state]


def verified(public: PublicInstitution) -> str:
    """How an institution was verified, as other members may know it."""
    if not public.verified_by:
        return _("not verified")
    single = public.verified_by == 1 and not public.domain_proved
    return site_words.verified_by(single, public.domain_proved)


def kind(public: PublicInstitution) -> str:
    return f"{site_words.kind(public.kind)}, {public.country}"


def members(count: int) -> str:
    return sentence(ngettext("{n} member.", "{n} members.", count).format(n=in_words(count)))
