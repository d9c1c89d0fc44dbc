"""Two different operators verify; look-alikes are flagged; others see name, kind and how verified."""

import re
from dataclasses import fields, replace

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.permissions import Permission, Role
from app.audit import queries as audit
from app.audit.models import HUB_CHAIN
from app.effects import Mail, Ring, take
from app.errors import Conflict, Invalid, NotAllowed, NotFound, StepUpNeeded, TooMany
from app.institutions import queries, service
from app.institutions.lookalikes import alike, distance, skeleton
from app.institutions.models import Institution
from app.institutions.schemas import PublicInstitution
from app.institutions.states import TRANSITIONS, Decision, InstitutionState, ProofKind
from app.people import roles
from app.people.models import Person
from app.settings import Settings
from tests.cast import Cast, make_institution, operator

REGISTERED = InstitutionState.REGISTERED


@pytest.fixture
def fell(session: Session, cast: Cast) -> Institution:
    return make_institution(session, "Fell College", "fell.example", state=REGISTERED)


def test_two_operators_verify(session: Session, cast: Cast, fell: Institution) -> None:
    service.decide(session, cast.operator, fell.id, Decision.VERIFY)
    assert fell.state == REGISTERED
    assert service.why_not(fell) is not None
    with pytest.raises(Conflict, match="Another operator"):
        service.decide(session, cast.operator, fell.id, Decision.VERIFY)
    service.decide(session, cast.second_operator, fell.id, Decision.VERIFY)
    assert (fell.state, fell.single_operator) == (InstitutionState.VERIFIED, False)
    assert fell.verified is not None
    assert service.why_not(fell) is None
    for chain in (fell.id, HUB_CHAIN):
        newest = next(e for e in audit.latest(session, chain) if e.subject == fell.id)
        assert newest.body == {
            "decision": "verify",
            "state": "verified",
            "single_operator": False,
            "domain_proved": False,
        }
    assert Ring(f"institution:{fell.id}") in take(session)


def test_a_hubs_only_operator_suffices_and_it_shows(
    session: Session, cast: Cast, fell: Institution
) -> None:
    session.execute(
        update(Person).where(Person.id == cast.second_operator.person).values(operator=False)
    )
    session.expire_all()
    service.decide(session, cast.operator, fell.id, Decision.VERIFY)
    assert (fell.state, fell.single_operator) == (InstitutionState.VERIFIED, True)
    assert queries.public(session, [fell.id])[fell.id].verified_by == 1


def test_an_operator_never_judges_their_own(
    session: Session, cast: Cast, fell: Institution
) -> None:
    roles.add(session, "hub", fell.id, cast.operator.person, Role.READER)
    for decision in Decision:
        with pytest.raises(NotAllowed, match="You belong"):
            service.decide(session, cast.operator, fell.id, decision, "because")
    with pytest.raises(NotAllowed, match="You belong"):
        service.add_proof(session, cast.operator, fell.id, ProofKind.DOCUMENT_SEEN, "charter")
    service.decide(session, cast.second_operator, fell.id, Decision.VERIFY)
    assert fell.single_operator, "the only operator who may decide is alone"


def test_refusing_needs_a_reason(session: Session, cast: Cast, fell: Institution) -> None:
    for bad in ("", "  ", "x" * 201):
        with pytest.raises(Invalid):
            service.decide(session, cast.operator, fell.id, Decision.REFUSE, bad)
    service.decide(session, cast.operator, fell.id, Decision.REFUSE, "Which town are you in?")
    assert fell.state == InstitutionState.REFUSED
    assert "Which town are you in" in (service.why_not(fell) or "")


def test_a_refusal_wipes_the_yes_before_it(session: Session, cast: Cast, fell: Institution) -> None:
    service.decide(session, cast.operator, fell.id, Decision.VERIFY)
    service.decide(session, cast.second_operator, fell.id, Decision.REFUSE, "No such school")
    fell.state = REGISTERED
    session.flush()
    service.decide(session, cast.second_operator, fell.id, Decision.VERIFY)
    assert fell.state == REGISTERED
    service.decide(session, cast.operator, fell.id, Decision.VERIFY)
    assert fell.state == InstitutionState.VERIFIED


def test_suspending_and_restoring(session: Session, cast: Cast) -> None:
    row = queries.by_id(session, cast.institution)
    with pytest.raises(Invalid):
        service.decide(session, cast.operator, row.id, Decision.SUSPEND)
    service.decide(session, cast.operator, row.id, Decision.SUSPEND, "Stolen accounts")
    assert row.state == InstitutionState.SUSPENDED
    assert "Stolen accounts" in (service.why_not(row) or "")
    service.decide(session, cast.operator, row.id, Decision.RESTORE)
    assert row.state == InstitutionState.VERIFIED


ALLOWED = {
    (REGISTERED, Decision.VERIFY),
    (REGISTERED, Decision.REFUSE),
    (InstitutionState.VERIFIED, Decision.SUSPEND),
    (InstitutionState.SUSPENDED, Decision.RESTORE),
}


@pytest.mark.parametrize("state", list(InstitutionState))
@pytest.mark.parametrize("decision", list(Decision))
def test_each_decision_has_its_state(
    session: Session,
    cast: Cast,
    fell: Institution,
    state: InstitutionState,
    decision: Decision,
) -> None:
    fell.state = state
    session.flush()
    if (state, decision) in ALLOWED:
        service.decide(session, cast.operator, fell.id, decision, "because")
        assert fell.state == state or fell.state in TRANSITIONS[state]
    else:
        with pytest.raises(Conflict):
            service.decide(session, cast.operator, fell.id, decision, "because")


@pytest.mark.parametrize("who", ["administrator", "officer", "reader", "stranger"])
def test_only_operators_decide(session: Session, cast: Cast, fell: Institution, who: str) -> None:
    with pytest.raises(NotFound):
        service.decide(session, cast.everyone[who], fell.id, Decision.VERIFY)
    with pytest.raises(NotFound):
        queries.waiting(session, cast.everyone[who])
    with pytest.raises(NotFound):
        queries.get_as_operator(session, cast.everyone[who], fell.id)


def test_deciding_needs_a_step_up(session: Session, cast: Cast, fell: Institution) -> None:
    with pytest.raises(StepUpNeeded):
        service.decide(session, replace(cast.operator, stepped_up=None), fell.id, Decision.VERIFY)


def test_a_number_of_a_verified_institution_blocks(
    session: Session, cast: Cast, fell: Institution
) -> None:
    holder = queries.by_id(session, cast.institution)
    holder.register, holder.register_id = "UKPRN", "10001234"
    fell.register, fell.register_id = "UKPRN", "10001234"
    session.flush()
    with pytest.raises(Conflict, match="Heath School"):
        service.decide(session, cast.operator, fell.id, Decision.VERIFY)


def test_the_operators_list(session: Session, cast: Cast, fell: Institution) -> None:
    assert [i.id for i in queries.waiting(session, cast.operator)] == [fell.id]
    seen = {i.id for i in queries.visible(session, cast.operator)}
    assert seen == {fell.id, cast.institution, cast.other}


def test_proofs(session: Session, cast: Cast, fell: Institution) -> None:
    admin = Actor("x", "X", {fell.id: frozenset({Role.ADMINISTRATOR})})
    admin = replace(admin, person=cast.reader.person)
    service.add_proof(session, admin, fell.id, ProofKind.REGISTRY, "UKPRN 10001234")
    service.add_proof(session, admin, fell.id, ProofKind.REGISTRY, "UKPRN 10001235")
    service.add_proof(session, cast.operator, fell.id, ProofKind.DOCUMENT_SEEN, "Charter of 1901")
    assert {(p.kind.value, p.value) for p in queries.proofs(session, fell.id)} == {
        ("registry", "UKPRN 10001235"),
        ("document-seen", "Charter of 1901"),
    }
    assert fell.register_id == "10001235"
    with pytest.raises(NotFound):
        service.add_proof(session, admin, fell.id, ProofKind.DOCUMENT_SEEN, "trust me")
    with pytest.raises(Invalid):
        service.add_proof(session, admin, fell.id, ProofKind.DOMAIN_MAILBOX, "a@fell.example")
    with pytest.raises(Invalid):
        service.add_proof(session, admin, fell.id, ProofKind.REGISTRY, "10001235")
    assert fell.state == REGISTERED, "no proof verifies by itself"


def ask(session: Session, settings: Settings, cast: Cast, mail: str) -> str:
    service.ask_mailbox(session, settings, cast.administrator, cast.institution, mail)
    (sent,) = [e for e in take(session) if isinstance(e, Mail)]
    assert sent.to == mail
    found = re.search(r"\b(\d{8})\b", sent.body)
    assert found is not None
    return found[1]


def test_a_mailbox_is_proved_by_its_code(session: Session, settings: Settings, cast: Cast) -> None:
    mail = "office@heath.example"
    code = ask(session, settings, cast, mail)
    args = (session, settings, cast.administrator, cast.institution)
    wrong = "00000000" if code != "00000000" else "11111111"
    assert service.prove_mailbox(*args, mail, wrong) is None
    assert service.prove_mailbox(*args, "other@heath.example", code) is None
    assert service.prove_mailbox(*args, mail, "كود") is None
    proof = service.prove_mailbox(*args, mail, f" {code[:4]} {code[4:]}")
    assert proof is not None
    assert (proof.kind, proof.value) == (ProofKind.DOMAIN_MAILBOX, mail)


def test_a_mailbox_elsewhere_proves_nothing(
    session: Session, settings: Settings, cast: Cast
) -> None:
    with pytest.raises(Invalid):
        ask(session, settings, cast, "office@moor.example")


def test_guessing_codes_is_slowed(session: Session, settings: Settings, cast: Cast) -> None:
    args = (session, settings, cast.administrator, cast.institution, "office@heath.example")
    for _try in range(5):
        service.prove_mailbox(*args, "0")
    with pytest.raises(TooMany):
        service.prove_mailbox(*args, "0")


def test_what_others_see(session: Session, cast: Cast) -> None:
    shown = queries.public(session, [cast.institution])[cast.institution]
    assert {f.name for f in fields(PublicInstitution)} == {
        "id",
        "name",
        "kind",
        "country",
        "state",
        "verified_by",
        "domain_proved",
        "proofs",
    }
    assert (shown.name, shown.verified_by) == ("Heath School", 2)
    assert [i.id for i in queries.visible(session, cast.stranger)] == [cast.other]
    with pytest.raises(NotFound):
        queries.get(session, cast.stranger, Permission.INSTITUTION_READ, cast.institution)
    with pytest.raises(NotAllowed):
        queries.get(session, cast.instructor, Permission.INSTITUTION_READ, cast.institution)


@pytest.mark.parametrize(
    "other",
    ["HEATH SCHOOL", "Heath  School", "Heath Schооl", "Hëath School", "Heath Scho0l", "Haeth School", "Heath-School",
     "Heath Schol", "Heaths School"],
)  # fmt: skip
def test_look_alikes_are_flagged(session: Session, cast: Cast, other: str) -> None:
    row = make_institution(session, other, state=REGISTERED)
    assert [i.id for i in queries.lookalikes(session, row)] == [cast.institution]


@pytest.mark.parametrize("other", ["Heath College", "North Heath School", "Moor School", "Heath"])
def test_other_names_are_not_flagged(session: Session, cast: Cast, other: str) -> None:
    row = make_institution(session, other, state=REGISTERED)
    assert cast.institution not in [i.id for i in queries.lookalikes(session, row)]


@pytest.mark.parametrize(
    ("a", "b", "wanted"),
    [("", "", 0), ("abc", "", 3), ("abc", "abd", 1), ("abc", "acb", 1), ("kitten", "sitting", 3)],
)
def test_distance_by_hand(a: str, b: str, wanted: int) -> None:
    assert distance(a, b) == distance(b, a) == wanted


def test_short_names_must_be_the_same() -> None:
    assert not alike("MIT", "MIB")
    assert alike("MIT", "M.I.T.")
    assert skeleton("Modern") == skeleton("Modem")


def test_three_operators_still_need_two(session: Session, cast: Cast, fell: Institution) -> None:
    third = operator(session, "third")
    service.decide(session, third, fell.id, Decision.VERIFY)
    assert fell.state == REGISTERED
